"""Sends what became of calls to the daemon, in batches, from a thread of its own."""

from __future__ import annotations

import atexit
import os
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from jitserve._errors import StoreFault
from jitserve.store._tier import Report

INTERVAL_S = 1.0
_SAMPLES = 4096  # load times kept while the daemon is away; the counts themselves never grow


@dataclass(slots=True)
class Batch:
    """Reports added up."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bypasses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds_saved: float = 0.0
    published: int = 0
    wrong_hits: int = 0
    load_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_SAMPLES))

    def add(self, report: Report) -> None:
        self.outcomes.update(report.get("outcomes", {}))
        self.bypasses.update(report.get("bypasses", {}))
        self.faults.update(report.get("faults", {}))
        self.seconds_saved += report.get("seconds_saved", 0.0)
        self.published += report.get("published", 0)
        self.wrong_hits += report.get("wrong_hits", 0)
        self.load_seconds.extend(report.get("load_seconds", ()))

    def as_report(self) -> Report:
        return Report(
            outcomes=self.outcomes,
            bypasses=self.bypasses,
            faults=self.faults,
            seconds_saved=self.seconds_saved,
            published=self.published,
            wrong_hits=self.wrong_hits,
            load_seconds=list(self.load_seconds),
        )


class Reporter:
    """Collects reports and hands them to ``send`` about once a second, and once more at the end of the process.

    A batch that could not be delivered is kept for the next time. One of which we do not know whether it arrived is
    given up and counted (``report_lost``): a metric that is short is better than one that counts twice.

    Args:
        send: delivers one report, within a bound. A ``StoreFault`` of a kind other than ``daemon_unreachable`` means
            that it may have arrived.
        ready: whether ``send`` makes sense now.
        on_fault: told what ``send`` raised.
    """

    def __init__(
        self,
        send: Callable[[Report], None],
        ready: Callable[[], bool],
        on_fault: Callable[[StoreFault], None],
    ) -> None:
        self._send = send
        self._ready = ready
        self._on_fault = on_fault
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._batch: Batch | None = None
        self._thread: threading.Thread | None = None

    def add(self, report: Report) -> None:
        """Remembers a report; returns at once. Starts the thread when it is the first."""
        if self._process != os.getpid():
            self._start_over()  # a forked child: what the parent had not sent yet is the parent's to send
        with self._lock:
            if self._batch is None:
                self._batch = Batch()
            self._batch.add(report)
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="jitserve-report", daemon=True)
                atexit.register(self.close, INTERVAL_S)
                self._thread.start()

    def close(self, timeout: float) -> None:
        """Sends what is left, waiting at most ``timeout`` seconds for it. Idempotent."""
        if self._process != os.getpid():
            return
        atexit.unregister(self.close)
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                return  # it is a daemon thread: the process need not wait for it
        self._flush()

    def _start_over(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._batch = None
        self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, None
        if batch is None:
            return
        if not self._ready():
            self._keep(batch)
            return
        try:
            self._send(batch.as_report())
        except StoreFault as fault:
            self._on_fault(fault)
            if fault.kind == "daemon_unreachable":
                self._keep(batch)
            else:
                self._on_fault(StoreFault("report_lost", f"{batch.outcomes.total()} outcomes: {fault.message}"))
        except Exception as error:  # noqa: BLE001 - a report that makes no sense must not end the thread with a traceback
            self._on_fault(StoreFault("report_lost", f"{batch.outcomes.total()} outcomes: {error!r}"))

    def _keep(self, batch: Batch) -> None:
        with self._lock:
            if self._batch is not None:
                batch.add(self._batch.as_report())
            self._batch = batch
