"""Encoders of callables: functions, methods, partial applications, and the descriptors that wrap functions.

A function is its code, its defaults, its closure, its attributes, and what its global names are bound to *now*.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

from . import _annotations, _globals, _inner_imports, _names, _origin, _pruning, _raw, _static
from ._origin import Origin
from ._path import ATTR, CELL, DEFAULT, KWDEFAULT, Path

if TYPE_CHECKING:
    from ._walk import Walker

# Methods that the dataclass decorator writes. They hand fields on and compare them, and see no order of theirs.
_DATACLASS_METHOD = "__create_fn__.<locals>."

# Attributes of functions that describe them, and that no program depends on unless it asks for them by name.
DESCRIPTIVE = frozenset(("__doc__", "__signature__", "__text_signature__"))


def encode_function(walker: Walker, obj: types.FunctionType, path: Path, trusted: bool) -> None:
    if not walker.number(obj, path):
        return
    origin = _origin.of_function(obj)
    if origin is Origin.OPAQUE:
        _opaque_function(walker, obj, path, trusted)
        return
    trusted = origin is Origin.LIBRARY
    if walker.footprint is not None and _pruning.is_pruned(obj, walker.footprint):
        _bystander(walker, obj, path, trusted)
        return
    names = _names.of(obj.__code__)
    walker.cover(obj.__code__, names.codes, path)
    if not trusted:
        for refusal in _static.code_hazards(obj, names, path):
            walker.hazards.meet(refusal, obj.__code__)
        if not obj.__code__.co_qualname.startswith(_DATACLASS_METHOD):
            walker.order.saw_code(names, obj.__code__, path)
    _head(walker, "function", obj, names.digest)
    children = state(obj, path, trusted)
    _annotations.emit(walker, obj.__annotations__)
    children += _globals.bindings(walker, obj, path, trusted)
    if trusted:
        children += _inner_imports.values(obj, names, path)
    walker.tokens.int_(len(children))
    walker.push(children)


def _bystander(walker: Walker, obj: types.FunctionType, path: Path, trusted: bool) -> None:
    """A function that an equal trace does not run: what can be seen of it without running it."""
    _head(walker, "function that does not run", obj, _pruning.parameters_of(obj.__code__))
    children = _defaults(obj, path, trusted) + attributes(obj.__dict__, path, trusted)
    _annotations.emit(walker, obj.__annotations__)
    walker.tokens.int_(len(children))
    walker.push(children)


def _opaque_function(walker: Walker, obj: types.FunctionType, path: Path, trusted: bool) -> None:
    """A function of JAX, numpy or the standard library: named by its code; what it closes over may be the user's."""
    if not trusted:
        _static.check_opaque(obj, obj.__module__, obj.__qualname__, path)
    _head(walker, "opaque function", obj, _names.digest_of(obj.__code__))
    # Only an opaque module vouches for it: ``@jax.vmap`` gives its wrapper the name of what it wraps, in a module of
    # the user, and closes over the user's function.
    named = _origin.is_at_home(obj, obj.__module__, obj.__qualname__)
    at_home = named and _origin.of_module(obj.__module__) is Origin.OPAQUE
    children = [] if at_home else _opaque_state(obj, path, trusted)
    walker.tokens.int_(len(children))
    walker.push(children)


