"""What code asks ``vars`` for: the ``__dict__`` of an object, which is walked, or the variables of its own frame."""

from __future__ import annotations

import dis
import functools
import types

_FILLERS = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "PRECALL", "PUSH_NULL"))
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_VALUES = frozenset(("LOAD_DEREF", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_GLOBAL", "LOAD_NAME"))


@functools.lru_cache(maxsize=1024)
def asks_of_objects(code: types.CodeType) -> bool:
    """Whether all that this code, itself and not a function inside, does with ``vars`` is ``vars(value.attribute)``."""
    found = [each for each in dis.get_instructions(code) if each.opname not in _FILLERS]
    return all(
        _is_call_with_value(found[i + 1 :])
        for i, each in enumerate(found)
        if each.argval == "vars" and each.opname.startswith("LOAD_")
    )


def _is_call_with_value(following: list[dis.Instruction]) -> bool:
    if not following or following[0].opname not in _VALUES:
        return False
    call = next((each for each in following[1:] if each.opname not in _ATTRIBUTES), None)
    return call is not None and call.opname == "CALL" and call.arg == 1
