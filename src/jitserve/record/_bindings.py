"""What was bound inside the libraries when a trace was made, to a blob and back."""

from __future__ import annotations

from collections.abc import Mapping

from jitserve.record._message import SCHEMA, parse
from jitserve.v1 import record_pb2 as pb


def encode_bindings(digests: Mapping[str, bytes]) -> bytes:
    """The blob; equal digests give equal bytes."""
    return pb.Bindings(schema=SCHEMA, digests=digests).SerializeToString(deterministic=True)


def decode_bindings(payload: bytes) -> dict[str, bytes]:
    """The digests of a blob.

    Raises:
        RecordError: it is not one, or of another schema.
    """
    return dict(parse(pb.Bindings(), payload, "record of bindings").digests)
