"""Manifests: what a call key resolves to. Free of JAX: the daemon merges manifests too."""

from __future__ import annotations

from jitserve._errors import RecordError
from jitserve.record._message import SCHEMA as SCHEMA
from jitserve.record._message import parse
from jitserve.v1 import record_pb2 as pb

# More variants than this are a sign of a dependency that changes on every run; the oldest goes first. To read this
# many, and find that none of them holds, takes a third of a millisecond.
MAX_VARIANTS = 64


def new_manifest(variant: pb.Variant) -> bytes:
    """A manifest with one variant."""
    return pb.Manifest(schema=SCHEMA, variants=[variant]).SerializeToString(deterministic=True)


def new_refused(refused: pb.Refused) -> bytes:
    """A manifest that says why there is no entry."""
    return pb.Manifest(schema=SCHEMA, refused=[refused]).SerializeToString(deterministic=True)


def read_manifest(payload: bytes) -> pb.Manifest:
    """Parses a manifest.

    Raises:
        RecordError: it is not a manifest, or of another schema.
    """
    return parse(pb.Manifest(), payload, "manifest")


def merge(old: bytes | None, new: bytes) -> bytes:
    """What to store when ``new`` is published and ``old`` is there: the first variant with given dependencies wins.

    So does the first refusal; a variant and a refusal do not know of each other, and lookups prefer the variant. An
    ``old`` that cannot be read is replaced.
    """
    incoming = read_manifest(new)
    if old is None:
        return new
    try:
        merged = read_manifest(old)
    except RecordError:
        return new
    known = {_identity(variant) for variant in merged.variants}
    merged.variants.extend(variant for variant in incoming.variants if _identity(variant) not in known)
    if len(merged.variants) > MAX_VARIANTS:
        del merged.variants[: len(merged.variants) - MAX_VARIANTS]
    refused = {_identity(item) for item in merged.refused}
    merged.refused.extend(item for item in incoming.refused if _identity(item) not in refused)
    if len(merged.refused) > MAX_VARIANTS:
        del merged.refused[: len(merged.refused) - MAX_VARIANTS]
    return merged.SerializeToString(deterministic=True)


def _identity(variant: pb.Variant | pb.Refused) -> tuple[tuple[str, str, bytes], ...]:
    return tuple((item.kind, item.name, item.digest) for item in variant.dependencies)
