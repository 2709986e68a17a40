"""Memos of the user (``functools.lru_cache``): what they remember may stem from a state that is no more.

The memo's function is in the walk, its contents are not. When a trace is answered from what the memo remembered
before, nobody knows what that was computed from.
"""

from __future__ import annotations

from typing import Any

from jitserve._outcome import BypassReason, Refusal

from ._path import Path, render


class Memos:
    """The memos that a walk has met, before and after a recording."""

    __slots__ = ("_before", "_memos")

    def __init__(self, memos: list[tuple[Any, Path]]) -> None:
        self._memos = memos
        self._before: list[Any] = []

    def start(self) -> None:
        """Notes how full and how often asked they are."""
        self._before = [memo.cache_info() for memo, _ in self._memos]

    def check(self) -> None:
        """Raises when the recording was answered from what a memo remembered from before.

        Raises:
            Refusal: MEMO_PREWARMED.
        """
        for (memo, path), before in zip(self._memos, self._before, strict=True):
            now = memo.cache_info()
            was_cleared = now.hits < before.hits or now.misses < before.misses  # who knows what it answered before
            if before.currsize > 0 and (was_cleared or now.hits > before.hits):
                text = "it was called before this trace, and what it remembers may stem from an older state"
                raise Refusal(BypassReason.MEMO_PREWARMED, render(path), text)
