"""The disk tier: one directory, used by many processes and by the daemon, with nobody in charge.

Files are the truth. Blobs and records are written to a temporary name, synced and renamed by ``jitserve._core``, so a
reader sees a whole file or none. Only merging a manifest needs a lock: a short one, by shard, apart from the lease (the
publisher usually holds the lease of the same key).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from jitserve import _core
from jitserve._errors import StoreFault
from jitserve.store import _lease
from jitserve.store._faults import reading, writing
from jitserve.store._layout import Layout
from jitserve.store._lock import locked
from jitserve.store._tier import RECORD_LIMIT, Digest, Kind, Report, Usage
from jitserve.store._usage import count

if TYPE_CHECKING:
    from typing_extensions import Buffer

T = TypeVar("T")
Merge = Callable[[bytes | None, bytes], bytes]

_PUBLISH_LOCK_S = 10.0  # held for milliseconds; a publisher stopped in a debugger must not stop the rest for ever
_READER_LOCK_S = 0.25  # a reader that finds damage has a caller who waits


class DiskStore:
    """The tier over one directory. Safe for many threads and processes; survives ``os.fork``.

    Args:
        root: the store directory; made usable on construction.
        merge: joins a manifest with the one already stored (``None``: there is none).

    Raises:
        StoreFault: the directory cannot be used (``Layout.open`` says when).
    """

    def __init__(self, root: Path, merge: Merge | None = None) -> None:
        self.layout = Layout(root)
        self.layout.open()
        self._join = {
            Kind.MANIFEST: merge or _merge_manifests,
            Kind.PROGRAM: _first_wins,
            Kind.FOOTPRINTS: _merge_footprints,
        }
        self._blobs = _core.BlobStore(root)

    @property
    def directory(self) -> Path:
        return self.layout.root

    def lookup(self, kind: Kind, key: bytes) -> bytes | None:
        path = self.layout.record_name(kind, key)
        try:
            with reading(path):
                return self._read(path)
        except _core.Corruption as error:
            self._set_aside(kind, key, f"lookup: {error}")
            raise StoreFault("corrupt_record", f"{path} is damaged and was quarantined: {error}") from error

    def fetch(self, digest: Digest) -> memoryview:
        path = self.layout.blob(digest)
        try:
            with reading(f"{path}"):
                return memoryview(self._blobs.open(digest.hash, digest.size))
        except _core.Corruption as error:
            with contextlib.suppress(OSError):
                self._move(path, f"blob-{path.name}", f"fetch: {error}")
            raise StoreFault("corrupt_blob", f"{path} is damaged and was quarantined: {error}") from error
        except StoreFault as fault:
            if isinstance(fault.__cause__, FileNotFoundError):
                raise StoreFault("missing_blob", f"{path} is not there, though a record names it") from fault
            raise

    def put(self, data: Buffer) -> Digest:
        with writing(f"a blob below {self.layout.root / 'blobs'}"):
            return self._where_there(lambda: Digest(*self._blobs.put(data)))

    def publish(self, kind: Kind, key: bytes, payload: bytes) -> None:
        path = self.layout.record(kind, key)
        if len(payload) > RECORD_LIMIT:
            raise StoreFault("bad_record", f"a record of {len(payload)} bytes for {path}: the limit is {RECORD_LIMIT}")
        with writing(f"{path}"):
            self._where_there(lambda: self._publish(kind, key, payload, path))

    def acquire(self, key: bytes, timeout: float) -> _lease.FileLease | None:
        path = self.layout.lease(key)
        with writing(f"{path}"):
            return self._where_there(lambda: _lease.acquire(path, timeout))

    def try_acquire(self, key: bytes) -> _lease.FileLease | None:
        """``acquire`` without waiting: a few system calls, fit for an event loop."""
        path = self.layout.lease(key)
        with writing(f"{path}"):
            return self._where_there(lambda: _lease.try_acquire(path))

    def holder(self, key: bytes) -> str:
        path = self.layout.lease(key)
        pid = _lease.holder(path)
        if pid is None:
            who = "a process"
        elif pid == _lease.holder(self.layout.daemon_lock):
            who = f"a client of jitserve-daemon (pid {pid})"
        else:
            who = f"process {pid}" if pid != os.getpid() else "another thread of this process"
        return f"{who}, with the lock on {path}"

    def quarantine(self, kind: Kind, key: bytes, why: str) -> None:
        path = self.layout.record(kind, key)
        with writing(f"{path}"), contextlib.suppress(FileNotFoundError):
            self._move(path, f"{kind.value}-{path.name}", why)

    def report(self, batch: Report) -> None:
        """Nobody to report to: the process has its own ``jitserve.stats()``."""

    def usage(self) -> Usage:
        return count(self.layout.root)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> DiskStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _where_there(self, write: Callable[[], T]) -> T:
        """``write``, and once more in a store that is made again if it was deleted meanwhile."""
        try:
            return write()
        except FileNotFoundError:
            self.layout.open()
            return write()

    def _publish(self, kind: Kind, key: bytes, payload: bytes, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with locked(self.layout.publish_lock(kind, key), _PUBLISH_LOCK_S):
            old = self._read_or_set_aside(kind, key, path)
            new = self._joined(kind, old, payload, path)
            if new != old:
                _core.write_record(path, new, scratch=self.layout.tmp)

    def _read(self, path: Path | str) -> bytes | None:
        try:
            return _core.read_record(path)
        except FileNotFoundError:
            return None

    def _read_or_set_aside(self, kind: Kind, key: bytes, path: Path) -> bytes | None:
        """For a publisher that holds the lock: a damaged record makes way for the new one."""
        try:
            return self._read(path)
        except _core.Corruption as error:
            self.quarantine(kind, key, f"publish: {error}")
            return None

    def _joined(self, kind: Kind, old: bytes | None, new: bytes, path: Path) -> bytes:
        try:
            return self._join[kind](old, new)
        except Exception as error:  # the payload may come from anybody, and is not this layer's to understand
            raise StoreFault("bad_record", f"cannot merge into {path}: {error!r}; nothing was published") from error

    def _set_aside(self, kind: Kind, key: bytes, why: str) -> None:
        """For a reader: under the lock, and only what is damaged *now*: a publisher may just have healed it."""
        path = self.layout.record(kind, key)
        with contextlib.suppress(OSError, StoreFault), locked(self.layout.publish_lock(kind, key), _READER_LOCK_S):
            try:
                self._read(path)
            except _core.Corruption:
                self.quarantine(kind, key, why)

    def _move(self, path: Path, name: str, why: str) -> None:
        # A new directory for each case: nothing that was set aside before is overwritten, and `why` lies beside it.
        case = Path(tempfile.mkdtemp(dir=self.layout.quarantine, prefix=f"{name[:24]}-"))
        try:
            os.rename(path, case / name)
        except OSError:
            case.rmdir()
            raise
        with open(case / "why", "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(f"{why}\n")


def _first_wins(old: bytes | None, new: bytes) -> bytes:
    return new if old is None else old


def _merge_manifests(old: bytes | None, new: bytes) -> bytes:
    # Late: only publishers need it, and a hit must stay cheap.
    from jitserve.record._manifest import merge

    return merge(old, new)


def _merge_footprints(old: bytes | None, new: bytes) -> bytes:
    from jitserve.record._footprints import merge

    return merge(old, new)
