"""Sets on the interpreter's stack: what stands in each place, and what instructions make of it."""

from __future__ import annotations

import builtins
import dis
import functools
import types
from collections.abc import Iterable

import jax

# What stands in a place of the stack; None is any other value, and "self" and "null" belong to the callable below.
SET, TYPE, TYPES, METHOD = "set", "the class of sets", "a tuple of classes", "a method of a set that makes one"
METHOD_OF_ANY = "a method that makes a set, if it is one of a set"
# Functions that make nothing of the order of a set that they are handed, and what leads to them.
TAKER, PARTIAL = "a function that takes names of axes", "functools.partial"
SHOWING = frozenset((SET, TYPE, TYPES, METHOD, METHOD_OF_ANY))
ORDERLESS, ISINSTANCE, TEST, ADD = "orderless", "isinstance", "a method that compares", "a method that takes one"
VIEW, VIEWER, BODY, MAKER = "view", "a method that makes a view", "code of a comprehension", "comprehension"
_GLOBALS = {
    **dict.fromkeys(("set", "frozenset"), TYPE),
    **dict.fromkeys(("sorted", "len", "min", "max", "any", "all", "bool"), ORDERLESS),
    "isinstance": ISINSTANCE,
}
_TAKERS = {"shard_map": TAKER, "partial": PARTIAL}
_TAKERS_IN = {"jax": {"shard_map": TAKER}, "functools": {"partial": PARTIAL}}
_MEANT = {"jax": jax, "functools": functools, "shard_map": jax.shard_map, "partial": functools.partial}
BUILTINS = {name: getattr(builtins, name) for name in _GLOBALS}  # as they are when nobody has replaced them yet
_METHODS = {
    **dict.fromkeys(("union", "intersection", "difference", "symmetric_difference"), METHOD_OF_ANY),
    **dict.fromkeys(("keys", "items"), VIEWER),
}
_METHODS_OF_SETS = {
    **dict.fromkeys(("union", "intersection", "difference", "symmetric_difference", "copy"), METHOD),
    **dict.fromkeys(("issubset", "issuperset", "isdisjoint", "update", "difference_update"), TEST),
    **dict.fromkeys(("add", "discard", "remove", "clear"), ADD),
}
_OPERATORS = frozenset(("-", "&", "|", "^", "-=", "&=", "|=", "^="))
COMPREHENSION = "<setcomp>"

Stack = tuple[str | None, ...]


class Seen(Exception):
    """The order may be seen."""


def result(called: str | None, arguments: list[str | None], by_keyword: bool) -> str | None:
    """What a call gives."""
    if called == ISINSTANCE:
        return None
    if called == TAKER or (called == PARTIAL and arguments[:1] == [TAKER]):
        keep_hidden([value for value in arguments if value != SET])
        return None
    if called == METHOD_OF_ANY:
        keep_hidden(arguments)  # whoever has written the method may make a list of it
        return SET
    if called in (TYPE, METHOD, MAKER, TEST) and not {TYPE, TYPES, METHOD}.intersection(arguments):
        return None if called == TEST else SET
    if called == ORDERLESS and len(arguments) == 1 and not by_keyword and arguments[0] in (SET, VIEW, None):
        return None
    keep_hidden([called, *arguments])
    return VIEW if called == VIEWER else None


def combined(name: str, operator: str, taken: list[str | None]) -> str | None:
    """What an instruction makes of the values that it takes."""
    if name == "BINARY_OP" and operator in _OPERATORS and (VIEW in taken or taken == [SET, SET]):
        keep_hidden([value for value in taken if value != SET])
        return SET
    if name == "COMPARE_OP" and (TYPE in taken or {*taken} <= {SET, VIEW}):
        return None
    if name == "IS_OP" or (name == "CONTAINS_OP" and taken[0] not in SHOWING and taken[1] in (SET, None, VIEW)):
        return None
    if name == "BUILD_TUPLE" and TYPE in taken and not {SET, METHOD}.intersection(taken):
        return TYPES
    keep_hidden(taken)
    return SET if name == "BUILD_SET" else None


def load(instruction: dis.Instruction, stack: list[str | None]) -> None:
    name, value = instruction.opname, instruction.argval
    found: str | None = None
    if name == "PUSH_NULL":
        found = "null"
    elif name == "LOAD_CONST":
        is_body = isinstance(value, types.CodeType) and value.co_name == COMPREHENSION
        found = BODY if is_body else SET if isinstance(value, frozenset) else None
    elif name in ("LOAD_GLOBAL", "LOAD_NAME"):
        found = _GLOBALS.get(value)
        if found is None and name == "LOAD_GLOBAL":
            found = _TAKERS.get(value, value if value in _TAKERS_IN else None)
    is_called = dis.stack_effect(instruction.opcode, instruction.arg) == 2
    stack.extend(["null", found] if is_called else [found])


def attribute(instruction: dis.Instruction, stack: list[str | None]) -> None:
    of = stack.pop()
    table = _METHODS_OF_SETS if of == SET else _TAKERS_IN.get(of or "", _METHODS)
    found = table.get(instruction.argval)
    if of in SHOWING and (of != SET or found is None):
        raise Seen
    stack.append(found)
    if dis.stack_effect(instruction.opcode, instruction.arg) == 1:
        stack.append("self")


def take(stack: list[str | None], count: int) -> list[str | None]:
    if count > len(stack):
        raise Seen
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def keep_hidden(values: Iterable[str | None]) -> None:
    """Values that go where nobody follows them."""
    if not SHOWING.isdisjoint(values):
        raise Seen


def shift(stack: list[str | None], effect: int) -> None:
    """Takes some values off, which are no sets, or puts some on."""
    keep_hidden(take(stack, max(-effect, 0)))
    stack.extend([None] * max(effect, 0))


def forget(stack: list[str | None], effect: int) -> None:
    """Any other instruction: it must not meet a set at all."""
    keep_hidden(stack)
    stack[:] = [None] * (len(stack) + effect)


def merged(known: Stack, stack: Stack) -> Stack:
    if len(known) != len(stack):
        raise Seen
    return tuple(one if one == other else _either(one, other) for one, other in zip(known, stack, strict=True))


def _either(one: str | None, other: str | None) -> str | None:
    if {one, other} <= {SET, None, VIEW}:
        return SET if SET in (one, other) else None
    keep_hidden((one, other))
    return None


def are_takers(found: dict[str, object]) -> bool:
    """Whether these globals are what they seem, where a set may be handed to what they name."""
    is_untouched = jax.shard_map is _MEANT["shard_map"] and functools.partial is _MEANT["partial"]
    return is_untouched and all(found.get(name, value) is value for name, value in _MEANT.items())
