"""A stored entry, read for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jitserve._errors import RecordError
from jitserve.record._manifest import read_manifest
from jitserve.store._disk import DiskStore
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._ingredient import Ingredient


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant of a manifest, with what its program's record says.

    Attributes:
        key: the call key in hexadecimal.
        function: module and qualified name.
        published: seconds since the epoch.
        program: the program key in hexadecimal.
        bytes: size of executable and StableHLO; 0 where the program is gone.
        executable: whether there is one, and not only the StableHLO.
        trace_s, lower_s, compile_s: seconds that it took.
    """

    key: str
    function: str
    published: float
    program: str
    bytes: int
    executable: bool
    trace_s: float
    lower_s: float
    compile_s: float


def entries_of(store: DiskStore, key: bytes) -> Iterator[Entry]:
    """The entries that are stored under a call key; none where it is gone.

    Raises:
        StoreFault, RecordError: a record cannot be read.
    """
    for published, variant in variants_of(store, key):
        program = _program(store, variant.program_key)
        costs = variant.costs
        yield Entry(
            key=key.hex(),
            function=variant.function,
            published=published,
            program=variant.program_key.hex(),
            bytes=program.executable.size + program.stablehlo.size,
            executable=program.HasField("executable"),
            trace_s=costs.trace_s,
            lower_s=costs.lower_s,
            compile_s=program.compile_s or costs.compile_s,
        )


def variants_of(store: DiskStore, key: bytes) -> list[tuple[float, pb.Variant]]:
    """The variants of a manifest, with the time of its last change.

    Raises:
        StoreFault, RecordError: the record cannot be read.
    """
    payload = store.lookup(Kind.MANIFEST, key)
    if payload is None:
        return []
    published = Path(store.layout.record(Kind.MANIFEST, key)).stat().st_mtime
    return [(published, variant) for variant in read_manifest(payload).variants]


def ingredients_of(store: DiskStore, variant: pb.Variant) -> tuple[list[Ingredient], int]:
    """What the key of a variant was made of, and how much of that did not fit into its record.

    Raises:
        StoreFault, RecordError: the record cannot be read.
    """
    from jitserve.record._ingredients import decode_ingredients
    from jitserve.store._tier import Digest

    if not variant.HasField("ingredients"):
        return [], 0
    blob = store.fetch(Digest(variant.ingredients.sha256, variant.ingredients.size))
    recorded = decode_ingredients(bytes(blob))
    return recorded.ingredients, recorded.left_out


def _program(store: DiskStore, key: bytes) -> pb.Program:
    payload = store.lookup(Kind.PROGRAM, key)
    program = pb.Program()
    try:
        program.ParseFromString(payload or b"")
    except Exception as error:  # noqa: BLE001 - protobuf's DecodeError; its class differs between implementations
        raise RecordError(f"not a program record: {error}") from None
    return program
