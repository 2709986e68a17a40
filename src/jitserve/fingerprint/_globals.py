"""What the global names of a function are bound to, in Python's own order: module globals, then builtins.

A name that is bound nowhere is part of the fingerprint, too (``unresolved``): defining it later changes the program.
Where a name is a module, only the values at the ends of its attribute chains count.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _modules, _names, _raw, _static, adapters
from ._path import ATTR, GLOBAL, Path, render

if TYPE_CHECKING:
    from ._walk import Walker

# A ``__hash__`` method may ask for hashes: nobody sees them but ``hash()``, and the order of sets, which are refused.
_HASHING = {"hash": hash, "id": id}

Children = list[tuple[Any, Path, bool]]


class Marker:
    """Stands among the children for something that is no value, and that no value of the user's must look like."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


_BUILTIN, UNRESOLVED, MISSING = Marker("builtin"), Marker("unresolved"), Marker("missing")


def encode_marker(walker: Walker, obj: Marker, path: Path, trusted: bool) -> None:
    walker.tokens.begin("marker", 1)
    walker.tokens.str_(obj.name)


ENCODERS = {Marker: encode_marker}


def bindings(walker: Walker, function: types.FunctionType, path: Path, trusted: bool) -> Children:
    """The values that the global names of a function resolve to, as labelled children."""
    globals_ = function.__globals__
    builtins = function.__builtins__  # type: ignore[attr-defined]
    if type(globals_) is not dict or type(builtins) is not dict:
        raise Refusal(BypassReason.DYNAMIC_SCOPE, render(path), "its globals are not a plain dictionary")
    if _names.of(function.__code__).reads_by_name and not trusted:
        _check_readers(globals_, builtins, path)
    children: Children = []
    module = str(globals_.get("__name__"))
    for name, chains in _names.chains_of(function.__code__):
        children.append((name, path, trusted))
        if trusted and (module, name) in adapters.REGISTRIES and type(globals_.get(name)) is dict:
            walker.registries.saw_table(globals_[name], (path, GLOBAL, name))
            continue
        if trusted and (module, name) in adapters.COUNTERS:
            continue
        if name in globals_:
            value = globals_[name]
        elif name in builtins:
            value = builtins[name]
            children.append((_BUILTIN, path, trusted))
            if name in _HASHING and value is _HASHING[name] and function.__code__.co_name == "__hash__":
                continue
        else:
            children.append((UNRESOLVED, path, trusted))
            continue
        _value(children, value, chains, (path, GLOBAL, name), trusted)
    return children


def _check_readers(globals_: dict[str, Any], builtins: dict[str, Any], path: Path) -> None:
    """The chains take ``getattr(m, "x")`` for the attribute ``m.x``, which holds for the builtin only."""
    for name, reader in (("getattr", getattr), ("hasattr", hasattr)):
        if globals_.get(name, builtins.get(name)) is not reader:
            raise Refusal(BypassReason.DYNAMIC_MODULE_ATTR, render(path), f"{name} is not the builtin function")


def _value(children: Children, value: Any, chains: list[_names.Chain], path: Path, trusted: bool) -> None:
    if not issubclass(type(value), types.ModuleType):
        if not trusted:
            _static.check_chains(value, chains, path)
        children.append((value, path, trusted))
        return
    for chain in chains:
        _follow(children, value, chain, path, trusted)


def _follow(children: Children, module: types.ModuleType, chain: _names.Chain, path: Path, trusted: bool) -> None:
    """Walks one attribute chain for as long as it runs through modules, and adds what stands at its end."""
    value: Any = module
    for i, name in enumerate(chain):
        if not issubclass(type(value), types.ModuleType):
            if not trusted:
                _static.check_chains(value, [chain[i:]], path)
            break
        children.append((name, path, trusted))
        namespace = _raw.module_namespace(value)
        path = (path, ATTR, name)
        if name not in namespace and not _modules.load_lazily(value, name):
            _modules.check_missing(value, name, path, trusted)
            children.append((MISSING, path, trusted))
            return
        value = namespace[name]
    children.append((value, path, trusted))
