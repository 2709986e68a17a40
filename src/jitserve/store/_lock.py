"""A short lock between processes on a file that is never removed (``_lease`` has the ones that come and go)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from jitserve._errors import StoreFault
from jitserve.store._lease import FIRST_PAUSE_S, LONGEST_PAUSE_S


@contextlib.contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Holds the lock on ``path`` for the block, after waiting up to ``timeout`` seconds for it.

    Raises:
        StoreFault: ``lock_timeout``.
        OSError: the file cannot be created or locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _wait(descriptor, path, timeout)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # not by closing: a child forked meanwhile shares the open file
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StoreFault(
                    "lock_timeout", f"{path} has been locked for {timeout:g} s by another process"
                ) from None
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
