"""What ``dis`` shows of the names that code reads: slow, one question at a time, to check the scan in C++ against."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from typing import Any

from jitserve.fingerprint._names import Import, Names

_FILLERS = ("CACHE", "PUSH_NULL", "PRECALL", "NOP", "TO_BOOL", "EXTENDED_ARG")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_END = next(iter(dis.get_instructions("0")))._replace(opname="END", opcode=-1)


class _Reference:
    """The answers for one code object, nested code aside. ``at(i)`` is an instruction, or the end."""

    def __init__(self, code: types.CodeType) -> None:
        self.code = code
        self.instructions = [found for found in dis.get_instructions(code) if found.opname not in _FILLERS]

    def at(self, index: int) -> dis.Instruction:
        return self.instructions[index] if 0 <= index < len(self.instructions) else _END

    def find(self, *opnames: str) -> list[int]:
        return [i for i, found in enumerate(self.instructions) if found.opname in opnames]

    def is_load_of_a_variable(self, index: int) -> bool:
        found = self.at(index)
        kinds = (*dis.haslocal, *dis.hasfree)
        return found.opcode in kinds and found.opname.startswith("LOAD_") and found.opname != "LOAD_CLOSURE"

    def is_simple(self, index: int) -> bool:
        return self.is_load_of_a_variable(index) or self.at(index).opname in ("LOAD_CONST", "LOAD_GLOBAL")

    def is_call(self, index: int, arguments: int) -> bool:
        return self.at(index).opname == "CALL" and self.at(index).arg == arguments

    def attributes_after(self, start: int) -> tuple[tuple[str, ...], int]:
        """The attributes that are read of what is loaded, and the index of what follows."""
        end = start + 1
        while self.at(end).opname in _ATTRIBUTES:
            end += 1
        return tuple(self.at(i).argval for i in range(start + 1, end)), end

    def chain(self, start: int) -> tuple[str, tuple[str, ...], int, bool]:
        """Name, chain, index of what follows, and whether a name in a constant is part of it."""
        names, end = self.attributes_after(start)
        reader, last = self.at(start - 1), self.at(end)
        whole = self.is_call(end + 1, 2) or (self.is_simple(end + 1) and self.is_call(end + 2, 3))
        is_read = reader.opname in _GLOBALS and reader.argval in ("getattr", "hasattr")
        if is_read and whole and last.opname == "LOAD_CONST" and type(last.argval) is str:
            return self.at(start).argval, (*names, last.argval), end + 1, True
        return self.at(start).argval, names, end, False

    def chains(self) -> list[tuple[str, tuple[str, ...], int, bool]]:
        return [self.chain(i) for i in self.find(*_GLOBALS)]

    def writes(self) -> set[tuple[str, tuple[str, ...]]]:
        found = set()
        for name, chain, end, by_name in self.chains():
            written = self.written(end)
            if written and not by_name:
                found.add((name, (*chain, written)))
        return found

    def written(self, index: int) -> str | None:
        """The attribute of what was loaded before that is assigned to; ``m.x += 1`` copies ``m`` to read ``x``."""
        found = self.at(index)
        if found.opname == "COPY" and found.arg == 1 and self.at(index + 1).opname in _ATTRIBUTES:
            return str(self.at(index + 1).argval)
        return str(found.argval) if found.opname in ("STORE_ATTR", "DELETE_ATTR") else None

    def globals_written(self) -> set[str]:
        return {self.at(i).argval for i in self.find("STORE_GLOBAL", "DELETE_GLOBAL")}

    def imports(self) -> set[Import]:
        found = set()
        for i in self.find("IMPORT_NAME"):
            module, names, after = "." * self.at(i - 2).argval + self.at(i).argval, self.at(i - 1).argval, i + 1
            taken: tuple[str, ...] = ()
            while self.at(after).opname == "IMPORT_FROM":
                taken = (*taken, self.at(after).argval)
                if isinstance(names, tuple):
                    found.add(Import(module, module, taken[-1:], *self.uses(after + 1)))
                between = 2 if isinstance(names, tuple) else 3  # it is stored, or what it was taken from is dropped
                after += between if self.at(after + between).opname == "IMPORT_FROM" else 1
            if not isinstance(names, tuple):
                found.add(Import(module, module.partition(".")[0], taken, *self.uses(after)))
        return found

    def uses(self, store: int) -> tuple[tuple[tuple[str, ...], ...], bool]:
        """The chains by which a variable is read, and whether an attribute is written, by what stores into it."""
        opname, argval = self.at(store).opname, self.at(store).argval
        name = argval[0] if opname == "STORE_FAST_LOAD_FAST" else argval
        if opname not in ("STORE_FAST", "STORE_DEREF", "STORE_FAST_LOAD_FAST") or name in self.code.co_freevars:
            return ((),), False
        reads = self.reads(name)
        return tuple(sorted({chain for chain, _ in reads})), any(written for _, written in reads)

    def reads(self, name: str) -> set[tuple[tuple[str, ...], bool]]:
        shared = name in (*self.code.co_cellvars, *self.code.co_freevars)
        found = set()
        for i, instruction in enumerate(self.instructions):
            opname, argval = instruction.opname, instruction.argval
            if opname == "LOAD_FAST_LOAD_FAST" and argval[0] == name:
                found.add(((), False))
            is_second = opname in ("LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST") and argval[1] == name
            is_load = self.is_load_of_a_variable(i) and argval == name and not (shared and opname == "LOAD_FAST")
            if is_second or is_load:
                chain, end = self.attributes_after(i)
                found.add((chain, self.written(end) is not None))
        inner = (code for code in self.code.co_consts if type(code) is types.CodeType and name in code.co_freevars)
        return found.union(*(_Reference(code).reads(name) for code in inner)) if shared else found

    def attributes(self) -> set[str]:
        read = {chain[-1] for _, chain, _, by_name in self.chains() if by_name}
        return read | {self.at(i).argval for i in self.find(*_ATTRIBUTES, "LOAD_SUPER_ATTR")}

    def loads(self) -> set[str]:
        found = set()
        for i, instruction in enumerate(self.instructions):
            tested = self.at(i + 1).opname == "CONTAINS_OP"
            if instruction.opname in ("LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST"):
                first, second = instruction.argval
                found |= {first} if tested else {first, second}
            elif not tested and self._names_something(i):
                found.add(instruction.argval)
        return found

    def _names_something(self, index: int) -> bool:
        opname = self.at(index).opname
        return opname in (*_GLOBALS, *_ATTRIBUTES, "LOAD_SUPER_ATTR") or self.is_load_of_a_variable(index)

    def reads_by_name(self) -> bool:
        return any(by_name for _, _, _, by_name in self.chains())

    def builds_set(self) -> bool:
        return bool(self.find("SET_ADD")) or any(map(self._makes_set, range(len(self.instructions))))

    def _makes_set(self, index: int) -> bool:
        found, before = self.at(index), self.at(index - 1)
        if found.opname in _GLOBALS and found.argval in ("set", "frozenset"):
            consumers = ("sorted", "len", "min", "max", "any", "all")
            return not (before.opname in _GLOBALS and before.argval in consumers)
        if found.opname in (*_ATTRIBUTES, "LOAD_SUPER_ATTR"):
            return found.argval in ("union", "intersection", "difference", "symmetric_difference")
        if found.opname == "BINARY_OP" and found.argrepr.rstrip("=") in ("&", "|", "-", "^"):
            return self._is_view(index - 1) or (self.is_simple(index - 1) and self._is_view(index - 2))
        unordered = found.opname == "BUILD_SET"
        if found.opname == "LOAD_CONST" and type(found.argval) is frozenset:
            numbers = all(type(item) in (bool, int, float, complex) for item in found.argval)
            unordered = len(found.argval) > 1 and not numbers
        return unordered and self.at(index + 1).opname != "CONTAINS_OP"

    def _is_view(self, index: int) -> bool:
        loaded = self.at(index - 1)
        return self.is_call(index, 0) and loaded.opname in _ATTRIBUTES and loaded.argval in ("keys", "items")


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield from _nested(constant)


def names_by_dis(code: types.CodeType) -> Names:
    """The names of a code object and of the code nested in it; the digest is left empty."""
    parts = [_Reference(inner) for inner in _nested(code)]
    chains: dict[str, set[tuple[str, ...]]] = {}
    for part in parts:
        for name, chain, _, _ in part.chains():
            chains.setdefault(name, set()).add(chain)

    def joined(question: str) -> set[Any]:
        return {answer for part in parts for answer in getattr(part, question)()}

    return Names(
        digest=b"",
        codes=[part.code for part in parts],
        chains=[(name, sorted(chains[name])) for name in sorted(chains)],
        writes=joined("writes"),
        globals_written=joined("globals_written"),
        imports=sorted(joined("imports")),
        attributes=joined("attributes"),
        loads=joined("loads"),
        reads_by_name=any(part.reads_by_name() for part in parts),
        builds_set=any(part.builds_set() for part in parts),
        telltales=(),  # made of the others
    )
