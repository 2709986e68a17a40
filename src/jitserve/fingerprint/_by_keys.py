"""Plain dictionaries that code only asks for items by constant keys: ``CONFIG["rate"]``, ``"rate" in CONFIG``.

Like the attributes of a module, only the items that are asked for count then: programs differ in the seed and in the
name of the run more often than in anything that a trace reads.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jitserve import _core

from . import _names
from ._path import ITEM, Path

if TYPE_CHECKING:
    from ._walker import Walker

READ = frozenset[_names.Chain](((), ("get",)))  # what leads from a dictionary to its items
Keys = frozenset[tuple[str, ...]]
Children = list[tuple[Any, Path, bool]]

_SUBSCRIPTS = frozenset((("BINARY_SUBSCR", ""), ("BINARY_OP", "[]")))  # the latter from Python 3.14 on
_GLOBAL, _CAPTURED = frozenset(("LOAD_GLOBAL", "LOAD_NAME")), frozenset(("LOAD_DEREF",))
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_SIMPLE = frozenset(
    ("LOAD_CONST", "LOAD_DEREF", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_GLOBAL", "LOAD_SMALL_INT")
)  # one value each
_HANDED_ON = frozenset(("LOAD_CLOSURE", "MAKE_CELL"))  # to functions inside, which are looked through as well
_SKIPPED = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL"))
_NOT_VARIABLES = frozenset(("IMPORT_NAME", "IMPORT_FROM"))

# By the id of the code, which it keeps alive, the name, what leads on from there, and whether it is captured.
_known: dict[tuple[int, str, _names.Chain, bool], tuple[types.CodeType, Keys | None]] = {}
_MOST = 10_000


def keys_read(
    code: types.CodeType, name: str, chains: Sequence[_names.Chain] = ((),), *, captured: bool = False
) -> Keys | None:
    """The keys by which code, and code nested in it, asks a dictionary for items, each with those that follow it.

    Args:
        code: of a function of the user's.
        name: of the variable that the dictionary is reached from.
        chains: the attributes that lead from there to it, and on (``get``): all ways in which the code uses it.
        captured: whether the variable is captured, not global.

    Returns:
        None if the code does anything else with the dictionary.
    """
    found: set[tuple[str, ...]] = set()
    for chain in chains:
        keys = _keys_of_chain(code, name, chain, captured)
        if keys is None:
            return None
        found |= keys
    return frozenset(found)


def is_read_by_keys(function: types.FunctionType, name: str, value: object) -> bool:
    """Whether a function asks what it has captured under a name for items only, which are found by texts."""
    if not has_plain_keys(value):
        return False
    chains, _ = _core.uses_of_variable(function.__code__, name)
    return READ.issuperset(chains) and keys_read(function.__code__, name, chains, captured=True) is not None


def has_plain_keys(value: object) -> bool:
    """Whether it is a dictionary whose items are found by texts without asking any object."""
    return type(value) is dict and all(type(key) is str for key in value)


def items(walker: Walker, value: dict[str, Any], keys: Keys, path: Path, missing: object) -> Children:
    """The items that are asked for, as labelled children, in an order of their own.

    Args:
        walker: notes what was read by keys.
        value: has plain keys.
        keys: those that code reads.
        path: of the dictionary.
        missing: stands for an item that is not there.
    """
    children: Children = []
    for way in sorted(keys):
        end: Any = value
        at = path
        taken: Children = []
        for key in way:
            if not has_plain_keys(end):
                break
            walker.read_by_keys.append(end)
            taken.append((key, at, False))
            at = (at, ITEM, key)
            end = end.get(key, missing)
        children += [(len(taken), path, False), *taken, (end, at, False)]  # an item may be a text like a key
    return children


def finish(walker: Walker) -> None:
    """Adds which of these dictionaries something else in the walk is, too: code may change it there, and look here.

    To be asked again once more was visited: of those that nothing else was so far.
    """
    for i, value in enumerate(walker.read_by_keys):
        if i in walker.told_by_keys or not walker.has_met(value):
            continue
        walker.told_by_keys.add(i)
        walker.tokens.tag("is also")
        walker.tokens.int_(i)
        walker.emit_earlier(value)


def _keys_of_chain(code: types.CodeType, name: str, chain: _names.Chain, captured: bool) -> Keys | None:
    known = _known.get((id(code), name, chain, captured))
    if known is None:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[id(code), name, chain, captured] = code, _find(code, name, chain, captured)
    return known[1]


def _find(code: types.CodeType, name: str, chain: _names.Chain, captured: bool) -> Keys | None:
    names = _names.of(code)
    if names.reads_by_name:  # ``getattr(module, "CONFIG")`` leads on, too
        return None
    ways: set[tuple[str, ...]] = set()
    for inner in names.codes:
        for way in _Uses(inner, name, chain, captured):
            if way is None:
                return None
            ways.add(way)
    return frozenset(ways) or None


class _Uses:
    """The uses that one code object makes of a variable by a chain: the keys of each, None for anything else."""

    def __init__(self, code: types.CodeType, name: str, chain: _names.Chain, captured: bool) -> None:
        self._instructions: list[dis.Instruction] = []
        self._targets: set[int] = set()  # places among them that the code jumps to
        for instruction in dis.get_instructions(code):
            if instruction.is_jump_target:
                self._targets.add(len(self._instructions))
            if instruction.opname not in _SKIPPED:
                self._instructions.append(instruction)
        self._name = name
        self._chain = chain
        self._captured = captured

    def __iter__(self) -> Iterator[tuple[str, ...] | None]:
        for at, instruction in enumerate(self._instructions):
            if not self._names_it(instruction):
                continue
            if instruction.opname not in (_CAPTURED if self._captured else _GLOBAL):
                yield None
                continue
            end = at + 1
            while end < len(self._instructions) and self._instructions[end].opname in _ATTRIBUTES:
                end += 1
            chain = tuple(attribute.argval for attribute in self._instructions[at + 1 : end])
            if chain == self._chain:
                yield self._use(at, end)

    def _names_it(self, instruction: dis.Instruction) -> bool:
        """Whether it is about the variable, and does more than to hand it to a function inside."""
        opname, value = instruction.opname, instruction.argval
        if not self._captured:
            of_scope = instruction.opcode in dis.hasname and opname.endswith(("_GLOBAL", "_NAME", "_GLOBALS"))
            return of_scope and value == self._name and opname not in _NOT_VARIABLES
        if opname in _HANDED_ON or "CONST" in opname or opname in _ATTRIBUTES:
            return False
        if opname.startswith("LOAD_FAST") and "CLEAR" not in opname:
            return False  # of a captured variable: its cell
        is_variable = instruction.opcode in dis.hasfree or instruction.opcode in dis.haslocal
        return is_variable and (value == self._name or (type(value) is tuple and self._name in value))

    def _use(self, at: int, end: int) -> tuple[str, ...] | None:
        """The keys of the items that are taken of what has been loaded by the instructions from ``at`` to ``end``."""
        if self._chain and self._chain[-1] == "get":
            return self._keys_of_call(end)
        before, after = self._at(at - 1), self._at(end)
        is_asked = after is not None and after.opname == "CONTAINS_OP"
        if is_asked and before is not None and at not in self._targets and end == at + 1:
            return _key(before)
        return self._subscripts(end)

    def _subscripts(self, at: int) -> tuple[str, ...] | None:
        found: list[str] = []
        while (key := self._key_at(at)) is not None and self._is_subscript(at + 1):
            found.append(key)
            at += 2
        return tuple(found) or None

    def _keys_of_call(self, at: int) -> tuple[str, ...] | None:
        """``(key)`` or ``(key, default)``, of defaults that are constants or local variables."""
        key, following = self._key_at(at), self._at(at + 1)
        if key is None or following is None:
            return None
        count = 1
        if following.opname in _SIMPLE:
            following, count = self._at(at + 2), 2
        is_call = following is not None and following.opname == "CALL" and following.arg == count
        return (key,) if is_call else None

    def _at(self, at: int) -> dis.Instruction | None:
        return self._instructions[at] if 0 <= at < len(self._instructions) else None

    def _key_at(self, at: int) -> str | None:
        found = self._at(at)
        return None if found is None else next(iter(_key(found) or ()), None)

    def _is_subscript(self, at: int) -> bool:
        found = self._at(at)
        if found is None:
            return False
        return (found.opname, found.argrepr if found.opname == "BINARY_OP" else "") in _SUBSCRIPTS


def _key(instruction: dis.Instruction) -> tuple[str] | None:
    """The constant text that it loads."""
    is_text = instruction.opname == "LOAD_CONST" and type(instruction.argval) is str
    return (instruction.argval,) if is_text else None
