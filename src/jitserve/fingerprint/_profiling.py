"""How the observer is told, on Python 3.11: a profile function in the extension."""

from __future__ import annotations

import sys
import types

from jitserve import _core

from ._observer import Observer


class Profiling:
    """The profile function of one recording, for this thread."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._profile = _core.Profile(self._started, self._called)

    def start(self) -> None:
        """Begins to report."""
        self._profile.start()

    def stop(self) -> bool:
        """Puts back what was there. False: something went wrong, and events may be missing."""
        return self._profile.stop()

    def _started(self, code: types.CodeType, frame: types.FrameType) -> int:
        return int(self._observer.code_started(code, frame))

    def _called(self, function: object) -> None:
        self._observer.called(function, None, sys._getframe(1))