def _opaque_state(obj: types.FunctionType, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    registry = getattr(obj, "registry", None)
    if obj.__code__ is _SINGLEDISPATCH and type(registry) is types.MappingProxyType:
        return [(registry, (path, ATTR, "registry"), trusted)]  # beside it there are only caches
    return state(obj, path, trusted)


_SINGLEDISPATCH = functools.singledispatch(lambda value: value).__code__  # type: ignore[attr-defined]


def _head(walker: Walker, tag: str, obj: types.FunctionType, digest: bytes) -> None:
    tokens = walker.tokens
    tokens.begin(tag, 4)
    tokens.digest_(digest)
    for text in (obj.__name__, obj.__qualname__, obj.__module__):
        if not tokens.scalar(text):
            tokens.none()


def state(obj: types.FunctionType, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """What a function holds besides its code: defaults, closure and attributes, as labelled children."""
    children = _defaults(obj, path, trusted)
    if obj.__closure__:
        children.append(("__closure__", path, trusted))
        pairs = zip(obj.__code__.co_freevars, obj.__closure__, strict=True)
        children += [(cell, (path, CELL, name), trusted) for name, cell in pairs]
    return children + attributes(obj.__dict__, path, trusted)


def _defaults(obj: types.FunctionType, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """The defaults of a function's parameters, as labelled children."""
    children: list[tuple[Any, Path, bool]] = []
    defaults, kwdefaults = obj.__defaults__, obj.__kwdefaults__
    if defaults:
        children.append(("__defaults__", path, trusted))
        children.append((len(defaults), path, trusted))
        first = obj.__code__.co_argcount - len(defaults)
        parameters = obj.__code__.co_varnames[first : obj.__code__.co_argcount] if first >= 0 else range(len(defaults))
        children += [(value, (path, DEFAULT, name), trusted) for name, value in zip(parameters, defaults, strict=True)]
    if kwdefaults:
        children.append(("__kwdefaults__", path, trusted))
        children.append((len(kwdefaults), path, trusted))
        for name, value in dict.items(kwdefaults):
            children.append((name, path, trusted))
            children.append((value, (path, KWDEFAULT, name), trusted))
    return children


def attributes(namespace: dict[str, Any] | None, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """The attributes that somebody has set on a callable, as labelled children."""
    children: list[tuple[Any, Path, bool]] = []
    for name, value in dict.items(namespace or {}):
        if name not in DESCRIPTIVE and name != "__annotations__":
            children.append((name, path, trusted))
            children.append((value, (path, ATTR, name), trusted))
    return children


def encode_cell(walker: Walker, obj: types.CellType, path: Path, trusted: bool) -> None:
    if not walker.number(obj, path):
        return
    try:
        content = obj.cell_contents
    except ValueError:
        walker.tokens.begin("empty cell", 0)
        return
    walker.tokens.begin("cell", 1)
    walker.push([(content, path, trusted)])


def encode_method(walker: Walker, obj: types.MethodType, path: Path, trusted: bool) -> None:
    # Numbered, so that the result's tree can refer to it: a flax TrainState carries one as auxiliary data.
    if not walker.number(obj, path):
        return
    walker.tokens.begin("bound method", 2)
    function, owner = obj.__func__, obj.__self__
    walker.push([(owner, (path, ATTR, "__self__"), trusted), (function, (path, ATTR, "__func__"), trusted)])


def encode_partial(walker: Walker, obj: functools.partial[Any], path: Path, trusted: bool) -> None:
    if walker.number(obj, path):
        walker.tokens.begin("partial", 4)
        walker.push(partial_contents(walker, obj, path, trusted))


def partial_contents(walker: Walker, obj: Any, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """Function, arguments and attributes of a partial application (also of an instance of a subclass)."""
    parts = [(name, getattr(functools.partial, name).__get__(obj)) for name in ("func", "args", "keywords")]
    children = [(value, (path, ATTR, name), trusted) for name, value in parts]
    return [*children, (_raw.instance_dict(obj) or None, path, trusted)]


def encode_wrapper(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """``staticmethod``, ``classmethod``: what they wrap."""
    walker.tokens.begin(type(obj).__name__, 1)
    walker.push([(obj.__func__, path, trusted)])


def encode_property(walker: Walker, obj: property, path: Path, trusted: bool) -> None:
    walker.tokens.begin("property", 3)
    walker.push([(part, path, trusted) for part in (obj.fget, obj.fset, obj.fdel)])


def encode_lru_cache(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A memo: the function behind it and its bounds, not what it has remembered (see ``MEMO_PREWARMED``)."""
    if not walker.number(obj, path):
        return
    namespace = _raw.instance_dict(obj) or {}
    wrapped, parameters = namespace.get("__wrapped__"), namespace.get("cache_parameters")
    walker.remembering.append(obj)
    if type(wrapped) is not types.FunctionType or _origin.of_function(wrapped) is Origin.USER:
        walker.memos.append((obj, path))
    bounds = parameters() if type(parameters) is types.FunctionType and _is_stdlib(parameters) else None
    walker.tokens.begin("lru_cache", 2)
    walker.push([(wrapped, (path, ATTR, "__wrapped__"), trusted), (bounds, path, trusted)])


def _is_stdlib(function: types.FunctionType) -> bool:
    return _origin.of_function(function) is Origin.OPAQUE


def encode_code(walker: Walker, obj: types.CodeType, path: Path, trusted: bool) -> None:
    walker.cover(obj, _names.of(obj).codes, path)
    walker.tokens.begin("code", 1)
    walker.tokens.digest_(_names.of(obj).digest)


ENCODERS = {
    types.FunctionType: encode_function,
    types.CellType: encode_cell,
    types.MethodType: encode_method,
    functools.partial: encode_partial,
    staticmethod: encode_wrapper,
    classmethod: encode_wrapper,
    property: encode_property,
    functools._lru_cache_wrapper: encode_lru_cache,
    types.CodeType: encode_code,
}
