"""The daemon's place in its store: the directory itself, the lock on it, and the sidecar that names it.

A store may be deleted as a whole at any time. The daemon then makes it again, as the first client would, and tells
clients of the new directory: the sidecar names the very one, by device and inode.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from jitserve._errors import StoreFault
from jitserve.daemon._pidlock import DaemonError, PidLock
from jitserve.store._disk import DiskStore
from jitserve.store._lease import FileLease
from jitserve.store._sidecar import Sidecar, write_sidecar

_log = logging.getLogger("jitserve.daemon")


class Presence:
    """Holds the lock on a store, and tells clients where it is. Lives in one event loop.

    Args:
        store: what is served.
        socket: where; the sidecar lies beside it.

    Raises:
        DaemonError: another daemon serves the store.
    """

    def __init__(self, store: DiskStore, socket: Path) -> None:
        self._store = store
        self._socket = socket
        self._metrics = ""
        self._lock = self._locked()
        self._there = os.stat(store.layout.root)

    def announce(self, metrics: str) -> None:
        """Writes the sidecar, which tells clients that the daemon is ready. ``metrics``: where they are."""
        self._metrics = metrics
        root = self._store.layout.root
        write_sidecar(
            self._socket, Sidecar(str(root), os.getpid(), self._there.st_dev, self._there.st_ino, self._metrics)
        )

    def try_acquire(self, key: bytes) -> FileLease | None:
        """``DiskStore.try_acquire``, in a store that is made again if it was deleted. Raises as that does."""
        self.restore()
        return self._store.try_acquire(key)

    def keep(self) -> None:
        """Restores the store without a client that waits for it: what does not work is logged."""
        try:
            self.restore()
        except StoreFault as fault:
            _log.warning("cannot restore the store: %s", fault)

    def restore(self) -> None:
        """Makes the store again if it was deleted; one system call if not.

        Raises:
            StoreFault: it cannot be made.
        """
        root = self._store.layout.root
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(root), self._there):
                return
        self._store.layout.open()
        self._there = os.stat(root)
        self._lock.release()  # of the directory that is gone
        try:
            self._lock = self._locked()
            self.announce(self._metrics)
        except (DaemonError, OSError) as error:
            _log.warning("%s was deleted and made again, but clients cannot be told: %s", root, error)
        else:
            _log.warning("%s was deleted; serving a new store there", root)

    def close(self) -> None:
        """Lets go of the store."""
        self._lock.release()

    def _locked(self) -> PidLock:
        return PidLock(self._store.layout.daemon_lock, f"the store {self._store.layout.root}")
