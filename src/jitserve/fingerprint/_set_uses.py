"""Whether the order of a set can be seen by code: what becomes of it on the interpreter's stack, step by step.

The scan of names (``_names``) finds code that makes sets, or that loads by their names those that it is given. Most of
it sorts them, counts, compares or combines them, or asks for members. Where this does not understand an instruction,
the order may be seen.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Callable, Iterable

from jitserve import _core

from . import _set_values
from ._set_values import Stack

_NOTHING = frozenset(("RESUME", "NOP", "CACHE", "PRECALL", "EXTENDED_ARG", "COPY_FREE_VARS", "MAKE_CELL", "NOT_TAKEN"))
_ANYTHING = frozenset(("POP_TOP", "UNARY_NOT", "TO_BOOL"))  # these tell nothing of the order
_LEAVES = frozenset(("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"))
_JUMPS = frozenset(("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"))
_LOADS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_CONST", "LOAD_DEREF", "LOAD_CLOSURE", "PUSH_NULL"))
_LOADS_OF_VARIABLES = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"))
_LOADS_OF_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_LOADS_NOTHING = ("STORE_", "DELETE_", "LOAD_CONST", "LOAD_CLOSURE", "KW_NAMES", "MAKE_CELL")
# How many values these take; they give one, or none.
_TAKES: dict[str, Callable[[int], int]] = {
    **dict.fromkeys(("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_STRING", "BUILD_SLICE"), lambda n: n),
    "BUILD_MAP": lambda n: 2 * n,
    "BUILD_CONST_KEY_MAP": lambda n: n + 1,
    **dict.fromkeys(("BINARY_SUBSCR", "IS_OP", "COMPARE_OP", "CONTAINS_OP", "BINARY_OP"), lambda n: 2),
    **dict.fromkeys(
        ("STORE_GLOBAL", "STORE_DEREF", "STORE_NAME", "RETURN_VALUE", "LIST_APPEND", "SET_ADD"), lambda n: 1
    ),
    **dict.fromkeys(("GET_ITER", "LIST_EXTEND", "FORMAT_SIMPLE", "UNARY_NEGATIVE"), lambda n: 1),
    **dict.fromkeys(("MAP_ADD", "STORE_ATTR"), lambda n: 2),
}


# By the id of the code, which it keeps alive, and the names.
_named: dict[tuple[int, frozenset[str]], tuple[types.CodeType, bool]] = {}
_MOST = 10_000


def order_may_be_seen(code: types.CodeType) -> bool:
    """Whether a set that this code makes, itself and not in a function inside, is used for more than what is in it."""
    return _may_be_seen(code, frozenset())


def order_of_named_may_be_seen(code: types.CodeType, names: frozenset[str]) -> bool:
    """The same, where what is loaded by these names, of variables or attributes, may be a set too. Remembered."""
    known = _named.get((id(code), names))
    if known is None:
        if len(_named) >= _MOST:
            _named.clear()
        known = _named[id(code), names] = code, _may_be_seen(code, names)
    return known[1]


def _may_be_seen(code: types.CodeType, names: frozenset[str]) -> bool:
    try:
        return _Flow(code, names).shows()
    except Exception:  # noqa: BLE001 - what is not understood may show anything
        return True


def names_what_it_seems(function: types.FunctionType) -> bool:
    """Whether the functions that sets are handed to, and that tell nothing of their order, are those that they seem."""
    elsewhere = getattr(function, "__builtins__", {})
    bound = ((name, function.__globals__.get(name, elsewhere.get(name))) for name in _set_values.BUILTINS)
    is_builtin = all(value is _set_values.BUILTINS[name] for name, value in bound)
    if not is_builtin or _set_values.are_takers(function.__globals__):
        return is_builtin
    return not any(map(_hands_over, _core.code_names(function.__code__)[0]))


def _hands_over(code: types.CodeType) -> bool:
    """Whether this code hands a set to what seems to be a function that takes one."""
    flow = _Flow(code)
    return flow.shows() or flow.hands_over


class _Flow:
    """The stack before every instruction of one piece of code."""

    def __init__(self, code: types.CodeType, names: frozenset[str] = frozenset()) -> None:
        self._names = names  # by which sets are loaded that come from elsewhere
        bytecode = dis.Bytecode(code)
        self._instructions = list(bytecode)
        self._at = {instruction.offset: i for i, instruction in enumerate(self._instructions)}
        entries = bytecode.exception_entries  # type: ignore[attr-defined]
        self._handlers = [(entry.target, entry.depth + entry.lasti + 1) for entry in entries]
        self._is_comprehension = code.co_name == _set_values.COMPREHENSION
        self._variables: set[str] = set()  # that hold a set at some time
        self._by_keyword = False
        self.hands_over = False

    def shows(self) -> bool:
        while True:
            known = len(self._variables)
            try:
                self._run()
            except _set_values.Seen:
                return True
            if len(self._variables) == known:
                return False

    def _run(self) -> None:
        before: dict[int, Stack] = {}
        todo = [0]
        before[0] = ()
        for target, depth in self._handlers:
            self._reach(self._at[target], (None,) * depth, before, todo)
        while todo:
            i = todo.pop()
            for at, stack in self._step(i, list(before[i])):
                self._reach(at, stack, before, todo)

    @staticmethod
    def _reach(at: int, stack: Stack, before: dict[int, Stack], todo: list[int]) -> None:
        known = before.get(at)
        merged = stack if known is None else _set_values.merged(known, stack)
        if merged != known:
            before[at] = merged
            todo.append(at)

    def _step(self, i: int, stack: list[str | None]) -> Iterable[tuple[int, Stack]]:
        """Where it goes on after an instruction, and with which stack."""
        instruction = self._instructions[i]
        name, argument = instruction.opname, instruction.arg
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            target = self._at[instruction.argval]
            if name in _JUMPS:
                return [(target, tuple(stack))]
            if name.startswith("POP_JUMP"):
                stack.pop()
                return [(target, tuple(stack)), (i + 1, tuple(stack))]
            if name == "FOR_ITER":
                end = [*stack]
                _set_values.shift(end, dis.stack_effect(instruction.opcode, argument, jump=True))
                return [(target, tuple(end)), (i + 1, (*stack, None))]
            if name in ("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP"):
                return [(target, tuple(stack)), (i + 1, tuple(stack[:-1]))]
            other = [*stack]
            _set_values.forget(other, dis.stack_effect(instruction.opcode, argument, jump=True))
            _set_values.forget(stack, dis.stack_effect(instruction.opcode, argument, jump=False))
            return [(target, tuple(other)), (i + 1, tuple(stack))]
        if name == "RETURN_VALUE" and self._is_comprehension:
            return []
        self._apply(instruction, stack)
        return [] if name in _LEAVES else [(i + 1, tuple(stack))]

    def _apply(self, instruction: dis.Instruction, stack: list[str | None]) -> None:
        name = instruction.opname
        if self._names and self._is_named(instruction):
            _load_set(instruction, stack)
        elif name in ("CALL", "CALL_KW"):
            self._call(stack, instruction.arg or 0, name == "CALL_KW")
        elif name == "KW_NAMES":
            self._by_keyword = True
        elif "FAST" in name:
            self._variable(name, instruction.argval, stack)
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            _set_values.attribute(instruction, stack)
        elif name in _LOADS:
            _set_values.load(instruction, stack)
        elif name in _TAKES:
            count = _TAKES[name](instruction.arg or 0)
            gives = dis.stack_effect(instruction.opcode, instruction.arg) + count
            stack.extend([_set_values.combined(name, instruction.argrepr, _set_values.take(stack, count))] * gives)
        else:
            _rearrange(instruction, stack)

    def _is_named(self, instruction: dis.Instruction) -> bool:
        """Whether an instruction loads what is a set by its name. Local variables are looked at by themselves."""
        name, found = instruction.opname, instruction.argval
        elsewhere = "FAST" in name or name.startswith(_LOADS_NOTHING)
        return not elsewhere and isinstance(found, str) and found in self._names

    def _variable(self, name: str, value: str | tuple[str, ...], stack: list[str | None]) -> None:
        """An instruction about local variables: one, or two at once."""
        names = (value,) if isinstance(value, str) else value
        actions = [part for part in name.split("_") if part in ("LOAD", "STORE", "DELETE")]
        for action, variable in zip(actions, names, strict=True):
            if action == "LOAD":
                holds_set = variable in self._variables or variable in self._names
                stack.append(_set_values.SET if holds_set else None)
            elif action == "STORE":
                found = stack.pop()
                if found == _set_values.SET:
                    self._variables.add(variable)
                else:
                    _set_values.keep_hidden([found])

    def _call(self, stack: list[str | None], count: int, by_keyword: bool) -> None:
        if by_keyword:
            stack.pop()  # the names
        by_keyword, self._by_keyword = by_keyword or self._by_keyword, False
        first, second, *arguments = _set_values.take(stack, count + 2)
        if first == "null":
            called = second
        else:
            called = first
            arguments = arguments if second in ("null", "self") else [second, *arguments]
        takes = called in (_set_values.TAKER, _set_values.PARTIAL)
        self.hands_over = self.hands_over or (takes and _set_values.SET in arguments)
        stack.append(_set_values.result(called, arguments, by_keyword))


def _load_set(instruction: dis.Instruction, stack: list[str | None]) -> None:
    """A load of a set by the name of a variable or of an attribute."""
    of_attribute = instruction.opname in _LOADS_OF_ATTRIBUTES
    is_called = dis.stack_effect(instruction.opcode, instruction.arg) != 1 - of_attribute
    if is_called or not (of_attribute or instruction.opname in _LOADS_OF_VARIABLES):
        raise _set_values.Seen
    if of_attribute:
        _set_values.keep_hidden([stack.pop()])
    stack.append(_set_values.SET)


def _rearrange(instruction: dis.Instruction, stack: list[str | None]) -> None:
    """An instruction that only moves values, or one that nobody knows."""
    name, argument = instruction.opname, instruction.arg or 0
    if name in _NOTHING:
        return
    if name == "MAKE_FUNCTION":
        is_maker = stack[-1] == _set_values.BODY
        _set_values.shift(stack, dis.stack_effect(instruction.opcode, instruction.arg) - 1)
        stack.append(_set_values.MAKER if is_maker else None)
    elif name == "END_FOR":
        _set_values.shift(stack, dis.stack_effect(instruction.opcode, instruction.arg))
    elif name in _ANYTHING:
        stack.pop()
        stack.extend([None] * (name != "POP_TOP"))
    elif name == "COPY":
        stack.append(stack[-argument])
    elif name == "SWAP":
        stack[-1], stack[-argument] = stack[-argument], stack[-1]
    elif name == "SET_UPDATE" and stack[-1] in (_set_values.SET, _set_values.VIEW, None):
        stack.pop()
    else:
        _set_values.forget(stack, dis.stack_effect(instruction.opcode, instruction.arg))
