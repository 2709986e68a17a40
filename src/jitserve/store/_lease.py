"""Leases by ``flock``: the kernel frees the lock of a process that dies, however it dies.

The rule that makes it safe to remove lease files: *a lock counts only while its file is the one at the path, and only
the holder of such a lock removes the file*. So ``try_acquire`` compares, after locking, the open file with the one at
the path, and starts over if they differ: it then locked a file that its last holder had just removed. A process that
dies leaves an empty file behind, which the next holder takes over and removes.

``release`` unlocks explicitly: a ``flock`` belongs to the open file, which a forked child shares, and closing only our
descriptor would leave the key locked for as long as the child lives. The child closes its copy right after the fork, so
that a parent that dies is noticed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

FIRST_PAUSE_S = 0.001
LONGEST_PAUSE_S = 0.05


class FileLease:
    """A held lock on one lease file. Also a context manager."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._owner = os.getpid()
        _HELD.add(self)

    def release(self) -> None:
        """Removes the file and frees the lock. Idempotent; does nothing in a forked child."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0 or self._owner != os.getpid():
            return
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # first: nobody may lock the path's file before it is gone
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def forget(self) -> None:
        """In a forked child: closes the inherited descriptor, leaving the lock to the parent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> FileLease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


def _forget_all() -> None:
    for lease in list(_HELD):
        lease.forget()


# Only what the fork hook needs to see; entries leave it by themselves.
_HELD: weakref.WeakSet[FileLease] = weakref.WeakSet()
os.register_at_fork(after_in_child=_forget_all)


def try_acquire(path: Path) -> FileLease | None:
    """The lease at ``path``, or ``None`` while somebody else has it. Never waits.

    Raises:
        OSError: the file cannot be created or locked.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            current = _is_at(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        if current:
            return FileLease(path, descriptor)
        os.close(descriptor)


def acquire(path: Path, timeout: float, clock: Callable[[], float] = time.monotonic) -> FileLease | None:
    """Like ``try_acquire``, waiting up to ``timeout`` seconds. It polls: ``flock`` waits for ever or not at all."""
    deadline = clock() + timeout
    pause = FIRST_PAUSE_S
    while True:
        lease = try_acquire(path)
        if lease is not None:
            return lease
        left = deadline - clock()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE_S)


def holder(path: Path) -> int | None:
    """The process that has locked the file at ``path``; ``None`` where the system does not tell (Linux does)."""
    try:
        facts = os.stat(path)
        lines = Path("/proc/locks").read_text(errors="replace").splitlines()
    except OSError:
        return None
    file = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}:{facts.st_ino}"
    for line in lines:  # "7: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF"
        fields = line.split()
        # A process of another container has no number here that means anything.
        if fields[1:2] == ["FLOCK"] and fields[5:6] == [file] and fields[4].isdigit() and int(fields[4]) > 0:
            return int(fields[4])
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
