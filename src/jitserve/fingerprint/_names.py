"""Which names a code object reads, and how: a scan of its bytecode, done once for a code object.

``np.linalg.norm(x)`` compiles to a load of the global ``np`` followed by attribute loads. Where ``np`` is a module,
only what stands at the end of that *chain* can matter, so that an edit elsewhere in the module changes nothing.
``getattr(mod, "fast")`` and ``hasattr(mod, "fast")`` with a constant name extend the chain in the same way.
"""

from __future__ import annotations

import dis
import sys
import types
from dataclasses import dataclass, field

from jitserve import _core

Chain = tuple[str, ...]

_OP = dis.opmap
_EXTENDED_ARG = _OP["EXTENDED_ARG"]
_SKIPPED = frozenset(_OP[name] for name in ("CACHE", "PUSH_NULL", "PRECALL", "NOP", "TO_BOOL") if name in _OP)
_LOAD_GLOBAL = _OP["LOAD_GLOBAL"]
_LOAD_NAMES = frozenset(_OP[name] for name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in _OP)
_LOAD_ATTR = frozenset(_OP[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in _OP)
_SHIFTED_ATTR = _OP["LOAD_ATTR"] if sys.version_info >= (3, 12) else None  # the lowest bit is a flag
_SUPER_ATTR = _OP.get("LOAD_SUPER_ATTR")
_WRITE_ATTR = frozenset((_OP["STORE_ATTR"], _OP["DELETE_ATTR"]))
_WRITE_GLOBAL = frozenset((_OP["STORE_GLOBAL"], _OP["DELETE_GLOBAL"]))
_LOAD_CONST = _OP["LOAD_CONST"]
_LOAD_LOCAL = frozenset(
    op
    for op in (*dis.haslocal, *dis.hasfree)
    if dis.opname[op].startswith("LOAD_") and dis.opname[op] != "LOAD_CLOSURE"
)
_PAIRED = frozenset(_OP[name] for name in ("LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST") if name in _OP)
_CONTAINS_OP = _OP["CONTAINS_OP"]
_BUILD_SET = _OP["BUILD_SET"]
_SET_ADD = _OP["SET_ADD"]
_CALL = _OP["CALL"]
_SIMPLE_LOADS = _LOAD_LOCAL | {_LOAD_CONST, _LOAD_GLOBAL}
_BINARY_OP = _OP["BINARY_OP"]
# Of two views of dictionaries, each of these makes a set: & | - ^, and the same in place.
_SET_OPERATORS = frozenset(
    number
    for number, (_, symbol) in enumerate(dis._nb_ops)  # type: ignore[attr-defined]
    if symbol.rstrip("=") in ("&", "|", "-", "^")
)
_VIEWS = frozenset(("keys", "items"))
_SET_METHODS = frozenset(("union", "intersection", "difference", "symmetric_difference"))
_READERS = frozenset(("getattr", "hasattr"))
_ORDERLESS = frozenset(("sorted", "len", "min", "max", "any", "all"))


@dataclass(slots=True)
class Names:
    """What a code object and the code nested in it name. Treat as immutable once built.

    Attributes:
        digest: digest of the code object.
        codes: the code object and everything nested in it.
        chains: global name -> attribute chains that follow it; the empty chain where the value itself is used.
        writes: (global name, chain) of attribute assignments through a chain.
        globals_written: names that ``global`` statements assign to.
        imports: modules imported inside, with the names taken from each.
        attributes: every attribute name that is read.
        loads: names (of any kind) that are used for more than a test of membership.
        reads_by_name: whether getattr or hasattr extended a chain.
        builds_set: whether a set is made whose order could be observed.
    """

    digest: bytes
    codes: list[types.CodeType] = field(default_factory=list)
    chains: dict[str, set[Chain]] = field(default_factory=dict)
    writes: set[tuple[str, Chain]] = field(default_factory=set)
    globals_written: set[str] = field(default_factory=set)
    imports: set[tuple[str, Chain]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    reads_by_name: bool = False
    builds_set: bool = False

    def ordered(self) -> list[tuple[str, list[Chain]]]:
        """Names and chains in an order that does not depend on hashing."""
        return [(name, sorted(self.chains[name])) for name in sorted(self.chains)]


_known: dict[int, tuple[types.CodeType, Names, list[tuple[str, list[Chain]]]]] = {}


def of(code: types.CodeType) -> Names:
    """The names of a code object. Remembered by identity, holding the code object (hashing one is slow)."""
    return _remembered(code)[1]


def chains_of(code: types.CodeType) -> list[tuple[str, list[Chain]]]:
    """``of(code).ordered()``, remembered."""
    return _remembered(code)[2]


def _remembered(code: types.CodeType) -> tuple[types.CodeType, Names, list[tuple[str, list[Chain]]]]:
    entry = _known.get(id(code))
    if entry is None:
        names = Names(_core.code_digest(code))
        _collect(code, names)
        entry = _known[id(code)] = (code, names, names.ordered())
    return entry


def _collect(code: types.CodeType, names: Names) -> None:
    names.codes.append(code)
    _Scan(code, names).run()
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            _collect(constant, names)


def _instructions(code: types.CodeType) -> list[tuple[int, int]]:
    """(opcode, argument) without caches and fillers; ``dis.get_instructions`` is twenty times slower."""
    found: list[tuple[int, int]] = []
    raw = code.co_code
    extended = 0
    for position in range(0, len(raw), 2):
        opcode = raw[position]
        if opcode in _SKIPPED:
            continue
        argument = raw[position + 1] | extended
        if opcode == _EXTENDED_ARG:
            extended = argument << 8
            continue
        extended = 0
        found.append((opcode, argument))
    return found


class _Scan:
    """One pass over one code object; ``chain`` is what the last loads have built up."""

    def __init__(self, code: types.CodeType, names: Names) -> None:
        self.code = code
        self.names = names
        self.variables = (
            code.co_varnames
            + tuple(name for name in code.co_cellvars if name not in code.co_varnames)
            + code.co_freevars
        )
        self.instructions = _instructions(code)
        self.position = 0
        self.name: str | None = None  # the global that the chain under way began with
        self.chain: Chain = ()
        self.reader: str | None = None  # getattr or hasattr, when it was loaded just before that global
        self.pending: str | None = None  # a name whose use is decided by the next instruction
        self.fresh_set = False  # a set was made, and the next instruction tells whether only membership is asked
        self.constants: tuple[object, object] = (None, None)
        self.imported: str | None = None

    def run(self) -> None:
        for position, (opcode, argument) in enumerate(self.instructions):
            self.position = position
            self._decide(opcode)
            self._step(opcode, argument)
        self._decide(-1)
        self._end_chain()

    def _decide(self, opcode: int) -> None:
        if self.pending is not None and opcode != _CONTAINS_OP:
            self.names.loads.add(self.pending)
        if self.fresh_set and opcode != _CONTAINS_OP:
            self.names.builds_set = True
        self.pending, self.fresh_set = None, False

    def _step(self, opcode: int, argument: int) -> None:
        if opcode == _LOAD_GLOBAL or opcode in _LOAD_NAMES:
            self._begin_chain(self.code.co_names[argument >> 1 if opcode == _LOAD_GLOBAL else argument])
        elif opcode in _LOAD_ATTR or opcode == _SUPER_ATTR:
            self._attribute(opcode, argument)
        elif opcode == _LOAD_CONST:
            self._constant(self.code.co_consts[argument])
        else:
            self._other(opcode, argument)

    def _begin_chain(self, name: str) -> None:
        previous = self.name if not self.chain else None
        self._end_chain()
        if name in ("set", "frozenset") and previous not in _ORDERLESS:
            self.names.builds_set = True
        self.reader = previous if previous in _READERS else None
        self.name, self.chain, self.pending = name, (), name

    def _end_chain(self) -> None:
        if self.name is not None:
            self.names.chains.setdefault(self.name, set()).add(self.chain)
        self.name, self.chain, self.reader = None, (), None

    def _attribute(self, opcode: int, argument: int) -> None:
        shift = 2 if opcode == _SUPER_ATTR else int(opcode == _SHIFTED_ATTR)
        attribute = self.code.co_names[argument >> shift]
        self.names.attributes.add(attribute)
        self.pending = attribute
        self.names.builds_set |= attribute in _SET_METHODS
        if opcode == _SUPER_ATTR:
            self._end_chain()
        elif self.name is not None:
            self.chain = (*self.chain, attribute)

    def _constant(self, value: object) -> None:
        if self.name is not None and self.reader is not None and type(value) is str and self._is_whole_argument():
            self.chain = (*self.chain, value)
            self.names.attributes.add(value)
            self.names.reads_by_name = True
        self._end_chain()
        self.fresh_set = type(value) is frozenset and sum(type(item) in (str, bytes) for item in value) > 1
        self.constants = (self.constants[1], value)

    def _is_whole_argument(self) -> bool:
        """Whether the constant just loaded is the second argument of the reader: ``getattr(m, "x" + y)`` is not."""
        following = [*self.instructions[self.position + 1 : self.position + 3], (-1, 0), (-1, 0)]
        if following[0] == (_CALL, 2):
            return True
        return following[0][0] in _SIMPLE_LOADS and following[1] == (_CALL, 3)

    def _other(self, opcode: int, argument: int) -> None:
        names = self.names
        if opcode in _WRITE_ATTR and self.name is not None:
            names.writes.add((self.name, (*self.chain, self.code.co_names[argument])))
        self._end_chain()
        if opcode in _WRITE_GLOBAL:
            names.globals_written.add(self.code.co_names[argument])
        elif opcode == _BUILD_SET:
            self.fresh_set = True
        elif opcode == _SET_ADD or (opcode == _BINARY_OP and argument in _SET_OPERATORS and self._is_between_views()):
            names.builds_set = True
        elif opcode in _PAIRED:
            names.loads.add(self.variables[argument >> 4])
            self.pending = self.variables[argument & 15]
        elif opcode in _LOAD_LOCAL and argument < len(self.variables):
            self.pending = self.variables[argument]
        else:
            self._import(opcode, argument)

    def _is_between_views(self) -> bool:
        """Whether an operand of the operation at hand is ``d.keys()`` or ``d.items()``: it makes a set of them."""
        before = self.instructions[max(0, self.position - 3) : self.position]
        if before and before[-1][0] in _SIMPLE_LOADS:
            before = before[:-1]
        if len(before) < 2 or before[-1] != (_CALL, 0) or before[-2][0] not in _LOAD_ATTR:
            return False
        opcode, argument = before[-2]
        return self.code.co_names[argument >> int(opcode == _SHIFTED_ATTR)] in _VIEWS

    def _import(self, opcode: int, argument: int) -> None:
        if opcode == _OP["IMPORT_NAME"]:
            level = self.constants[0]
            dots = "." * level if type(level) is int else ""
            self.imported = dots + self.code.co_names[argument]
            self.names.imports.add((self.imported, ()))
        elif opcode == _OP["IMPORT_FROM"] and self.imported is not None:
            self.names.imports.add((self.imported, (self.code.co_names[argument],)))


_digests: dict[int, tuple[types.CodeType, bytes]] = {}


def digest_of(code: types.CodeType) -> bytes:
    """Digest of a code object whose names do not matter, because it is opaque."""
    entry = _digests.get(id(code))
    if entry is None:
        entry = _digests[id(code)] = (code, _core.code_digest(code))
    return entry[1]
