"""How the observer is told, on Python 3.12 and later: ``sys.monitoring``.

A tool of our own beside coverage, debuggers and profilers, with events for code that starts, and with the calls of
walked code only. An event of another thread is never answered with ``DISABLE``: that would blind us to the same code
in the recording thread.
"""

from __future__ import annotations

import sys
import threading
import types

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal
from jitserve._signals import pass_on

from ._names_read import CACHED_PROPERTY
from ._observer import Interest, Observer

assert sys.version_info >= (3, 12), "Python 3.11 has no sys.monitoring"

_TOOL_NAME = "jitserve"
_PREFERRED_TOOLS = (4, 3, 5, 1, 2, 0)  # the first ones are reserved by convention: debugger, coverage, profiler
# Functions by ids of their types, so that no metaclass of the user is asked: they have names, and may be handed to
# a library.
_NAMED = frozenset(
    id(kind)
    for kind in (
        types.BuiltinFunctionType,
        types.ClassMethodDescriptorType,
        types.FunctionType,
        types.MethodDescriptorType,
        types.MethodWrapperType,
        types.WrapperDescriptorType,
    )
)


class Monitoring:
    """The monitoring tool of one recording.

    Raises:
        Refusal: RECORDER_UNAVAILABLE when all tools are taken.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._thread = threading.get_ident()
        self._tool = -1
        self._done: dict[int, types.CodeType] = {}  # holds the code objects, so that their ids stay theirs
        self._watched: dict[int, types.CodeType] = {}
        self._parts: list[dict[int, types.CodeType]] = []  # what ran in the parts that are under way
        self._failed = False

    def start(self) -> None:
        """Begins to report."""
        monitoring = sys.monitoring
        self._tool = self._claim()
        events = monitoring.events
        started = _core.answer_to_starts(
            *(self._done, self._watched, self._parts, CACHED_PROPERTY, self._observer.names.properties),
            *(monitoring.DISABLE, self._is_first),
        )
        monitoring.register_callback(self._tool, events.PY_START, started)
        monitoring.register_callback(self._tool, events.PY_RESUME, started)
        monitoring.register_callback(self._tool, events.PY_THROW, self._thrown)
        monitoring.register_callback(self._tool, events.CALL, self._called)
        monitoring.set_events(self._tool, events.PY_START | events.PY_RESUME | events.PY_THROW)
        monitoring.restart_events()

    def stop(self) -> bool:
        """Gives the tool back. False: something went wrong, and events may be missing."""
        monitoring = sys.monitoring
        for code in self._watched.values():
            monitoring.set_local_events(self._tool, code, 0)
        monitoring.set_events(self._tool, 0)
        for event in ("PY_START", "PY_RESUME", "PY_THROW", "CALL"):
            monitoring.register_callback(self._tool, getattr(monitoring.events, event), None)
        monitoring.free_tool_id(self._tool)
        return not self._failed

    def begin_part(self) -> None:
        """From now on it is noted apart which watched code starts."""
        self._parts.append({})

    def end_part(self) -> dict[int, types.CodeType]:
        """Ends the part that was begun last. Returns what ran in it, by id."""
        ran = self._parts.pop()
        if self._parts:
            self._parts[-1].update(ran)
        return ran

    def _claim(self) -> int:
        for tool in _PREFERRED_TOOLS:
            try:
                sys.monitoring.use_tool_id(tool, _TOOL_NAME)
            except ValueError:
                continue
            return tool
        raise Refusal(BypassReason.RECORDER_UNAVAILABLE, "sys.monitoring", "all of its tools are in use")

    def _is_first(self, code: types.CodeType, offset: int) -> object:
        """A start that is to be reported: the first one, most often. Of all others C++ takes care."""
        if self._is_done(code, sys._getframe(1)):
            if id(code) not in self._watched:
                return sys.monitoring.DISABLE
            if self._parts:
                self._parts[-1][id(code)] = code
        return None

    def _thrown(self, code: types.CodeType, offset: int, error: BaseException) -> None:
        if threading.get_ident() != self._thread:
            return
        if id(code) not in self._done:
            self._is_done(code, sys._getframe(1))
        if self._parts and id(code) in self._watched:
            self._parts[-1][id(code)] = code

    def _is_done(self, code: types.CodeType, frame: types.FrameType) -> bool:
        """Reports a start; whether no further one needs to be."""
        try:
            interest = self._observer.code_started(code, frame)
        except Exception as error:  # noqa: BLE001 - the recording is worthless then, and the user's call goes on
            self._failed = True
            pass_on(error)
            interest = Interest.NONE
        if interest is Interest.STARTS:
            return False
        self._done[id(code)] = code
        if interest is Interest.CALLS:
            self._watched[id(code)] = code
            sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.CALL)
        return True

    def _called(self, code: types.CodeType, offset: int, function: object, first: object) -> object:
        if threading.get_ident() != self._thread:
            return None
        try:
            receiver = None if first is sys.monitoring.MISSING else first
            self._observer.called(function, receiver, sys._getframe(1))
        except Exception as error:  # noqa: BLE001 - see above
            self._failed = True
            pass_on(error)
        # A call site of a library that names what it calls is looked at once: there are many.
        is_fixed = id(type(function)) not in _NAMED or getattr(function, "__name__", None) in code.co_names
        return sys.monitoring.DISABLE if is_fixed and id(code) not in self._observer.users else None
