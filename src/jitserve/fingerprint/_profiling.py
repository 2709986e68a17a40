"""How the observer is told, on Python 3.11: a profile function in the extension."""

from __future__ import annotations

import sys
import types

from jitserve import _core
from jitserve._signals import pass_on

from ._observer import Interest, Observer

# Answers for ``_core.Profile``: of a library's code each C function is reported once, of the user's every call.
_NEW_CALLS, _ALL_CALLS = 1, 3


class Profiling:
    """The profile function of one recording, for this thread."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._profile = _core.Profile(self._started, self._called, pass_on)

    def start(self) -> None:
        """Begins to report."""
        self._profile.start()

    def stop(self) -> bool:
        """Puts back what was there. False: something went wrong, and events may be missing."""
        return self._profile.stop()

    def begin_part(self) -> None:
        """From now on it is noted apart which watched code starts."""
        self._profile.begin_part()

    def end_part(self) -> dict[int, types.CodeType]:
        """Ends the part that was begun last. Returns what ran in it, by id."""
        return {id(code): code for code in self._profile.end_part()}

    def _started(self, code: types.CodeType, frame: types.FrameType) -> int:
        interest = self._observer.code_started(code, frame)
        if interest is Interest.CALLS:
            return _ALL_CALLS if id(code) in self._observer.users else _NEW_CALLS
        return interest.value

    def _called(self, function: object) -> None:
        self._observer.called(function, None, sys._getframe(1))
