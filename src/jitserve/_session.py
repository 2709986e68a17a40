"""What one process shares among its jitted functions: settings, counters, the store, the writer.

There is one session per process, made at the first use and replaced by ``jitserve.configure`` and in forked children.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from jitserve._advice import advice_for
from jitserve._answered import Answered
from jitserve._contexts import Contexts
from jitserve._errors import RecordError, StoreFault
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._repeated import Repeated
from jitserve._settings import Settings
from jitserve._signals import pass_on
from jitserve._stats import Counters
from jitserve._warn import warn
from jitserve._writer import Writer

if TYPE_CHECKING:
    from jitserve._built import Build
    from jitserve._environment import Environment
    from jitserve.store._tier import Report, Store

_logger = logging.getLogger("jitserve")


class _Named(logging.LoggerAdapter[logging.Logger]):
    """Says whose messages they are: programs that set up no logging, and some that do, show the message alone."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return f"jitserve: {msg}", kwargs


logger = _Named(_logger, {})

_REMEMBERED = 1000  # refusals of traced calls, for ``explain``


class Session:
    """The shared state of one process. All of it is lazy: making a session touches no file.

    Args:
        settings: where the store is, how long to wait, and so on.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters = Counters()
        self.contexts = Contexts()
        self.answered = Answered()
        self.repeated = Repeated()
        self.writer = Writer(self.settings.exit_flush_s)
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._broken: str | None = None
        self._environment: Environment | None = None
        self._told: set[tuple[str, BypassReason]] = set()
        self._warned: set[tuple[str, str]] = set()
        self._refusals: dict[bytes, Refusal] = {}
        if settings.log_level:
            _show_log(settings.log_level)

    def store(self) -> Store | None:
        """The store; None where it cannot be used, after one warning."""
        if self._is_unopened():
            with self._lock:
                if self._is_unopened():
                    self._open()
        return self._store

    def _is_unopened(self) -> bool:
        return self._store is None and self._broken is None

    def _open(self) -> None:
        try:
            from jitserve.store import open_store  # reads files itself

            self._store = open_store(self.settings, self._tier_fault)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, the call goes on without it
            pass_on(error)
            self._broken = kind_of(error)
            self.fault(self._broken)
            what = error.message if isinstance(error, StoreFault) else f"{type(error).__name__}: {error}"
            is_told = "JITSERVE_DIR" in what or isinstance(error, OSError)
            advice = "" if is_told else ". Set JITSERVE_DIR to a directory you can write."
            warn(f"jitserve runs without a cache: {what}{advice}")

    def _tier_fault(self, fault: StoreFault) -> None:
        """A tier failed and a further one did its work: nobody else sees it."""
        self.fault(fault.kind)
        logger.log(self._level("", fault.kind), "%s", fault)

    def environment(self) -> Environment:
        """The environment of this process; made at the first lookup, when the backend is up anyway."""
        if self._environment is None:
            from jitserve._environment import Environment

            self._environment = Environment(self.settings.store_dir / "toolchain")
        return self._environment

    def hit(self, outcome: Outcome, load_s: float, saved_s: float) -> None:
        """Counts a hit. Times are in seconds."""
        self.counters.hit(outcome, load_s, saved_s)
        self._report({"outcomes": {outcome.value: 1}, "seconds_saved": saved_s, "load_seconds": [load_s]})

    def built(self, function: str, refusal: Refusal | None, result: Build) -> Outcome:
        """Counts a call that was traced, and returns as what: a bypass if it was refused, else lowered hit or miss."""
        if refusal is not None:
            if len(self._refusals) >= _REMEMBERED:
                self._refusals.pop(next(iter(self._refusals)))
            self._refusals[result.call_key] = refusal
            self.bypass(function, refusal)
            return Outcome.BYPASS
        self._refusals.pop(result.call_key, None)
        if result.outcome is Outcome.LOWERED_HIT:
            self.hit(result.outcome, result.costs.load_s, result.costs.compile_s - result.costs.load_s)
        else:
            self.miss()
        self.made(function, result.outcome)
        return result.outcome

    def miss(self) -> None:
        """Counts a miss."""
        self.counters.miss()
        self._report({"outcomes": {Outcome.MISS.value: 1}})

    def bypass(self, function: str, refusal: Refusal) -> None:
        """Counts a bypass, and says so in the log once for each function and reason."""
        reason = refusal.reason
        self.counters.bypass(reason)
        self.made(f"{function} ({reason.value})", Outcome.BYPASS)
        self._report({"outcomes": {Outcome.BYPASS.value: 1}, "bypasses": {reason.value: 1}})
        if (function, reason) not in self._told:
            self._told.add((function, reason))
            place = f"{refusal.path}, {refusal.place}" if refusal.place else refusal.path or "the call"
            message = "%s runs without the cache (%s): at %s: %s. %s."
            # An inner call, or one that JAX makes for an eager operation, is nothing that anybody could change.
            is_jaxs = reason is BypassReason.NESTED_TRACE or function.startswith("jax._src.")
            level = logging.DEBUG if is_jaxs else logging.INFO
            logger.log(
                level,
                message,
                function,
                reason.value,
                place,
                refusal.detail,
                advice_for(reason, f"{refusal.path} {refusal.detail}"),
            )

    def made(self, function: str, outcome: Outcome) -> None:
        """Tells of one call, to those who want to hear of every one."""
        logger.debug("%s: %s", function, outcome.value)

    def refusal_of(self, call_key: bytes) -> Refusal | None:
        """Why the call of that key was refused when it was traced in this process, if it was."""
        return self._refusals.get(call_key)

    def faulted(self) -> None:
        """Counts a call that something broken sent through plain JAX."""
        self.counters.faulted()
        self._report({"outcomes": {Outcome.FAULT.value: 1}})

    def fault(self, kind: str) -> None:
        """Counts one thing that broke."""
        self.counters.fault(kind)
        self._report({"faults": {kind: 1}})

    def wrong_hit(self) -> None:
        """Counts a direct hit that verify mode contradicted."""
        self.counters.wrong_hit()
        self._report({"wrong_hits": 1})

    def published(self) -> None:
        """Counts a committed manifest."""
        self.counters.published()
        self._report({"published": 1})

    def _report(self, batch: Report) -> None:
        # Only through a store that is open: a report must not be what starts one.
        if self._store is not None:
            self._store.report(batch)

    @contextlib.contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Runs a step of ours whose failure must not reach the user: it is counted and logged instead.

        A ``Refusal`` passes: it is an answer, not a failure. So does what a handler of the user's for a signal raises.
        """
        try:
            yield
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - that is the purpose
            pass_on(error)
            self.broke(what, error)

    def broke(self, what: str, error: Exception) -> None:
        """Counts and logs an error of our own, which is not to reach the user."""
        kind = kind_of(error)
        self.fault(kind)
        message = "%s failed, the call goes on without it: %s"
        logger.log(self._level(what, kind), message, what, error, exc_info=kind == "internal")

    def _level(self, what: str, kind: str) -> int:
        """A full disk fails every step of every call; the log says so once, and the counters know the rest."""
        step = what if kind == "internal" else ""
        level = logging.DEBUG if (step, kind) in self._warned else logging.WARNING
        self._warned.add((step, kind))
        return level

    def close(self) -> None:
        """Writes what is waiting, within the bound of the settings, and lets go of the store."""
        self.writer.close()
        if self._store is not None:
            self._store.close()


