"""What the global names of a function are bound to, in Python's own order: module globals, then builtins.

A name that is bound nowhere is part of the fingerprint, too (``unresolved``): defining it later changes the program.
Where a name is a module, only the values at the ends of its attribute chains count.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _by_keys, _inner_imports, _names, _raw, adapters
from ._chains import Chains, Children, Variable
from ._marker import BUILTIN, UNRESOLVED
from ._path import CELL, GLOBAL, Path, render
from ._vars import asks_of_objects

if TYPE_CHECKING:
    from ._walker import Walker

# A ``__hash__`` method may ask for hashes: nobody sees them but ``hash()``, and the order of sets, which are refused.
_HASHING = {"hash": hash, "id": id}

T = TypeVar("T")


def bindings(walker: Walker, function: types.FunctionType, path: Path, trusted: bool) -> Children:
    """The values that the global names of a function resolve to, as labelled children.

    For functions of the user's. Those of libraries come here only where an exception is made for one of their names:
    the rest is in ``cpp/bindings/encode_bindings.cpp``.
    """
    globals_, builtins = _namespaces(function, path, trusted)
    code, names = function.__code__, _names.of(function.__code__)
    if names.reads_by_name and not trusted:
        for refusal in _reader_hazards(globals_, builtins, path):
            walker.hazards.meet(refusal, code)
    children: Children = []
    module = str(globals_.get("__name__"))
    ends = Chains(walker, code, children, trusted)
    for name, chains in names.chains:
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
            children.append((BUILTIN, path, trusted))
            if _is_harmless(name, value, code):
                continue
        else:
            children.append((UNRESOLVED, path, trusted))
            continue
        ends.value(value, chains, (path, GLOBAL, name), Variable(name))
    if not trusted and names.imports:
        _add_imports(walker, function, children, path)
    _add_captured(walker, function, children, path, trusted)
    return children


def _is_harmless(name: str, value: Any, code: types.CodeType) -> bool:
    """Whether code uses a builtin, that is refused elsewhere, for nothing that matters."""
    if name in _HASHING and value is _HASHING[name]:
        return code.co_name == "__hash__"
    return value is vars and all(map(asks_of_objects, _names.of(code).codes))


def _add_imports(walker: Walker, function: types.FunctionType, children: Children, path: Path) -> None:
    """Adds what a function of the user's imports when it runs, as if its globals held it."""
    for imported in _inner_imports.of_user(function, _names.of(function.__code__)):
        if imported.value is not _inner_imports.UNTOLD:
            children.append((imported.label, path, False))
            ends = Chains(walker, function.__code__, children, False)
            ends.value(imported.value, imported.chains, (path, GLOBAL, imported.label))


def _add_captured(walker: Walker, function: types.FunctionType, children: Children, path: Path, trusted: bool) -> None:
    """Adds what a function reads of the modules that it captures, as if its globals held them; and of dictionaries that
    it asks for items only.

    Of a library's function the captured modules are among the children by themselves, too.
    """
    for name, value in _captured(function, dict) if not trusted else ():
        if _by_keys.is_read_by_keys(function, name, value):
            children.append((name, path, False))
            chains, _ = _core.uses_of_variable(function.__code__, name)
            ends = Chains(walker, function.__code__, children, False)
            ends.value(value, list(chains), (path, CELL, name), Variable(name, True))
    for name, module in _captured(function, types.ModuleType):
        chains, is_written = _core.uses_of_variable(function.__code__, name)
        if is_written and not trusted:
            refusal = Refusal(BypassReason.TRACE_SIDE_EFFECT, render(path), f"assigns to an attribute of {name}")
            walker.hazards.meet(refusal, function.__code__)
        children.append((name, path, trusted))
        ends = Chains(walker, function.__code__, children, trusted)
        kept = [chain for chain in chains if chain or not trusted]
        ends.value(module, kept, (path, CELL, name), Variable(name, True))


def _captured(function: types.FunctionType, kind: type[T]) -> Iterator[tuple[str, T]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            held = cell.cell_contents
        except ValueError:  # nothing yet
            continue
        if issubclass(type(held), kind):
            yield name, held


def _namespaces(function: Any, path: Path, trusted: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The globals and the builtins of a function."""
    globals_, builtins = function.__globals__, function.__builtins__
    if type(globals_) is not dict or type(builtins) is not dict:
        raise Refusal(BypassReason.DYNAMIC_SCOPE, render(path), "its globals are not a plain dictionary")
    # Functions that are made while it runs take the builtins of the module as they are then.
    now = globals_.get("__builtins__", builtins)
    now = _raw.module_namespace(now) if type(now) is types.ModuleType else now
    if now is not builtins and not trusted:
        raise Refusal(BypassReason.DYNAMIC_SCOPE, render(path), "its module has got other builtins than it has")
    return globals_, builtins


def _reader_hazards(globals_: dict[str, Any], builtins: dict[str, Any], path: Path) -> Iterator[Refusal]:
    """The chains take ``getattr(m, "x")`` for the attribute ``m.x``, which holds for the builtin only."""
    for name, reader in (("getattr", getattr), ("hasattr", hasattr)):
        if globals_.get(name, builtins.get(name)) is not reader:
            yield Refusal(BypassReason.DYNAMIC_MODULE_ATTR, render(path), f"{name} is not the builtin function")
