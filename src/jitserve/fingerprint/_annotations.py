"""Annotations, by name only.

Annotations seldom reach a program, and they reach everything: walking them would make a training step depend on the
whole of ``typing``. So they are encoded by their names and texts; a function of the user that asks for the
annotation objects themselves (``get_type_hints``) is refused in ``_impure_callables``. The dictionaries of annotations
are read in C++ (``cpp/bindings/encode_annotations.cpp``).
"""

from __future__ import annotations

import functools
import types
import typing
from typing import Any

from jitserve import _core

from . import _origin, _raw

_GENERIC = type(typing.List[int])  # noqa: UP006 - the class of typing's own aliases
_MAX_DEPTH = 20

# Their objects say one thing for as long as they are there.
FIXED = (
    types.GenericAlias,
    types.UnionType,
    *(kind for kind in vars(typing).values() if type(kind) is type and kind.__module__ == "typing"),
)


def emit_one(tokens: _core.Tokens, value: Any, depth: int = _MAX_DEPTH) -> None:
    """A shallow token of one annotation."""
    kind = type(value)
    if tokens.scalar(value):
        return
    if issubclass(kind, type):
        tokens.begin("annotation class", 2)
        tokens.str_(_raw.module_name(value))
        tokens.str_(_raw.qualname(value))
        return
    arguments = _arguments(value) if kind in (types.GenericAlias, types.UnionType, _GENERIC, list, tuple) else ()
    tokens.begin("annotation", 2 + len(arguments))
    tokens.str_(_raw.qualname(kind))
    name = (_raw.instance_dict(value) or {}).get("_name") if _raw.module_name(kind) == "typing" else None
    tokens.scalar(name) if type(name) is str else tokens.none()
    if kind is typing.ForwardRef:
        tokens.scalar(value.__forward_arg__)
    for argument in arguments if depth else ():
        emit_one(tokens, argument, depth - 1)


def digest_of(value: object) -> bytes:
    """32 bytes over the token of one annotation."""
    tokens = _core.Tokens()
    emit_one(tokens, value)
    return tokens.finish()


def is_told_by_name(obj: object) -> bool:
    """Whether the signature of a function shows nothing but what its tokens say: no class whose contents may differ."""
    while type(obj) in (types.MethodType, functools.partial):
        obj = obj.__func__ if type(obj) is types.MethodType else obj.func  # type: ignore[attr-defined]
    if type(obj) is not types.FunctionType or "__signature__" in obj.__dict__:
        return False
    wrapped = obj.__dict__.get("__wrapped__")
    return all(map(_is_name, obj.__annotations__.values())) and (wrapped is None or is_told_by_name(wrapped))


def _is_name(annotation: object) -> bool:
    if issubclass(type(annotation), type):
        return _origin.of_class(annotation) is not _origin.Origin.USER  # type: ignore[arg-type]
    if type(annotation) in (types.GenericAlias, types.UnionType, _GENERIC):
        return all(map(_is_name, _arguments(annotation)))
    return type(annotation) in (str, type(None))


def _arguments(value: Any) -> tuple[Any, ...]:
    if type(value) in (list, tuple):
        return tuple(value)
    if type(value) is types.UnionType:
        return tuple(value.__args__)
    if type(value) is types.GenericAlias:
        return (value.__origin__, *value.__args__)
    namespace = _raw.instance_dict(value) or {}
    arguments = namespace.get("__args__")
    return (namespace.get("__origin__"), *(arguments if type(arguments) is tuple else ()))
