"""A trace that is refused a key is recorded only if something in it is worth it: an inner call that has one."""

from __future__ import annotations

import contextlib
import types

from . import _under_way
from ._recording import record
from ._walk import walk


class Standby:
    """Waits for somebody to ask for a recording, which lasts until this is left as a context manager.

    Args:
        base: what this frame was called by is no part of the trace.
    """

    def __init__(self, base: types.FrameType) -> None:
        self._base = base
        self._before: Standby | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Standby:
        self._before = _under_way.stand_by(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        _under_way.stand_by(self._before)
        self._stack.__exit__(kind, error, traceback)

    def start(self) -> None:
        """Begins the recording."""
        recording = record(walk(None))
        self._stack.push(recording.__exit__)
        recording.begin(self._base)
