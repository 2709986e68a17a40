"""Protobuf and our own values: what the client and the daemon both need to know of ``cache.proto``."""

from __future__ import annotations

from typing import cast

from jitserve.store._tier import Digest, Kind, Report
from jitserve.v1 import cache_pb2 as pb

PROTOCOL = 1
SERVICE = "jitserve.v1.Cache"
FAULT_KIND_METADATA = "jitserve-fault-kind"
CHUNK_BYTES = 1024 * 1024
MESSAGE_LIMIT = 80 * 1024 * 1024  # above RECORD_LIMIT: a record travels in one message

_KINDS = {
    Kind.MANIFEST: pb.RECORD_KIND_MANIFEST,
    Kind.PROGRAM: pb.RECORD_KIND_PROGRAM,
    Kind.FOOTPRINTS: pb.RECORD_KIND_FOOTPRINTS,
}
_KINDS_BACK = {number: kind for kind, number in _KINDS.items()}


def kind_to_wire(kind: Kind) -> pb.RecordKind:
    return _KINDS[kind]


def kind_from_wire(number: int) -> Kind | None:
    """``None`` for a kind of a later version."""
    return _KINDS_BACK.get(cast(pb.RecordKind, number))


def record_key(kind: Kind, key: bytes) -> pb.RecordKey:
    return pb.RecordKey(kind=kind_to_wire(kind), key=key)


def digest_to_wire(digest: Digest) -> pb.BlobDigest:
    return pb.BlobDigest(sha256=digest.hash, size=digest.size)


def report_to_wire(report: Report) -> pb.ReportRequest:
    return pb.ReportRequest(
        outcomes=report.get("outcomes", {}),
        bypasses=report.get("bypasses", {}),
        faults=report.get("faults", {}),
        seconds_saved=report.get("seconds_saved", 0.0),
        published=report.get("published", 0),
        wrong_hits=report.get("wrong_hits", 0),
        load_seconds=report.get("load_seconds", ()),
    )
