"""Records and blobs through the daemon, for a client that does not see the daemon's directory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jitserve import _core
from jitserve._errors import StoreFault
from jitserve.store._connection import Connection
from jitserve.store._disk import DiskStore
from jitserve.store._handles import kept_from_teardown
from jitserve.store._tier import Digest, Kind

if TYPE_CHECKING:
    from typing_extensions import Buffer

PUBLISH_S = 5.0  # the daemon syncs files for it
_BLOB_BYTES_PER_S = 20e6  # slower than this is a hang


class RemotePlane:
    """The daemon's store, by RPC. Raises ``DaemonFault`` when the daemon fails, ``StoreFault`` when its store does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lookup(self, kind: Kind, key: bytes) -> bytes | None:
        from jitserve.store import _wire
        from jitserve.v1 import cache_pb2 as pb

        reply = self._connection.call("Lookup", pb.LookupRequest(kind=_wire.kind_to_wire(kind), keys=[key]))
        if len(reply.results) != 1:
            raise self._connection.give_up("daemon_error", f"Lookup: {len(reply.results)} results for one key")
        result = reply.results[0]
        if result.fault_kind:
            raise StoreFault(result.fault_kind, f"{kind.value} {key.hex()}: reported by the daemon")
        return bytes(result.payload) if result.HasField("payload") else None

    def fetch(self, digest: Digest) -> memoryview:
        from jitserve.store import _wire
        from jitserve.v1 import cache_pb2 as pb

        request = pb.FetchBlobRequest(digest=_wire.digest_to_wire(digest))
        data = bytearray()
        try:
            for part in kept_from_teardown(
                self._connection.stub().FetchBlob(request, timeout=_blob_timeout(digest.size))
            ):
                data += part.data
                if len(data) > digest.size:
                    break
        except Exception as error:
            raise self._connection.fault(error, "FetchBlob") from error
        if len(data) != digest.size or _core.sha256(data) != digest.hash:
            raise StoreFault("corrupt_blob", f"the daemon sent {len(data)} bytes that are not blob {digest}")
        return memoryview(data).toreadonly()

    def put(self, data: Buffer) -> Digest:
        view = memoryview(data).cast("B")
        digest = Digest(_core.sha256(view), len(view))
        self._connection.call("PutBlob", _parts(digest, view), timeout=_blob_timeout(digest.size))
        return digest

    def publish(self, kind: Kind, key: bytes, payload: bytes) -> None:
        from jitserve.store import _wire
        from jitserve.v1 import cache_pb2 as pb

        request = pb.PublishRequest(record=_wire.record_key(kind, key), payload=payload)
        self._connection.call("Publish", request, timeout=PUBLISH_S)

    def quarantine(self, kind: Kind, key: bytes, why: str) -> None:
        from jitserve.store import _wire
        from jitserve.v1 import cache_pb2 as pb

        self._connection.call("Quarantine", pb.QuarantineRequest(record=_wire.record_key(kind, key), why=why))


class RemoteFirst:
    """``RemotePlane``, and a directory of this process's own for when the daemon fails."""

    def __init__(self, connection: Connection, own: DiskStore) -> None:
        self._connection = connection
        self._remote = RemotePlane(connection)
        self._own = own

    def lookup(self, kind: Kind, key: bytes) -> bytes | None:
        return self._connection.attempt(lambda: self._remote.lookup(kind, key), lambda: self._own.lookup(kind, key))

    def fetch(self, digest: Digest) -> memoryview:
        return self._connection.attempt(lambda: self._remote.fetch(digest), lambda: self._own.fetch(digest))

    def put(self, data: Buffer) -> Digest:
        return self._connection.attempt(lambda: self._remote.put(data), lambda: self._own.put(data))

    def publish(self, kind: Kind, key: bytes, payload: bytes) -> None:
        self._connection.attempt(
            lambda: self._remote.publish(kind, key, payload), lambda: self._own.publish(kind, key, payload)
        )

    def quarantine(self, kind: Kind, key: bytes, why: str) -> None:
        self._connection.attempt(
            lambda: self._remote.quarantine(kind, key, why), lambda: self._own.quarantine(kind, key, why)
        )


def _parts(digest: Digest, view: memoryview) -> Iterator[Any]:
    from jitserve.store import _wire
    from jitserve.v1 import cache_pb2 as pb

    yield pb.PutBlobRequest(header=_wire.digest_to_wire(digest))
    for start in range(0, len(view), _wire.CHUNK_BYTES):
        yield pb.PutBlobRequest(data=bytes(view[start : start + _wire.CHUNK_BYTES]))


def _blob_timeout(size: int) -> float:
    return PUBLISH_S + size / _BLOB_BYTES_PER_S
