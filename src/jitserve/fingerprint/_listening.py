"""Everything that tells an observer what happens in a thread: one switch for all of it."""

from __future__ import annotations

import contextvars
import hashlib
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterable

from jitserve import _core

from . import _attribute_names, _audit, _pruning, _telltales
from ._observer import Observer

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


class Listening:
    """Has an observer told of the code that starts, of audit events, texts, loops over sets, and names made up.

    What was listening before is put back at the end.

    Args:
        observer: whom to tell.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._source = _Source(observer)
        self._is_on = False
        self._names: frozenset[str] = _ASKED
        self._auditor: Observer | None = None
        self._reader: Callable[[type], object] | None = None
        self._counter: Callable[[frozenset[object], bool], object] | None = None
        self._asker: tuple[Callable[[str], object] | None, frozenset[str]] = (None, _ASKED)

    def start(self, names: Iterable[str]) -> None:
        """Begins.

        Args:
            names: those of attributes that are to be reported, of all that are made up.

        Raises:
            Refusal: RECORDER_UNAVAILABLE, another profiler is there, or all tools of ``sys.monitoring`` are taken.
        """
        self._source.start()
        self._auditor = _audit.listen(self._observer)
        self._reader = _core.listen_to_texts(self._observer.shown.described, _SHOW_ADDRESSES)
        self._counter = _core.listen_to_sets(self._observer.shown.iterated)
        self._names = _ASKED.union(names, _attribute_names.ALL)
        self._asker = _core.listen_to_lookups(self._observer.asked, self._names)
        self._is_on = True

    def stop(self) -> bool:
        """Ends, and says whether nothing can have been missed."""
        _core.listen_to_lookups(*self._asker)
        _core.listen_to_sets(self._counter)
        _core.listen_to_texts(self._reader, _SHOW_ADDRESSES)
        _audit.listen(self._auditor)
        return self._source.stop() and not self._observer.failed

    def begin_part(self, names: Iterable[str]) -> None:
        """From now on it is noted apart what runs, and further names are reported; parts may have parts."""
        if self._is_on and not self._names.issuperset(names):
            self._names = self._names.union(names)
            _core.listen_to_lookups(self._observer.asked, self._names)
        self._source.begin_part()

    def end_part(self) -> dict[int, types.CodeType]:
        """Ends the part that was begun last, and returns what ran in it, by id."""
        return self._source.end_part()
