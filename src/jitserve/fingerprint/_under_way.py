"""The recording that is under way in this thread, and the one that is waited for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._recording import Recording
    from ._standby import Standby


class _Here(threading.local):
    recording: Recording | None = None
    standby: Standby | None = None


_here = _Here()


def enter(recording: Recording | None) -> Recording | None:
    """Makes a recording that of this thread (None: there is none). Returns the one before."""
    before, _here.recording = _here.recording, recording
    return before


def stand_by(standby: Standby | None) -> Standby | None:
    """Makes ``standby`` what begins a recording in this thread once one is wanted. Returns the one before."""
    before, _here.standby = _here.standby, standby
    return before


def may_listen() -> bool:
    """Whether ``recording_under_way`` may have one to give."""
    return _here.recording is not None or _here.standby is not None


def recording_under_way() -> Recording | None:
    """The recording of this thread; one that is waited for begins. None: nobody listens."""
    if _here.recording is None and _here.standby is not None:
        _here.standby.start()
    return _here.recording
