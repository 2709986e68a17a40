"""What a tier is: the protocol, and the values that go through it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypedDict

from jitserve import _core

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

KEY_BYTES = 32  # call keys, program keys and digests are SHA-256

RECORD_LIMIT = _core.MAX_RECORD_PAYLOAD  # far above any real one: a convention with 10,000 leaves is about 2 MB


class Kind(enum.Enum):
    """The kinds of record. The value is the directory below the store's root."""

    MANIFEST = "manifests"
    PROGRAM = "programs"
    FOOTPRINTS = "footprints"


@dataclass(frozen=True, slots=True)
class Digest:
    """Names a blob: the SHA-256 of its bytes, and how many there are."""

    hash: bytes
    size: int

    def __str__(self) -> str:
        return f"{self.hash.hex()}-{self.size}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store holds. ``entries`` counts manifests and programs, ``bytes`` everything but the quarantine."""

    entries: int
    bytes: int
    manifests: int
    programs: int
    blobs: int
    quarantined: int


class Report(TypedDict, total=False):
    """What became of calls since the last report: counts by metric label, never totals. Every part may be absent."""

    outcomes: Mapping[str, int]
    bypasses: Mapping[str, int]
    faults: Mapping[str, int]
    seconds_saved: float
    published: int
    wrong_hits: int
    load_seconds: Sequence[float]


class Lease(Protocol):
    """The right to compile one key. Freed by ``release``, at the end of a ``with`` block, or when the process dies."""

    def release(self) -> None:
        """Frees the key. Idempotent; never raises."""

    def __enter__(self) -> Lease: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class DataPlane(Protocol):
    """Reading records, and moving blobs."""

    def lookup(self, kind: Kind, key: bytes) -> bytes | None:
        """The payload stored under ``key``; ``None`` is a miss.

        Raises:
            StoreFault: the record is damaged (it is quarantined first) or cannot be read.
        """

    def fetch(self, digest: Digest) -> memoryview:
        """The verified bytes of a blob. The view keeps what it looks at alive.

        Raises:
            StoreFault: ``missing_blob``, ``corrupt_blob``, or it cannot be read.
        """

    def put(self, data: Buffer) -> Digest:
        """Stores bytes under their digest. They are on disk when this returns.

        Raises:
            StoreFault: ``no_space``, ``unwritable``, ...
        """

    def publish(self, kind: Kind, key: bytes, payload: bytes) -> None:
        """Commits a record. It is merged with the one already there; of programs the first one stays.

        Raises:
            StoreFault: nothing was published; what was there before still is.
        """

    def quarantine(self, kind: Kind, key: bytes, why: str) -> None:
        """Moves a record aside: kept for inspection, never served again. Absent records are fine.

        Raises:
            StoreFault: it could not be moved.
        """


class Store(DataPlane, Protocol):
    """What ``_resolve`` needs of a tier. Every ``StoreFault`` is its cue to go on without the cache."""

    @property
    def directory(self) -> Path | None:
        """Where the records lie that ``lookup`` reads; ``None`` where they cannot be seen from here."""

    def acquire(self, key: bytes, timeout: float) -> Lease | None:
        """Waits for the right to compile ``key``; ``None`` if somebody else still has it after ``timeout`` seconds.

        Raises:
            StoreFault: leases cannot be had here; compile without one.
        """

    def holder(self, key: bytes) -> str:
        """Who has the right to compile ``key``, in words, as far as that can be seen from here. Never raises."""

    def report(self, batch: Report) -> None:
        """Tells the daemon what became of calls, in the background. Never blocks or raises; no-op without a daemon."""

    def usage(self) -> Usage:
        """Counts what the store holds. Walks the directory: not for hot paths.

        Raises:
            StoreFault: the directory cannot be read.
        """

    def close(self) -> None:
        """Sends what is still to be reported, within a bound, and lets go of connections. Idempotent; never raises."""
