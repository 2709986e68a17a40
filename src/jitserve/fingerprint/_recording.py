"""The recorder: proof, on the cold side, that a fingerprint covers what the trace did.

The walk is a key that was computed by looking. The recorder watches the trace and the lowering, and finds out whether
everything that ran was in the walk, and whether anything was read that the walk cannot see. Only then is a program
published to be found without a trace.
"""

from __future__ import annotations

import contextvars
import hashlib
import random
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jitserve import _core
from jitserve._dependencies import File, Reader, read_for
from jitserve._footprint import WHOLE, Footprint
from jitserve._outcome import BypassReason, Refusal

from . import _attribute_names, _audit, _memos, _pruning, _telltales, _under_way, _unread
from ._dependency import Dependency
from ._garbage import Finalizers
from ._observer import Observer
from ._process_state import warning_filters
from ._walk import walk
from ._walked import Walk

if sys.version_info >= (3, 12):
    from ._monitoring import Monitoring as _Source
else:
    from ._profiling import Profiling as _Source

# By these, whoever makes them up at run time reads what no walk covers, or more than what ran.
_ASKED = _telltales.names() | _pruning.INTROSPECTION

# Types in C whose texts show where an object lies, beside those that take theirs over from ``object``.
_SHOW_ADDRESSES = (
    *(contextvars.ContextVar, contextvars.Token, memoryview, types.MethodWrapperType, weakref.ReferenceType),
    *(type(threading.Lock()), type(threading.RLock()), type(hashlib.sha256())),
)


