"""Functions and classes as a person tells them apart: by qualified name, constants and the names that they use."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

from . import _names, _origin, _raw
from ._origin import Origin
from ._text import shorten

_LIMIT = 200  # details of one definition


def is_definition(obj: object) -> bool:
    """Whether ``obj`` is a function or class that the walk reads, and does not only name."""
    if type(obj) is types.FunctionType:
        return _origin.of_function(obj) is not Origin.OPAQUE
    return issubclass(type(obj), type) and _origin.of_class(obj) is not Origin.OPAQUE  # type: ignore[arg-type]


def is_library(obj: Any) -> bool:
    """Whether a function or class came with an installed library."""
    origin = _origin.of_function(obj) if type(obj) is types.FunctionType else _origin.of_class(obj)
    return origin is Origin.LIBRARY


def is_generated(obj: object) -> bool:
    """Whether a function was made from text, as the methods of named tuples and dataclasses are."""
    return type(obj) is types.FunctionType and obj.__code__.co_filename.startswith("<")


def module_of(obj: Any) -> str:
    """The module that a function or class says it is from."""
    module = obj.__module__ if type(obj) is types.FunctionType else _raw.module_name(obj)
    return module if type(module) is str else "?"


def name_of(obj: Any) -> str:
    """``module.qualname`` of a function or class."""
    qualname = obj.__qualname__ if type(obj) is types.FunctionType else _raw.qualname(obj)
    return f"{module_of(obj)}.{qualname}"


def details_of(obj: object) -> list[str]:
    """What can be said about a function beside its digest: its constants, and the global names that it uses.

    Two versions of a function are compared by these lines, so that the difference can be shown.
    """
    if type(obj) is not types.FunctionType:
        return []
    constants = [f"constant {shorten(repr(value))}" for value in _constants(obj.__code__)]
    names = [f"name {'.'.join((name, *chain))}" for name, chains in _names.of(obj.__code__).chains for chain in chains]
    return (constants + names)[:_LIMIT]


def _constants(code: types.CodeType) -> Iterator[object]:
    """The constants of a code object and of the code nested in it, in order, without docstrings."""
    constants = code.co_consts
    # Of a function the first constant is the docstring, or None where it has none.
    is_function = bool(code.co_flags & _NEW_LOCALS) and not code.co_name.startswith("<")
    for value in constants[1:] if is_function and constants and type(constants[0]) is str else constants:
        if type(value) is types.CodeType:
            yield from _constants(value)
        elif value is not None:
            yield value


_NEW_LOCALS = 0x2
