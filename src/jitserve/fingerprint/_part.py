"""A part of a recording: what an inner call is traced to, judged by what that call can read itself."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from jitserve._outcome import Refusal

from . import _memos

if TYPE_CHECKING:
    from ._recording import Recording
    from ._unread import Unread
    from ._walked import Walk


class Part:
    """What happens within ``with``, as the recording around it hears of it.

    Args:
        recording: what is under way.
        walked: the walk of the inner call.
        earlier: code that ran in earlier traces, of which this one may find parts in JAX's caches; by id.
    """

    def __init__(self, recording: Recording, walked: Walk, earlier: Mapping[int, types.CodeType]) -> None:
        self._recording = recording
        self._walk = walked
        self._memos = _memos.Memos(walked.memos)
        self._ran: dict[int, types.CodeType] = dict(earlier)

    def __enter__(self) -> Part:
        self._memos.start()
        self._recording.begin_part(self._ran, self._walk.unread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._ran.update(self._recording.end_part())

    def covered(self) -> Mapping[int, types.CodeType] | None:
        """The code that ran, by id, if the walk covers it; None if not. To be asked after the end.

        What cannot be fingerprinted is on no account shared, be it read or not. Whether an equal trace depends on
        nothing else is known when the recording is over.
        """
        if self._walk.unread.excused:
            return None
        try:
            self._memos.check(self._recording.waived())
            self._walk.check_run(self._ran)
        except Refusal:
            return None
        return self._ran

    def when_settled(self, tell: Callable[[bool], None]) -> None:
        """Has somebody told, when the recording is over, whether nothing was heard of but code that ran.

        A recording hears the names of attributes that its own walk has met, or the walks of its parts. Later calls that
        find the trace hear nothing: a trace that reads attributes by names that no code has is not for them.
        """
        unread = self._walk.unread
        self._recording.when_over(lambda so_far: tell(so_far and not self._hides(unread)))

    def _hides(self, unread: Unread) -> bool:
        coverage = self._recording.coverage
        left_out = coverage.leaves_out_made_up(self._walk) or coverage.waives(self._walk)
        return left_out or coverage.reads_unnamed(unread)