def kind_of(error: Exception) -> str:
    """As which kind of fault an error of ours is counted."""
    if isinstance(error, StoreFault):
        return error.kind
    if isinstance(error, RecordError):
        return "record"
    # Whatever needs a file, an import included, fails where there are too many of them.
    return "io_error" if isinstance(error, OSError) else "internal"


def _settings() -> Settings:
    settings, errors = Settings.usable()
    for error in errors:
        # A typing error in a variable must not end a job that would run without us.
        warn(f"jitserve takes the default for a setting: {error}")
    return settings


def _show_log(level: str) -> None:
    """Shows the log from that level on: where the program has no logging of its own, on standard error."""
    _logger.setLevel(level)
    if not _logger.hasHandlers():
        _logger.addHandler(logging.StreamHandler())


class _Current:
    """Holds the session of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Session | None = None

    def get(self) -> Session:
        if self._session is None:
            with self._lock:
                if self._session is None:
                    self._session = Session(_settings())
        return self._session

    def replace(self, session: Session) -> None:
        with self._lock:
            old, self._session = self._session, session
        if old is not None:
            old.close()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def forget(self) -> None:
        """In a forked child: threads, channels and leases of the parent are not ours."""
        session = self._session
        self._lock = threading.Lock()
        self._session = None if session is None else Session(session.settings)


_current = _Current()


# Functions, not bound methods: what refers to them can be pickled by name.
def current_session() -> Session:
    """The session of this process."""
    return _current.get()


def replace_session(session: Session) -> None:
    """Makes ``session`` that of this process, and closes the one before."""
    _current.replace(session)


atexit.register(_current.close)
os.register_at_fork(after_in_child=_current.forget)
