"""The daemon tier: the data plane of a directory, and the daemon for leases, publishing and reports.

Whatever the daemon fails at is done on the disk tier instead: its leases are the same locks, so exclusion holds between
those who ask the daemon and those who do not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jitserve.store import _grant
from jitserve.store._connection import Connection, OnFault
from jitserve.store._disk import DiskStore
from jitserve.store._remote import RemotePlane
from jitserve.store._reporter import Reporter
from jitserve.store._tier import DataPlane, Digest, Kind, Lease, Report, Usage

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CLOSE_S = 1.0
_REPORT_S = 2.0  # in the background: more patient than a lookup, since a lost report is lost for good


class DaemonStore:
    """The tier of a host with a daemon.

    Args:
        connection: to the daemon.
        disk: used for whatever the daemon fails at.
        data: where records and blobs are read and blobs are put: ``disk`` itself if that is the daemon's directory,
            else ``RemoteFirst``.
        on_fault: told of each failure that is not raised, because something else could be done instead.
    """

    def __init__(self, connection: Connection, disk: DiskStore, data: DataPlane, on_fault: OnFault) -> None:
        self._connection = connection
        self._remote = RemotePlane(connection)
        self._disk = disk
        self._data = data
        self._reporter = Reporter(self._send, connection.usable, on_fault)

    @property
    def directory(self) -> Path | None:
        return self._data.directory if isinstance(self._data, DiskStore) else None

    def lookup(self, kind: Kind, key: bytes) -> bytes | None:
        return self._data.lookup(kind, key)

    def fetch(self, digest: Digest) -> memoryview:
        return self._data.fetch(digest)

    def put(self, data: Buffer) -> Digest:
        return self._data.put(data)

    def publish(self, kind: Kind, key: bytes, payload: bytes) -> None:
        self._connection.attempt(
            lambda: self._remote.publish(kind, key, payload), lambda: self._disk.publish(kind, key, payload)
        )

    def quarantine(self, kind: Kind, key: bytes, why: str) -> None:
        self._data.quarantine(kind, key, why)

    def acquire(self, key: bytes, timeout: float) -> Lease | None:
        clock = self._connection.clock
        deadline = clock() + timeout

        def granted() -> Lease | None:
            return _grant.acquire(self._connection, key, timeout)

        def locked() -> Lease | None:
            return self._disk.acquire(key, max(0.0, deadline - clock()))

        return self._connection.attempt(granted, locked)

    def holder(self, key: bytes) -> str:
        if self._data is self._disk:
            return self._disk.holder(key)
        return f"a client of the daemon at {self._connection.socket}"

    def report(self, batch: Report) -> None:
        self._reporter.add(batch)

    def usage(self) -> Usage:
        return self._disk.usage()

    def close(self) -> None:
        self._reporter.close(_CLOSE_S)
        self._connection.close()

    def _send(self, report: Report) -> None:
        from jitserve.store._wire import report_to_wire

        self._connection.call("Report", report_to_wire(report), timeout=_REPORT_S)