class Recording:
    """One recording. Use it as a context manager around the trace and the lowering, then ask for the verdict.

    Args:
        walked: the walk whose completeness is in question.
        earlier: code that ran in earlier traces, of which this one may find parts in JAX's caches; by id.
    """

    def __init__(self, walked: Walk, earlier: Mapping[int, types.CodeType]) -> None:
        self._walk = walked
        self._observer = Observer()
        self._observer.executed.update(earlier)
        self._source = _Source(self._observer)
        self._previous: Observer | None = None
        self._reader: Callable[[type], object] | None = None
        self._file_reader: Reader | None = None
        self._files: list[File] = []
        self._counter: Callable[[frozenset[object], bool], object] | None = None
        self._telling: frozenset[str] = _ASKED
        self._asker: tuple[Callable[[str], object] | None, frozenset[str]] = (None, _ASKED)
        self._memos = _memos.Memos(walked.memos)
        self._finalizers = Finalizers()
        self._random: list[Any] = []
        self._complete = False
        self._drew = False
        self._filters: list[object] = []
        self._unavailable: Refusal | None = None
        self._around: Recording | None = None
        self._waiting: list[Callable[[bool], None]] = []

    def __enter__(self) -> Recording:
        return self.begin(sys._getframe(1))

    def begin(self, base: types.FrameType) -> Recording:
        """Begins, as ``with`` does, on behalf of a frame: what that frame was called by is no part of the trace."""
        self._random = _random_states()
        self._filters = warning_filters()
        self._memos.start()
        self._finalizers.start()
        self._observer.begin(base)
        try:
            self._source.start()
        except Refusal as refusal:
            self._unavailable = refusal  # for the verdict: the trace itself goes on
            return self
        self._previous = _audit.listen(self._observer)
        self._reader = _core.listen_to_texts(self._observer.shown.described, _SHOW_ADDRESSES)
        self._counter = _core.listen_to_sets(self._observer.shown.iterated)
        self._around = _under_way.enter(self)
        self._file_reader = read_for(self)
        self._telling = _ASKED.union(self._walk.unread.telling(), _attribute_names.ALL)
        self._asker = _core.listen_to_lookups(self._observer.asked, self._telling)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._observer.begin(None)
        self._finalizers.stop()
        if self._unavailable is not None:
            return
        read_for(self._file_reader)
        _under_way.enter(self._around)
        _core.listen_to_lookups(*self._asker)
        _core.listen_to_sets(self._counter)
        _core.listen_to_texts(self._reader, _SHOW_ADDRESSES)
        _audit.listen(self._previous)
        self._complete = self._source.stop() and kind is None and not self._observer.failed
        self._drew = _random_states() != self._random
        if warning_filters() == self._filters:
            self._observer.filter_setters.clear()
        undisturbed = self._is_undisturbed()
        for tell in self._waiting:
            tell(undisturbed)

    def begin_part(self, earlier: Mapping[int, types.CodeType], unread: _unread.Unread) -> None:
        """From now on it is noted apart what runs; parts may have parts.

        Args:
            earlier: code that counts as run, by id.
            unread: the attributes that the walk of the part has met: whoever makes up their names is heard, too.
        """
        if self._unavailable is None and not self._telling.issuperset(unread.telling()):
            self._telling = self._telling.union(unread.telling())
            _core.listen_to_lookups(self._observer.asked, self._telling)
        self._observer.executed.update(earlier)
        self._source.begin_part()

    def end_part(self) -> dict[int, types.CodeType]:
        """Ends the part that was begun last, and returns what ran in it, by id."""
        return self._source.end_part()

    def when_over(self, tell: Callable[[bool], None]) -> None:
        """Has somebody told, in the end, whether nothing was heard of but code that ran."""
        self._waiting.append(tell)

    def _is_undisturbed(self) -> bool:
        heard = self._observer
        read = (
            heard.findings.dependencies
            or heard.findings.refusals
            or heard.shown.texts
            or heard.filter_setters
            or self.reads_unnamed(self._walk.unread)
            or self.waives(self._walk)
        )
        return self._complete and not (read or heard.unbounded or self._drew)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What the trace read from outside, to be read again before every hit."""
        return self._observer.findings.dependencies

    def verdict(self) -> None:
        """Raises unless the walk and the recorded dependencies cover everything that was recorded.

        Raises:
            Refusal: the first thing found that they do not cover.
        """
        if self._unavailable is not None:
            raise self._unavailable
        for refusal in self._observer.findings.refusals:
            raise refusal
        if self._drew:
            raise Refusal(BypassReason.RNG_READ, "recorder", "the state of a global random generator has changed")
        for place in self._observer.filter_setters:
            detail = "sets a filter of warnings and leaves it set; do it outside, or within catch_warnings"
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, place, detail)
        if not self._complete:
            raise Refusal(BypassReason.INCOMPLETE_RECORDING, "recorder", "events of the trace may have been missed")
        self._walk.check_run(self._observer.executed)
        self._memos.check()
        if self._walk.unread.excused:
            self._walk.unread.check(self._read(()), self._ran())
        for refusal in self._observer.shown.texts:
            raise refusal

    def footprint(self, always: Iterable[object] = ()) -> Footprint:
        """The functions that ran, to prune later walks to; ``WHOLE`` where that would not be sound.

        To be asked after a verdict that raised nothing.

        Args:
            always: what counts as run with everything that is reachable from it, like what memos remember and what the
                user has named with ``depends_on``.
        """
        if self.is_introspective() or not _pruning.has_run(self._walk, self._observer.executed):
            return WHOLE
        ran = _pruning.ran_in(self._walk, self._ran()) or frozenset()
        always = tuple(always)
        try:
            roots = (*always, *self._walk.remembering, *_pruning.named_dependencies(self._walk))
            reached = [walk(root, deferred=True) for root in roots]
        except Refusal:
            return WHOLE  # by itself a memo may be judged more strictly than within the library that has it
        read = None if always else self._read(reached)
        unread = frozenset[str]() if read is None else self._walk.unread.unread(read)
        return Footprint(ran | _pruning.all_in(reached), unread)

    def _read(self, reached: Iterable[Walk]) -> set[str] | None:
        """The names of the attributes that what ran may have read; None where that cannot be told.

        Args:
            reached: walks of what counts as run.
        """
        unread, heard = self._walk.unread, self._observer
        if not unread.is_allowed or not _attribute_names.ALL.isdisjoint(unread.asked):
            return None
        if heard.names.took_all or self.is_introspective():
            return None
        if _pruning.named_dependencies(self._walk):
            return None
        codes = (code for walked in reached for code, _ in walked.codes.values())
        read = _attribute_names.names_in(self._ran().values(), codes)
        return None if read is None else read | unread.asked | self._asked()

    def reads_unnamed(self, unread: _unread.Unread) -> bool:
        """Whether attributes that a walk has met were read, and the code which ran does not name them."""
        asked = not self._asked().isdisjoint(unread.telling())
        return asked or (self._observer.names.took_all and bool(unread.names))

    def waives(self, walk: Walk) -> bool:
        """Whether code that a walk has met ran where what it does is waived, of which later calls would not hear."""
        return any(walk.covers(code) for code in self._observer.waived.values())

    def _ran(self) -> Mapping[int, types.CodeType]:
        """The code that ran, by id; of what ran within pure functions and listeners, that which the walk has met."""
        waived = self._observer.waived
        if not waived:
            return self._observer.executed
        ran = self._observer.executed | waived
        return self._observer.executed | {i: code for i, code in waived.items() if self._walk.covers_run(code, ran)}

    def _asked(self) -> set[str]:
        """Names of attributes that were asked for, and do not stand in the code that a walk goes into."""
        names = self._observer.names
        return names.asked(self._observer.executed) | (names.of_libraries - _unread.SHOW_FIELDS)

    def is_introspective(self) -> bool:
        """Whether more may count than what ran: functions that were looked into, or what other threads did."""
        return self._observer.unbounded or _pruning.ran_in(self._walk, self._ran()) is None

    def covered_by(self, pruned: Walk) -> bool:
        """Whether another walk of the same function covers everything that ran."""
        has_read = all(pruned.index_of(thing) is not None for thing in (*self.asked(), *self._files))
        return has_read and not self._uncovered(pruned)

    def leading_to_rest(self, pruned: Walk) -> frozenset[str]:
        """The functions that have led this walk, and not the pruned one, to code that ran."""
        return _pruning.leading_to(self._walk, self._uncovered(pruned))

    def _uncovered(self, pruned: Walk) -> list[types.CodeType]:
        ran = self._ran()
        return [code for code in ran.values() if not pruned.covers_run(code, ran)]

    def covers_file(self, file: File) -> bool:
        """Whether the walk has met the file, whose contents the trace is about to read."""
        if self._walk.index_of(file) is None:
            return False
        self._files.append(file)
        return True

    def path_read(self, file: File) -> None:
        """Notes that the trace has asked for the path of a file."""
        self._observer.file_path_read(sys._getframe(2))

    def asked(self) -> list[Any]:
        """The memos that the trace may have asked."""
        return self._memos.asked(self._observer.executed)

    def repeatable(self) -> Mapping[int, types.CodeType] | None:
        """The code that ran, by id, if what ran and the walk are all that an equal trace depends on; None if not.

        To be asked after a verdict that raised nothing.
        """
        more = self._observer.unbounded or self.dependencies or self.reads_unnamed(self._walk.unread)
        return None if more or self.waives(self._walk) else dict(self._observer.executed)

    def executed(self) -> list[str]:
        """Names of the walked code that ran, for people."""
        return sorted(code.co_qualname for code in self._observer.executed.values())


def record(walked: Walk, earlier: Mapping[int, types.CodeType] | None = None) -> Recording:
    """A recording of what the current thread does, to be judged against ``walked``.

    Args:
        walked: the walk.
        earlier: code that counts as run, by id.
    """
    return Recording(walked, earlier or {})


def _random_states() -> list[Any]:
    states: list[Any] = [random.getstate()]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        name, keys, *rest = numpy_random.get_state()
        states.append((name, keys.tobytes(), rest))
    return states
