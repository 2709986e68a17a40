"""Functions and classes as a person tells them apart: by qualified name, constants and the names that they use."""

from __future__ import annotations

import dis
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
    """What can be said about a function beside its digest: its constants, the global names that it uses, its operators,
    and the attributes that it reads of what is not global.

    Two versions of a function are compared by these lines, so that the difference can be shown.
    """
    if type(obj) is not types.FunctionType:
        return []
    constants = [f"constant {shorten(repr(value))}" for value in _constants(obj.__code__)]
    found = _names.of(obj.__code__)
    names = [f"name {'.'.join((name, *chain))}" for name, chains in found.chains for chain in chains]
    steps = [line for code in found.codes for line in _steps(code)]
    return (constants + names + sorted(steps, key=_kind))[:_LIMIT]


def _steps(code: types.CodeType) -> Iterator[str]:
    """What code does with its values, instruction by instruction."""
    of_global = False
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        is_attribute = name in _ATTRIBUTES
        if is_attribute and not of_global:
            yield f"attribute {instruction.argval}"
        elif name in ("BINARY_OP", "COMPARE_OP"):
            yield f"operator {instruction.argrepr.removeprefix('bool(').removesuffix(')')}"
        elif name in _OPERATORS:
            yield f"operator {_OPERATORS[name][instruction.arg == 1]}"
        of_global = name in _GLOBALS or (of_global and (is_attribute or name == "EXTENDED_ARG"))


def _kind(line: str) -> str:
    return line.partition(" ")[0]


_ATTRIBUTES, _GLOBALS = frozenset(("LOAD_ATTR", "LOAD_METHOD")), frozenset(("LOAD_GLOBAL", "LOAD_NAME"))
# By whether the argument is 1.
_OPERATORS = {
    "CONTAINS_OP": ("in", "not in"),
    "IS_OP": ("is", "is not"),
    "UNARY_INVERT": ("~", "~"),
    "UNARY_NEGATIVE": ("-", "-"),
    "UNARY_NOT": ("not", "not"),
}


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
