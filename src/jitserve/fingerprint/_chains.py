"""Where the attribute chains of code lead: what counts of the modules and dictionaries that they go through."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, NamedTuple

from jitserve._outcome import Refusal

from . import _by_keys, _loading, _modules, _names, _raw, _static, adapters
from ._marker import BY_KEYS, DEFERRED, END, MISSING
from ._path import ATTR, Path

if TYPE_CHECKING:
    from ._walker import Walker

Children = list[tuple[Any, Path, bool]]


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


class Variable(NamedTuple):
    """What the code calls the value that its chains begin with."""

    name: str
    is_captured: bool = False


class Chains:
    """Adds the values at the ends of the attribute chains of one piece of code to its children."""

    __slots__ = ("children", "code", "trusted", "walker")

    def __init__(self, walker: Walker, code: types.CodeType, children: Children, trusted: bool) -> None:
        self.walker = walker
        self.code = code
        self.children = children
        self.trusted = trusted

    def value(self, value: Any, chains: list[_names.Chain], path: Path, variable: Variable | None = None) -> None:
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
        self, value: Any, rests: list[_names.Chain], chains: list[_names.Chain], variable: Variable | None
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
        self, module: types.ModuleType, chain: _names.Chain, path: Path, variable: Variable | None = None
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
        if type(value) is str:
            self.children.append((END, path, self.trusted))  # and not one more name
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
            self.children.append((DEFERRED, path, False))
            return
        refusal = _value_hazard(value, path)
        if refusal is None and keys is not None:
            self.children.append((BY_KEYS, path, False))
            self.children += _by_keys.items(self.walker, value, keys, path, MISSING)
            return
        if refusal is None:
            self.children.append((value, path, False))
            return
        # If the code runs, the recorder refuses. If it does not, what the name holds does not matter.
        self.walker.hazards.meet(refusal, self.code)
        self.children.append((DEFERRED, path, False))
