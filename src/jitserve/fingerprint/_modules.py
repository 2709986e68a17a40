"""Modules as values, and attributes that a module does not have.

A module that is handed around can be read in ways that its bytecode does not show (``getattr(module, name)``). For an
opaque module that is fine, apart from what somebody has put into it: JAX's own contents are in the key as a whole.
Of a library's module it counts what is bound under its names. For a module of the user it is refused.
"""

from __future__ import annotations

import collections
import sys
import types
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _origin, _raw, _static
from ._loading import origin_of
from ._origin import Origin
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_SIMPLE = (bool, int, float, complex, str, bytes, bytearray, range, slice, type(None), type(...))
_SCALARS = frozenset(map(id, _SIMPLE))  # a class that is asked for its hash may answer with code of the user's
_CONTAINERS: tuple[Any, ...] = (tuple, list, set, frozenset, collections.deque)
_DEEPEST = 8
# By these, a module can be read and written without its names.
_OF_EVERY_MODULE = frozenset(("__delattr__", "__dir__", "__getattribute__", "__reduce_ex__", "__setattr__"))
_MACHINERY = frozenset(("__name__", "__doc__", "__file__", "__cached__", "__path__", "__loader__", "__package__"))


def encode_module(walker: Walker, obj: types.ModuleType, path: Path, trusted: bool) -> None:
    if not walker.number(obj, path):
        return
    if trusted:
        _check_held(obj, path)
    else:
        check_value(obj, path)
        if origin_of(obj) is Origin.LIBRARY:
            walker.tokens.begin("names of a library module", 1)
            walker.tokens.digest_(_core.names_digest(obj))
    overlay = [] if trusted else _overlay(obj, path, trusted)
    walker.tokens.begin("module", 2)
    walker.tokens.str_(str(_raw.module_namespace(obj).get("__name__")))
    walker.tokens.int_(len(overlay))
    walker.push(overlay)


def check_value(module: types.ModuleType, path: Path) -> None:
    """Refuses a module that code of the user hands around, when that makes anything possible."""
    if origin_of(module) is Origin.USER:
        raise Refusal(
            BypassReason.DYNAMIC_MODULE_ATTR,
            render(path),
            "the module itself is used as a value, so that any of its attributes may be read; name them in the code",
        )
    _static.check_module(str(_raw.module_namespace(module).get("__name__")), path)


def _check_held(module: types.ModuleType, path: Path) -> None:
    """Refuses a module of the user that a library holds, and may hand to code of the user. Others that are no module of
    their own name are what libraries make of modules that they load later.
    """
    name = _raw.module_namespace(module).get("__name__")
    if type(name) is str and sys.modules.get(name) is module and origin_of(module) is Origin.USER:
        check_value(module, path)


def _overlay(module: types.ModuleType, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """What is in a module that its files do not determine: patched functions, and plain settings."""
    children: list[tuple[Any, Path, bool]] = []
    own = (origin_of(module), Origin.OPAQUE)
    for name, value in sorted(_raw.module_namespace(module).items()):
        if name not in _MACHINERY and (_is_plain(name, value) or _is_foreign(value, own) or _is_array(value)):
            children.append((name, path, trusted))
            children.append((value, (path, ATTR, name), trusted))
    return children


def _is_foreign(value: Any, own: tuple[Origin, ...]) -> bool:
    if type(value) is types.FunctionType:
        return _origin.of_function(value) not in own
    cls = value if type(value) is type else type(value)
    return _raw.is_heap_type(cls) and _origin.of_class(cls) is Origin.USER


def _is_array(value: Any) -> bool:
    return type(value) is np.ndarray or isinstance(value, jax.Array)


def _is_plain(name: str, value: Any) -> bool:
    return name != "__all__" and _is_data(value, _DEEPEST)  # NumPy makes its own of a set


def _is_data(value: Any, depth: int) -> bool:
    """Whether a value consists of nothing but numbers, texts, arrays and containers of such."""
    kind = type(value)
    if id(kind) in _SCALARS or issubclass(kind, np.generic | np.dtype) or _is_array(value):
        return True
    items = _items(value, kind)
    return items is not None and depth > 0 and all(_is_data(item, depth - 1) for item in items)


def _items(value: Any, kind: type) -> list[Any] | None:
    """What a container holds, past what a class of the user's makes of it; None for what is no container."""
    if issubclass(kind, dict):
        return [*dict.keys(value), *dict.values(value)]
    for base in _CONTAINERS:
        if issubclass(kind, base):
            return list(base.__iter__(value))
    return list(vars(value).values()) if kind is types.SimpleNamespace else None


def check_missing(module: types.ModuleType, name: str, path: Path, trusted: bool) -> None:
    """Refuses an attribute that the user's code computes on the fly (PEP 562, or a subclass of the module type)."""
    if name == "__dict__" and not trusted:
        raise Refusal(
            BypassReason.DYNAMIC_MODULE_ATTR,
            render(path),
            "reads a module's namespace; name the attributes in the code",
        )
    if not trusted and name in _OF_EVERY_MODULE:
        raise Refusal(
            BypassReason.DYNAMIC_MODULE_ATTR,
            render(path),
            f"reads a module's {name}, by which any of its attributes may be read; name them in the code",
        )
    dynamic = "__getattr__" in _raw.module_namespace(module) or type(module) is not types.ModuleType
    if dynamic and not trusted and origin_of(module) is Origin.USER:
        raise Refusal(
            BypassReason.DYNAMIC_MODULE_ATTR, render(path), f"the module computes {name!r} in its own __getattr__"
        )


def check_class(module: types.ModuleType, name: str, path: Path) -> None:
    """Refuses an attribute that the class of a module answers for before the module does."""
    for kind in _raw.mro(type(module)):
        if kind is types.ModuleType:
            return
        names = _raw.namespace(kind)
        if name in names or "__getattribute__" in names:
            raise Refusal(
                BypassReason.DYNAMIC_MODULE_ATTR,
                render(path),
                f"the module's class, {_raw.qualname(kind)}, has a say in what {name!r} is",
            )
