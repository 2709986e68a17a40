"""One daemon for each store, and for each socket: a lock that the kernel frees, with the holder's pid in its file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from jitserve._errors import JitserveError


class DaemonError(JitserveError):
    """The daemon cannot start. The message says why, and what to do."""


class PidLock:
    """Holds the lock on ``path`` until ``release`` or the end of the process. The file stays: removing it would let two
    daemons lock two files of one name.

    Args:
        path: the lock file.
        what: what is being locked, for the message.

    Raises:
        DaemonError: another process has it, or the file cannot be made.
    """

    def __init__(self, path: Path, what: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise DaemonError(f"cannot lock {what}: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise DaemonError(
                f"another jitserve-daemon (pid {other}) serves {what}; stop it first, or use it"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Frees the lock. Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
