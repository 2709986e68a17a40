"""What clients may send: every check of a request's fields is here. Nothing a client says is believed before."""

from __future__ import annotations

from jitserve.store._tier import KEY_BYTES, RECORD_LIMIT, Digest, Kind
from jitserve.store._wire import kind_from_wire
from jitserve.v1 import cache_pb2 as pb

BLOB_LIMIT = 16 * 1024**3
KEYS_LIMIT = 10_000
_WHY_LIMIT = 4096


class InvalidInput(Exception):
    """A request breaks a rule of ``cache.proto``. The text goes back to the client."""


def key_of(data: bytes) -> bytes:
    if len(data) != KEY_BYTES:
        raise InvalidInput(f"a key has {KEY_BYTES} bytes, this one {len(data)}")
    return data


def kind_of(number: int) -> Kind:
    kind = kind_from_wire(number)
    if kind is None:
        raise InvalidInput(f"unknown kind of record: {number}")
    return kind


def record_of(record: pb.RecordKey) -> tuple[Kind, bytes]:
    return kind_of(record.kind), key_of(record.key)


def keys_of(request: pb.LookupRequest) -> list[bytes]:
    if not 0 < len(request.keys) <= KEYS_LIMIT:
        raise InvalidInput(f"a lookup has 1 to {KEYS_LIMIT} keys, this one {len(request.keys)}")
    return [key_of(key) for key in request.keys]


def payload_of(request: pb.PublishRequest) -> bytes:
    if not 0 < len(request.payload) <= RECORD_LIMIT:
        raise InvalidInput(f"a record has 1 to {RECORD_LIMIT} bytes, this one {len(request.payload)}")
    return bytes(request.payload)


def digest_of(digest: pb.BlobDigest) -> Digest:
    if digest.size > BLOB_LIMIT:
        raise InvalidInput(f"a blob has at most {BLOB_LIMIT} bytes, this one {digest.size}")
    return Digest(key_of(digest.sha256), digest.size)


def why_of(request: pb.QuarantineRequest) -> str:
    return request.why[:_WHY_LIMIT] or "no reason given"
