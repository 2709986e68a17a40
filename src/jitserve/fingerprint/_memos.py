"""Memos of the user (``functools.lru_cache``): what they remember may stem from a state that is no more.

The memo's function is in the walk, its contents are not. When a trace is answered from what the memo remembered
before, nobody knows what that was computed from. Nor is such a trace what it was for an entry whose trace found the
memo empty: so an entry names the memos that its trace may have asked, and where one of them is filled when a call
comes, that is no hit.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Container
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _origin, _pruning, _raw
from ._origin import Origin
from ._path import Path, render

if TYPE_CHECKING:
    from ._walked import Walk

MEMO: type = functools._lru_cache_wrapper


class Memos:
    """The memos that a walk has met, before and after a recording."""

    __slots__ = ("_before", "_memos")

    def __init__(self, memos: list[tuple[Any, Path]]) -> None:
        self._memos = memos
        self._before: list[Any] = []

    def start(self) -> None:
        """Notes how full and how often asked they are."""
        self._before = [_info(memo) for memo, _ in self._memos]

    def check(self, waived: Container[int]) -> None:
        """Raises when the recording was answered from what a memo remembered from before, or may have been from what it
        has computed where nobody hears what is read.

        Args:
            waived: ids of the code that ran where refusals are waived: in pure functions, on behalf of log messages.

        Raises:
            Refusal: MEMO_PREWARMED.
        """
        for (memo, path), before in zip(self._memos, self._before, strict=True):
            now = _info(memo)
            was_cleared = now.hits < before.hits or now.misses < before.misses  # who knows what it answered before
            if before.currsize > 0 and (was_cleared or now.hits > before.hits):
                text = "it was called before this trace, and what it remembers may stem from an older state"
                raise Refusal(BypassReason.MEMO_PREWARMED, render(path), text)
            function = _function_behind(memo)
            was_asked = now.misses != before.misses and now.hits != before.hits
            if was_asked and function is not None and id(function.__code__) in waived:
                text = "it was called on behalf of a log message, a listener or a pure function first"
                raise Refusal(BypassReason.MEMO_PREWARMED, render(path), text)

    def asked(self, ran: Container[int]) -> list[Any]:
        """The memos that the recording may have asked, or that those before it have, whose results JAX still had.

        Args:
            ran: ids of the code objects that ran.
        """
        found = []
        for (memo, _), before in zip(self._memos, self._before, strict=True):
            function = _function_behind(memo)
            if _info(memo) != before or function is None or id(function.__code__) in ran:
                found.append(memo)
        return found


def prewarmed(walk: Walk, number: int) -> Refusal | None:
    """Why an entry is not for this call, whose trace may have asked the memo of that number; None if that is empty.

    Raises:
        IndexError: the walk has no such memo.
    """
    memo = walk.objects[number]
    if type(memo) is not MEMO:
        raise IndexError(f"object {number} of the walk is no memo")
    if _info(memo).currsize == 0:
        return None
    text = "it was called before this call, and what it remembers may stem from an older state"
    return Refusal(BypassReason.MEMO_PREWARMED, walk.path_of(number), text)


def _info(memo: Any) -> Any:
    return functools._lru_cache_wrapper.cache_info(memo)  # whatever the user has set on it


def _function_behind(memo: Any) -> types.FunctionType | None:
    """The function that a memo runs when it is asked something new; None where no recorder tells whether it ran."""
    found = memo
    while True:
        if type(found) is MEMO:
            found = (_raw.instance_dict(found) or {}).get("__wrapped__")
        elif type(found) is types.MethodType:
            found = found.__func__
        elif type(found) is functools.partial:
            found = functools.partial.func.__get__(found)
        else:
            break
    if type(found) is not types.FunctionType or _origin.of_function(found) is not Origin.USER:
        return None
    return found if _pruning.is_pruned(found, ()) else None
