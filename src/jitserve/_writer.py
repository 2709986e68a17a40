"""The background writer: publishing is off the caller's thread, bounded in memory, and flushed at interpreter exit."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# Bytes that may wait. A process that compiles faster than the disk takes it drops the excess, which costs a later
# process a compile, instead of growing.
_LIMIT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Job:
    """Something to write.

    Attributes:
        size: bytes that it holds on to.
        run: does it; must not raise.
        drop: called instead of ``run`` where there is no room or no time.
    """

    size: int
    run: Callable[[], None]
    drop: Callable[[], None]


class Writer:
    """Runs jobs in order on one background thread, which starts with the first job.

    Args:
        flush_s: seconds that ``close`` may wait for jobs that are under way.
        limit: bytes that may wait at any time.
    """

    def __init__(self, flush_s: float, limit: int = _LIMIT_BYTES) -> None:
        self._flush_s = flush_s
        self._limit = limit
        self._jobs: deque[Job] = deque()
        self._waiting = 0
        self._busy = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> bool:
        """Adds a job; False (after ``job.drop()``) where there is no room for it or the writer is closed."""
        with self._changed:
            accepted = not self._closed and self._waiting + job.size <= self._limit
            if accepted:
                self._jobs.append(job)
                self._waiting += job.size
                self._start()
                self._changed.notify_all()
        if not accepted:
            job.drop()
        return accepted

    def _start(self) -> None:
        if self._thread is None:
            # A daemon thread: the interpreter waits for it in `close`, for so long and no longer.
            self._thread = threading.Thread(target=self._work, name="jitserve-writer", daemon=True)
            self._thread.start()
            # Handlers run last in, first out: this one has to come before that of gRPC, which has been imported by now
            # if a lease came from the daemon, and which lets go of that lease.
            atexit.register(self.close)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.run()
            finally:
                self._done(job)

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            if not self._jobs:
                return None
            self._busy = True
            return self._jobs.popleft()

    def _done(self, job: Job) -> None:
        with self._changed:
            self._waiting -= job.size
            self._busy = False
            self._changed.notify_all()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Waits until everything submitted so far is written; False if that took longer than ``timeout_s``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs and not self._busy, timeout_s)

    def close(self) -> None:
        """Flushes within the bound; drops what is left."""
        deadline = time.monotonic() + self._flush_s
        self.flush(self._flush_s)
        with self._changed:
            self._closed = True
            left = list(self._jobs)
            self._jobs.clear()
            self._waiting = 0
            self._changed.notify_all()
        for job in left:
            job.drop()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
