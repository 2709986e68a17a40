"""What of a walk a trace has used: the footprint that later walks may be pruned to."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping

from jitserve._footprint import WHOLE, Footprint
from jitserve._outcome import Refusal

from . import _attribute_names, _pruning, _unread
from ._observer import Observer
from ._walk import walk
from ._walked import Walk


class Coverage:
    """What ran and was read of a walk. To be asked when the recording is over.

    Args:
        walked: the walk.
        observer: what was noted.
    """

    def __init__(self, walked: Walk, observer: Observer) -> None:
        self._walk = walked
        self._observer = observer

    def check_excused(self) -> None:
        """Raises unless the trace did without those attributes that the walk could not go into.

        Raises:
            Refusal: what the walk has met there.
        """
        if self._walk.unread.excused:
            self._walk.unread.check(self._read(()), self.ran())

    def check_made_up(self) -> None:
        """Raises if names were made up, or are those of getters, by which something is read that the walk has left out.

        Raises:
            Refusal: the first of them.
        """
        asked = dict.fromkeys(sorted(self._walk.unread.getters), "recorder") | self._observer.names.seldom
        for name, where in asked.items():
            if name in self._walk.left:
                reason, detail = self._walk.left[name]
                raise Refusal(reason, where, f"reads the attribute {name!r}: {detail}")

    def leaves_out_made_up(self, walk: Walk) -> bool:
        """Whether names were made up by which something is read that another walk has left out."""
        return not self._observer.names.seldom.keys().isdisjoint(walk.left)

    def footprint(self, always: Iterable[object] = ()) -> Footprint:
        """The functions that ran, to prune later walks to; ``WHOLE`` where that would not be sound.

        To be asked after a verdict that raised nothing.

        Args:
            always: what counts as run with everything that is reachable from it, like what memos remember and what the
                user has named with ``depends_on``.
        """
        if self.is_introspective() or not _pruning.has_run(self._walk, self._observer.executed):
            return WHOLE
        ran = _pruning.ran_in(self._walk, self.ran()) or frozenset()
        always = tuple(always)
        try:
            roots = (*always, *self._walk.remembering, *_pruning.named_dependencies(self._walk))
            reached = [walk(root, deferred=True) for root in roots]
        except Refusal:
            return WHOLE  # by itself a memo may be judged more strictly than within the library that has it
        read = None if always else self._read(reached)
        unread = frozenset[str]() if read is None else self._walk.unread.unread(read)
        if not (always or self._observer.names.of_classes or self.waives(self._walk)):
            unread |= {_unread.DESCRIPTIONS}
        return Footprint(ran | _pruning.all_in(reached), unread)

    def _read(self, reached: Iterable[Walk]) -> set[str] | None:
        """The names of the attributes that what ran may have read; None where that cannot be told.

        Args:
            reached: walks of what counts as run.
        """
        unread = self._walk.unread
        if not unread.is_allowed or not _attribute_names.ALL.isdisjoint(unread.asked):
            return None
        if self._observer.names.took_all or self.is_introspective():
            return None
        if _pruning.named_dependencies(self._walk):
            return None
        codes = (code for walked in reached for code, _ in walked.codes.values())
        read = _attribute_names.names_in(self.ran().values(), codes)
        return None if read is None else read | unread.asked | self._asked()

    def reads_unnamed(self, unread: _unread.Unread) -> bool:
        """Whether attributes that a walk has met were read, and the code which ran does not name them."""
        asked = not self._asked().isdisjoint(unread.telling())
        return asked or (self._observer.names.took_all and bool(unread.names))

    def waives(self, walk: Walk) -> bool:
        """Whether code that a walk has met ran where what it does is waived, of which later calls would not hear."""
        return any(walk.covers(code) for code in self._observer.waived.values())

    def is_hidden(self) -> bool:
        """Whether the trace read or ran more of the walk than it shows."""
        return self.reads_unnamed(self._walk.unread) or self.waives(self._walk)

    def is_introspective(self) -> bool:
        """Whether more may count than what ran: functions that were looked into, or what other threads did."""
        return self._observer.unbounded or _pruning.ran_in(self._walk, self.ran()) is None

    def ran(self) -> Mapping[int, types.CodeType]:
        """The code that ran, by id; of what ran within pure functions and listeners, that which the walk has met."""
        executed, waived = self._observer.executed, self._observer.waived
        if not waived:
            return executed
        ran = executed | waived
        return executed | {i: code for i, code in waived.items() if self._walk.covers_run(code, ran)}

    def not_covered_by(self, pruned: Walk) -> list[types.CodeType]:
        """The code that ran and that another walk of the same function does not cover."""
        ran = self.ran()
        return [code for code in ran.values() if not pruned.covers_run(code, ran)]

    def leading_to_rest(self, pruned: Walk) -> frozenset[str]:
        """The functions that have led this walk, and not the pruned one, to code that ran."""
        return _pruning.leading_to(self._walk, self.not_covered_by(pruned))

    def _asked(self) -> set[str]:
        """Names of attributes that were asked for, and do not stand in the code that a walk goes into."""
        names = self._observer.names
        return names.asked(self._observer.executed) | (names.of_libraries - _unread.SHOW_FIELDS)
