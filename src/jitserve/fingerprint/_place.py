"""Where in the user's source the walk stopped: the function that reads what it refused."""

from __future__ import annotations

import dis
import types
from typing import TYPE_CHECKING

from ._path import render

if TYPE_CHECKING:
    from ._walker import Walker


_READS = (".__globals__['", ".__closure__['")


def place_of(walker: Walker, refused: str) -> str:
    """``file:line`` of the function that the refused path leads through last; empty where there is none.

    Args:
        walker: as it stopped.
        refused: the access path of what was refused.
    """
    nearest, length = None, -1
    for obj, path in zip(walker.objects, walker.paths, strict=True):
        if type(obj) is types.FunctionType:
            reached = render(path)
            if len(reached) > length and _leads_to(reached, refused):
                nearest, length = obj, len(reached)
    if nearest is None:
        return ""
    return _place(nearest.__code__, refused[length:])


def place_in(code: types.CodeType, refused: str) -> str:
    """``file:line`` where a piece of code reads what it must not.

    Args:
        code: of the function concerned.
        refused: the access path, which ends in a name that the code reads, or in the function itself.
    """
    starts = [refused.rfind(prefix) for prefix in _READS]
    return _place(code, refused[max(starts) :] if max(starts) >= 0 else "")


def _place(code: types.CodeType, rest: str) -> str:
    return f"{code.co_filename}:{_line_of(code, rest) or code.co_firstlineno}"


def _leads_to(reached: str, refused: str) -> bool:
    return refused.startswith(reached) and refused[len(reached) :][:1] in ("", ".", "[")


def _line_of(code: types.CodeType, rest: str) -> int | None:
    """The line where a function first names what the rest of the path begins with: a global or a closure value."""
    for prefix in _READS:
        if rest.startswith(prefix):
            return _line_of_name(code, rest[len(prefix) :].partition("'")[0])
    return None


def _line_of_name(code: types.CodeType, name: str) -> int | None:
    for instruction in dis.get_instructions(code):
        if instruction.argval == name and instruction.positions is not None and instruction.positions.lineno:
            return instruction.positions.lineno
    inner = (_line_of_name(constant, name) for constant in code.co_consts if type(constant) is types.CodeType)
    return next((line for line in inner if line is not None), None)
