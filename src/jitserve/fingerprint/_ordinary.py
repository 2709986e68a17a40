"""Ordinary classes: instances are nothing but attributes, and code that goes through those is seen to run."""

from __future__ import annotations

import abc
import functools
import sys
import typing
from typing import Any

from jitserve import _core, _jax

from . import _origin, _raw
from ._class_memo import ClassMemo
from ._origin import Origin

# What lets somebody go through the attributes of an instance, or computes them.
_HOOKS = frozenset(
    (
        *("__getattr__", "__getattribute__", "__dir__", "__slots__", "__reduce__", "__reduce_ex__", "__getstate__"),
        *("__setstate__", "__copy__", "__deepcopy__", "__sizeof__", "__getnewargs__", "__getnewargs_ex__"),
        *("__attrs_attrs__", "tree_flatten", "tree_flatten_with_keys"),
    )
)
_BASES = (object, abc.ABC, typing.Generic)


def is_ordinary(cls: type) -> bool:
    """Whether the instances of a class are nothing but attributes, which only code goes through that is seen to run."""
    return _ORDINARY.of(cls) and not _jax.flatten_functions(cls)


def _is_ordinary(cls: type) -> bool:
    if type(cls) is not type and type(cls) is not abc.ABCMeta:
        return False
    if cls is getattr(sys.modules.get("argparse"), "Namespace", None):
        return True
    own = [kind for kind in _raw.mro(cls) if not any(kind is base for base in _BASES)]
    return all(_origin.of_class(kind) is Origin.USER and _has_ordinary_names(kind) for kind in own)


def _has_ordinary_names(kind: type) -> bool:
    names = _raw.namespace(kind)
    keeps_dict = type(names.get("__dict__", _GETSET)) is type(_GETSET)
    return keeps_dict and _HOOKS.isdisjoint(names) and all(_binds_as_ever(value) for value in names.values())


def _binds_as_ever(value: Any) -> bool:
    """Whether a value in a class hands instances to nobody, or only to functions that are seen to run."""
    cls = type(value)
    if any(cls is known for known in _BINDERS) or not _raw.is_heap_type(cls) or _raw.module_name(cls) == _JAXLIB:
        return True
    return not any("__get__" in _raw.namespace(kind) for kind in _raw.mro(cls))


_JAXLIB = "jaxlib._jax"  # jitted methods
_BINDERS = (functools.cached_property, functools._lru_cache_wrapper)
_GETSET = type.__dict__["__dict__"]
_ORDINARY = ClassMemo(_is_ordinary, _core.present_class_version)  # the walk of a class must not show in it
