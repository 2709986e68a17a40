"""Annotations, by name only.

Annotations seldom reach a program, and they reach everything: walking them would make a training step depend on the
whole of ``typing``. So they are encoded by their names and texts; a function of the user that asks for the
annotation objects themselves (``get_type_hints``) is refused in ``_impure_callables``. The dictionaries of annotations
are read in C++ (``cpp/bindings/encode_annotations.cpp``).
"""

from __future__ import annotations

import collections.abc
import enum
import functools
import gc
import types
import typing
from typing import Any

from jitserve import _core

from . import _names, _origin, _raw

_GENERIC = type(typing.List[int])  # noqa: UP006 - the class of typing's own aliases
_PARAMETERS = (typing.TypeVar, typing.ParamSpec, typing.TypeVarTuple)
_ALIASES = frozenset((types.GenericAlias, _GENERIC))
_MAX_DEPTH = 20

# Their objects say one thing for as long as they are there.
FIXED = (
    types.GenericAlias,
    types.UnionType,
    type(collections.abc.Callable[[], None]),
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
    arguments = _arguments(value) if _is_composed(kind) else ()
    tokens.begin("annotation", 2 + len(arguments))
    tokens.str_(_raw.qualname(kind))
    name = _name_of(value, kind)
    tokens.scalar(name) if type(name) is str else tokens.none()
    if kind in _PARAMETERS:
        for digest in bounds_of(value):
            tokens.digest_(digest)
    for argument in arguments if depth else ():
        emit_one(tokens, argument, depth - 1)


def _name_of(value: Any, kind: type) -> object:
    if kind is typing.ForwardRef:
        return value.__forward_arg__
    if kind in _PARAMETERS:
        return value.__name__
    if issubclass(kind, enum.Enum):  # of a `Literal`
        return (_raw.instance_dict(value) or {}).get("_name_")
    return (_raw.instance_dict(value) or {}).get("_name") if _raw.module_name(kind) == "typing" else None


def _is_composed(kind: type) -> bool:
    return kind in (types.UnionType, list, tuple) or not _ALIASES.isdisjoint(_raw.mro(kind))


def digest_of(value: object) -> bytes:
    """32 bytes over the token of one annotation."""
    tokens = _core.Tokens()
    emit_one(tokens, value)
    return tokens.finish()


def bounds_of(parameter: Any) -> tuple[bytes, ...]:
    """Digests of a type parameter's bound and constraints, or of the code that will find them: nobody must be the first
    to ask.
    """
    finders = [held for held in gc.get_referents(parameter) if type(held) is types.FunctionType]
    if finders:
        return tuple(_names.digest_of(finder.__code__) for finder in finders)
    bounds = (getattr(parameter, "__bound__", None), *getattr(parameter, "__constraints__", ()))
    return tuple(map(digest_of, bounds))


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
    if type(annotation) not in (list, tuple) and _is_composed(type(annotation)):
        return all(map(_is_name, _arguments(annotation)))
    return type(annotation) in (str, type(None))


def _arguments(value: Any) -> tuple[Any, ...]:
    if type(value) in (list, tuple):
        return tuple(value)
    if type(value) is types.UnionType:
        return tuple(value.__args__)
    if issubclass(type(value), types.GenericAlias):
        origin, arguments = (getattr(types.GenericAlias, name).__get__(value) for name in ("__origin__", "__args__"))
        return (origin, *arguments)
    namespace = _raw.instance_dict(value) or {}
    found = [namespace.get(name) for name in ("__args__", "__metadata__")]
    return (namespace.get("__origin__"), *(item for items in found if type(items) is tuple for item in items))
