"""What the global names of a function are bound to, in Python's own order: module globals, then builtins.

A name that is bound nowhere is part of the fingerprint, too (``unresolved``): defining it later changes the program.
Where a name is a module, only the values at the ends of its attribute chains count.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _by_keys, _inner_imports, _loading, _modules, _names, _raw, _static, adapters
from ._path import ATTR, CELL, GLOBAL, Path, render
from ._vars import asks_of_objects

if TYPE_CHECKING:
    from ._walker import Walker

# A ``__hash__`` method may ask for hashes: nobody sees them but ``hash()``, and the order of sets, which are refused.
_HASHING = {"hash": hash, "id": id}

Children = list[tuple[Any, Path, bool]]
T = TypeVar("T")


class Marker:
    """Stands among the children for something that is no value, and that no value of the user's must look like."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


BUILTIN, UNRESOLVED, MISSING = Marker("builtin"), Marker("unresolved"), Marker("missing")
_DEFERRED = Marker("left to the recorder")
_BY_KEYS = Marker("items of a dictionary")


ENCODERS = {Marker: _core.encode_marker}


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
    ends = _Chains(walker, code, children, trusted)
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
        ends.value(value, chains, (path, GLOBAL, name), _Variable(name))
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
            ends = _Chains(walker, function.__code__, children, False)
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
            ends = _Chains(walker, function.__code__, children, False)
            ends.value(value, list(chains), (path, CELL, name), _Variable(name, True))
    for name, module in _captured(function, types.ModuleType):
        chains, is_written = _core.uses_of_variable(function.__code__, name)
        if is_written and not trusted:
            refusal = Refusal(BypassReason.TRACE_SIDE_EFFECT, render(path), f"assigns to an attribute of {name}")
            walker.hazards.meet(refusal, function.__code__)
        children.append((name, path, trusted))
        ends = _Chains(walker, function.__code__, children, trusted)
        kept = [chain for chain in chains if chain or not trusted]
        ends.value(module, kept, (path, CELL, name), _Variable(name, True))


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


def _value_hazard(value: Any, path: Path) -> Refusal | None:
    """Why a value that a global name of the user's code holds is to be refused, if that can be seen from the value."""
    try:
        if issubclass(type(value), types.ModuleType):
            _modules.check_value(value, path)
        else:
            _static.check_value(value, path)
    except Refusal as refusal:
        return refusal
    return None


class _Variable(NamedTuple):
    """What the code calls the value that its chains begin with."""

    name: str
    is_captured: bool = False


class _Chains:
    """Adds the values at the ends of the attribute chains of one piece of code to its children."""

    __slots__ = ("children", "code", "trusted", "walker")

    def __init__(self, walker: Walker, code: types.CodeType, children: Children, trusted: bool) -> None:
        self.walker = walker
        self.code = code
        self.children = children
        self.trusted = trusted

    def value(self, value: Any, chains: list[_names.Chain], path: Path, variable: _Variable | None = None) -> None:
        """Adds what a name holds; of a module, what the chains lead to.

        Args:
            value: what it holds.
            chains: of attributes, by which the code uses it.
            path: of the value.
            variable: what the code calls it, if it does so throughout.
        """
        if not issubclass(type(value), types.ModuleType):
            self._add_end(value, chains, path, self._keys(value, chains, chains, variable))
            return
        for chain in chains:
            self._follow(value, chain, path, variable)

    def _keys(
        self, value: Any, rests: list[_names.Chain], chains: list[_names.Chain], variable: _Variable | None
    ) -> _by_keys.Keys | None:
        """The keys of the items that the code takes of a plain dictionary; None: it does more, or it is none.

        Args:
            value: where the chains come to the end of the modules.
            rests: what is left of the chains there.
            chains: as they are.
            variable: that they begin with.
        """
        if self.trusted or variable is None or not _by_keys.has_plain_keys(value):
            return None
        if not _by_keys.READ.issuperset(rests):
            return None
        return _by_keys.keys_read(self.code, variable.name, chains, captured=variable.is_captured)

    def _follow(
        self, module: types.ModuleType, chain: _names.Chain, path: Path, variable: _Variable | None = None
    ) -> None:
        """Walks one attribute chain for as long as it runs through modules, and adds what stands at its end."""
        value: Any = module
        rest = chain
        for i, name in enumerate(chain):
            if not issubclass(type(value), types.ModuleType):
                break
            rest = chain[i + 1 :]
            self._check_class(value, name, path)
            self.children.append((name, path, self.trusted))
            namespace = _raw.module_namespace(value)
            path = (path, ATTR, name)
            if name not in namespace and not _loading.load_lazily(value, name):
                self._add_missing(value, name, path)
                return
            value = namespace[name]
        self._add_end(value, [rest], path, self._keys(value, [rest], [chain], variable))

    def _check_class(self, module: types.ModuleType, name: str, path: Path) -> None:
        if self.trusted or type(module) is types.ModuleType:
            return
        self.children.append((type(module), (path, ATTR, "__class__"), False))
        try:
            _modules.check_class(module, name, path)
        except Refusal as refusal:
            self.walker.hazards.meet(refusal, self.code)

    def _add_missing(self, module: types.ModuleType, name: str, path: Path) -> None:
        try:
            _modules.check_missing(module, name, path, self.trusted)
        except Refusal as refusal:
            self.walker.hazards.meet(refusal, self.code)
        self.children.append((MISSING, path, self.trusted))

    def _through_class(self, value: Any, chain: _names.Chain, path: Path) -> None:
        """Follows a chain on through a module that a class of a library holds, as haiku's own ``class hk`` does."""
        inner = _raw.namespace(value).get(chain[0]) if chain and issubclass(type(value), type) else None
        if isinstance(inner, types.ModuleType):
            self._follow(inner, chain[1:], (path, ATTR, chain[0]))

    def _add_flags(self, holder: Any, chains: list[_names.Chain], path: Path) -> bool:
        """Adds the values of the flags that the code names of an object that holds many, if it reads nothing else."""
        if not adapters.holds_flags(type(holder)):
            return False
        flags: dict[str, Any] = {chain[0]: adapters.flag_named(holder, chain[0]) for chain in chains if chain}
        if () in chains or None in flags.values() or _names.of(self.code).writes:
            return False
        self.children.append((type(holder), (path, ATTR, "__class__"), False))
        for name, flag in flags.items():
            at = (path, ATTR, name)
            self.children += [(name, path, False), (type(flag), (at, ATTR, "__class__"), False)]
            self.children.append((flag.value, at, False))
        return True

    def _add_end(self, value: Any, chains: list[_names.Chain], path: Path, keys: _by_keys.Keys | None = None) -> None:
        if self.trusted:
            self.children.append((value, path, True))
            for chain in chains:
                self._through_class(value, chain, path)
            return
        for chain in chains:
            refusal = _static.chain_hazard(value, chain, path)
            if refusal is not None:
                self.walker.hazards.meet(refusal, self.code)
        if self._add_flags(value, chains, path):
            return
        if self.walker.unread.leaves_out_global(self.code, path):
            self.children.append((_DEFERRED, path, False))
            return
        refusal = _value_hazard(value, path)
        if refusal is None and keys is not None:
            self.children.append((_BY_KEYS, path, False))
            self.children += _by_keys.items(self.walker, value, keys, path, MISSING)
            return
        if refusal is None:
            self.children.append((value, path, False))
            return
        # If the code runs, the recorder refuses. If it does not, what the name holds does not matter.
        self.walker.hazards.meet(refusal, self.code)
        self.children.append((_DEFERRED, path, False))
