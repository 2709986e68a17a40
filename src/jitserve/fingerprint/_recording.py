"""The recorder: proof, on the cold side, that a fingerprint covers what the trace did.

The walk is a key that was computed by looking. The recorder watches the trace and the lowering, and finds out whether
everything that ran was in the walk, and whether anything was read that the walk cannot see. Only then is a program
published to be found without a trace.
"""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from jitserve._dependencies import File, Reader, read_for
from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import forget_waivers, recall_waivers

from . import _bystanders, _memos, _under_way, _unread
from ._coverage import Coverage
from ._dependency import Dependency, DependencyKind, read
from ._garbage import Finalizers
from ._listening import Listening
from ._observer import Observer
from ._process_state import warning_filters
from ._walked import Walk


class Recording:
    """One recording. Use it as a context manager around the trace and the lowering, then ask for the verdict.

    Args:
        walked: the walk whose completeness is in question.
        earlier: code that ran in earlier traces, of which this one may find parts in JAX's caches; by id.

    Attributes:
        coverage: what the trace has used of the walk.
    """

    def __init__(self, walked: Walk, earlier: Mapping[int, types.CodeType]) -> None:
        self._walk = walked
        self._observer = Observer()
        self._observer.executed.update(earlier)
        self.coverage = Coverage(walked, self._observer)
        self._listening = Listening(self._observer)
        self._file_reader: Reader | None = None
        self._files: list[File] = []
        self._reuses = bool(earlier)
        self._memos = _memos.Memos(walked.memos)
        self._finalizers = Finalizers()
        self._random: list[Any] = []
        self._complete = False
        self._drew = False
        self._filters: list[object] = []
        self._unavailable: Refusal | None = None
        self._around: Recording | None = None
        self._waiting: list[Callable[[bool], None]] = []
        self._waivers = 0

    def __enter__(self) -> Recording:
        return self.begin(sys._getframe(1))

    def begin(self, base: types.FrameType) -> Recording:
        """Begins, as ``with`` does, on behalf of a frame: what that frame was called by is no part of the trace."""
        self._waivers = forget_waivers()
        self._random = _random_states()
        self._filters = warning_filters()
        self._memos.start()
        self._finalizers.start()
        self._observer.begin(base)
        try:
            self._listening.start(self._walk.unread.telling())
        except Refusal as refusal:
            self._unavailable = refusal  # for the verdict: the trace itself goes on
            return self
        self._around = _under_way.enter(self)
        self._file_reader = read_for(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        recall_waivers(self._waivers)
        self._observer.begin(None)
        self._finalizers.stop()
        if self._unavailable is not None:
            return
        read_for(self._file_reader)
        _under_way.enter(self._around)
        self._complete = self._listening.stop() and kind is None
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
        self._observer.executed.update(earlier)
        self._reuses = self._reuses or bool(earlier)
        self._listening.begin_part(unread.telling())

    def end_part(self) -> dict[int, types.CodeType]:
        """Ends the part that was begun last, and returns what ran in it, by id."""
        return self._listening.end_part()

    def waived(self) -> Mapping[int, types.CodeType]:
        """The code that ran where refusals are waived, by id."""
        return self._observer.waived

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
            or self.coverage.is_hidden()
        )
        return self._complete and not (read or heard.unbounded or self._drew)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What the trace read from outside, to be read again before every hit."""
        kind = DependencyKind.PACKAGE
        packages = [Dependency(kind, name, read(kind, name)) for name in self._packages()]
        return (*self._observer.findings.dependencies, *packages)

    def _packages(self) -> list[str]:
        return _bystanders.behind(self._observer.packages, self._reuses or bool(self._walk.memos))

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
        self._walk.check_run(self._observer.executed, self._observer.findings.imported)
        self._memos.check(self._observer.waived)
        self._check_traced_apart()
        self.coverage.check_excused()
        self.coverage.check_made_up()
        for package in self._packages():
            _bystanders.contents(package)
        for refusal in self._observer.shown.texts:
            raise refusal

    def _check_traced_apart(self) -> None:
        """JAX keeps what it has traced, and gives it to the function without running it again."""
        executed = self._observer.executed
        for code in self._observer.traced_apart.values():
            if id(code) not in executed and self._walk.covers_run(code, executed):
                where = f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})"
                detail = "it was traced on behalf of a log message or a listener first"
                raise Refusal(BypassReason.MEMO_PREWARMED, where, detail)

    def check_imports(self) -> None:
        """Raises if a module was imported meanwhile, by a library: that changes what its functions read.

        Raises:
            Refusal: LAZY_IMPORT, for the first one.
        """
        for refusal in self._observer.findings.imported.values():
            raise refusal

    def covered_by(self, pruned: Walk) -> bool:
        """Whether another walk of the same function covers everything that ran."""
        has_read = all(pruned.index_of(thing) is not None for thing in (*self.asked(), *self._files))
        has_read = has_read and not self.coverage.leaves_out_made_up(pruned)
        return has_read and not self.coverage.not_covered_by(pruned)

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
        more = self._observer.unbounded or self._observer.findings.dependencies or self.coverage.is_hidden()
        return None if more else dict(self._observer.executed)

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
