"""Which encoder an object gets, by its type alone."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jitserve import _core

from . import (
    _arrays,
    _builtins,
    _class_memo,
    _containers,
    _functions,
    _instances,
    _jax_values,
    _listeners,
    _marker,
    _modules,
    _origin,
    _raw,
    _stdlib_values,
    _waived,
)
from ._path import Path

if TYPE_CHECKING:
    from ._walker import Walker

Encoder = Callable[["Walker", Any, Path, bool], None]

_TABLES: tuple[Mapping[Any, Any], ...] = (
    _containers.ENCODERS,
    _functions.ENCODERS,
    _marker.ENCODERS,
    _builtins.ENCODERS,
    _arrays.ENCODERS,
    _stdlib_values.ENCODERS,
    _instances.ENCODERS,
    _waived.ENCODERS,
)
_EXACT: dict[int, Encoder] = {id(cls): encoder for table in _TABLES for cls, encoder in table.items()}

_of_jax: dict[int, tuple[type, Encoder]] = {}  # classes of JAX that were found by name, by their ids; kept alive here

# Built-in bases whose subclasses need more than the generic reading of an instance.
_BASES: tuple[tuple[type, Encoder], ...] = (
    (type, _core.encode_class),
    (types.ModuleType, _modules.encode_module),
    (logging.Logger, _listeners.encode_logger),
    (np.dtype, _arrays.encode_dtype),
    (np.generic, _arrays.encode_scalar),
    (np.ndarray, _arrays.encode_numpy),
)


def encoder_of(cls: type) -> Encoder:
    """The encoder of the instances of a class. Depends on nothing but the class, and what is registered for it."""
    registered = _waived.registered(cls)
    if registered is not None:
        return registered
    exact = _EXACT.get(id(cls))
    if exact is not None:
        return exact
    of_jax = _of_jax.get(id(cls))
    return of_jax[1] if of_jax is not None else _by_bases.of(cls) or _by_name(cls)


def _encoder_by_bases(cls: type) -> Encoder | None:
    """None: the class, or one that it is made from, is called as a class of JAX that has an encoder of its own."""
    for base, encoder in _BASES:
        if issubclass(cls, base):
            return encoder
    return None if any(_named(kind) in _jax_values.BY_NAME for kind in _raw.mro(cls)) else _core.encode_instance


_by_bases = _class_memo.ClassMemo(_encoder_by_bases)


def _by_name(cls: type) -> Encoder:
    for kind in _raw.mro(cls):
        named = _jax_values.BY_NAME.get(_named(kind))
        if named is not None and _origin.of_class(kind) is _origin.Origin.OPAQUE:
            if kind is cls:
                _of_jax[id(cls)] = cls, named
            return named
    return _core.encode_instance


def _named(cls: type) -> str:
    return f"{_raw.module_name(cls)}.{_raw.qualname(cls)}"
