"""Encoders of callables: functions, methods, partial applications, and the descriptors that wrap functions.

A function is its code, its defaults, its closure, its attributes, and what its global names are bound to *now*:
``cpp/bindings/encode_function.cpp``. Here is what is rare, and what refuses.
"""

from __future__ import annotations

import functools
import gc
import types
from typing import TYPE_CHECKING, Any

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _names, _origin, _raw, _set_uses, _signatures, _static, adapters
from ._names import Names
from ._origin import Origin
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

# Methods that the dataclass decorator writes. They hand fields on and compare them, and see no order of theirs.
_DATACLASS_METHOD = "__create_fn__.<locals>."
_GENERATED_FILES = tuple(adapters.GENERATED)

# Attributes of functions that describe them, and that no program depends on unless it asks for them by name.
DESCRIPTIVE = frozenset(("__doc__", "__signature__", "__text_signature__"))
# What every memo takes from the function behind it.
_TAKEN_BY_MEMOS = frozenset((*functools.WRAPPER_ASSIGNMENTS, "__type_params__"))
_ABSENT = object()
_BOUNDS_OF_MEMOS = tuple(memo(len).cache_parameters.__code__ for memo in (functools.lru_cache, functools.lru_cache(2)))


def meet_user_code(walker: Walker, obj: types.FunctionType, names: Names, path: Path) -> None:
    """Notes what a function of the user's must not do while it is traced, before its tokens are emitted."""
    for refusal in _static.code_hazards(obj, names, path):
        walker.hazards.meet(refusal, obj.__code__)
    code = obj.__code__
    if not code.co_qualname.startswith(_DATACLASS_METHOD) and not code.co_filename.startswith(_GENERATED_FILES):
        if names.makes_set and not _set_uses.names_what_it_seems(obj):
            names = names._replace(builds_set=True)
        walker.order.saw_code(names, obj, path)


SINGLE_DISPATCH = functools.singledispatch(lambda value: value).__code__  # type: ignore[attr-defined]


def attributes(
    walker: Walker, namespace: dict[str, Any] | None, path: Path, trusted: bool
) -> list[tuple[Any, Path, bool]]:
    """The attributes that somebody has set on a callable, as labelled children."""
    children: list[tuple[Any, Path, bool]] = []
    for name, value in dict.items(namespace or {}):
        known = name in DESCRIPTIVE or name == "__annotations__"
        for counts in _signatures.told_of(walker, name, value) if known else (value,):
            children.append((name, path, trusted))
            children.append((counts, (path, ATTR, name), trusted))
    return children


def encode_partial(walker: Walker, obj: functools.partial[Any], path: Path, trusted: bool) -> None:
    if walker.number(obj, path):
        walker.tokens.begin("partial", 4)
        walker.push(partial_contents(walker, obj, path, trusted))


def partial_contents(walker: Walker, obj: Any, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """Function, arguments and attributes of a partial application (also of an instance of a subclass)."""
    parts = [(name, getattr(functools.partial, name).__get__(obj)) for name in ("func", "args", "keywords")]
    trusted = trusted and _is_of_library(walker, parts[0][1])
    children = [(value, (path, ATTR, name), trusted) for name, value in parts]
    namespace = _raw.instance_dict(obj)
    if type(namespace) is dict and not namespace:
        walker.share_in_part(namespace, obj)
        namespace = None
    return [*children, (namespace, path, trusted)]


def is_users(value: Any) -> bool:
    """Whether something is a function of the user's."""
    return type(value) is types.FunctionType and _origin.of_function(value) is Origin.USER


def _is_of_library(walker: Walker, function: Any) -> bool:
    """Whether what a partial application hands its arguments to is no function of the user's, and closes over none."""
    while type(function) is functools.partial:
        function = functools.partial.func.__get__(function)
    if type(function) is not types.FunctionType:
        return type(function) is types.BuiltinFunctionType
    origin = _origin.of_function(function)
    at_home = origin is Origin.OPAQUE and walker.is_at_home(function, function.__module__, function.__qualname__)
    return at_home or origin is Origin.LIBRARY


def encode_lru_cache(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A memo: the function behind it, its bounds and attributes, not what it has remembered (``MEMO_PREWARMED``)."""
    if not walker.number(obj, path):
        return
    namespace = _raw.instance_dict(obj) or {}
    wrapped, parameters = namespace.get("__wrapped__"), namespace.get("cache_parameters")
    if not trusted and not any(held is wrapped for held in gc.get_referents(obj)):
        detail = "a memo of something else than its __wrapped__ says; make it of the function itself"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), detail)
    walker.share_in_part(namespace, obj)
    walker.remembering.append(obj)
    if type(wrapped) is not types.FunctionType or _origin.of_function(wrapped) is Origin.USER:
        walker.memos.append((obj, path))
    tells_bounds = type(parameters) is types.FunctionType and parameters.__code__ in _BOUNDS_OF_MEMOS
    bounds = parameters() if tells_bounds else None  # type: ignore[misc]
    known = {"__wrapped__", "cache_parameters"} if tells_bounds else {"__wrapped__"}
    known.update(name for name in _TAKEN_BY_MEMOS & namespace.keys() if _is_of(wrapped, name, namespace[name]))
    added = attributes(walker, {name: namespace[name] for name in namespace if name not in known}, path, trusted)
    walker.tokens.begin("lru_cache", 2 + len(added))
    walker.push([(wrapped, (path, ATTR, "__wrapped__"), trusted), (bounds, path, trusted), *added])


def _is_of(function: object, name: str, value: object) -> bool:
    """Whether a function's own attribute is that very value."""
    return type(function) is types.FunctionType and getattr(function, name, _ABSENT) is value


def encode_code(walker: Walker, obj: types.CodeType, path: Path, trusted: bool) -> None:
    walker.cover(obj, _names.of(obj).codes, path)
    walker.tokens.begin("code", 1)
    walker.tokens.digest_(_names.of(obj).digest)


ENCODERS = {
    types.FunctionType: _core.encode_function,
    types.CellType: _core.encode_cell,
    types.MethodType: _core.encode_method,
    functools.partial: encode_partial,
    staticmethod: _core.encode_wrapper,
    classmethod: _core.encode_wrapper,
    property: _core.encode_property,
    functools._lru_cache_wrapper: encode_lru_cache,
    types.CodeType: encode_code,
}
