"""Lists the records of a store directory, newest first. For people who ask; no call of a jitted function does."""

from __future__ import annotations

import contextlib
import heapq
import os
from collections.abc import Iterator
from pathlib import Path

from jitserve.store._faults import reading
from jitserve.store._tier import Kind

# Files whose time is looked at. A store of more than these is sampled: the shards that come first.
_LOOKED_AT = 200_000


def newest(root: Path, kind: Kind, limit: int) -> list[bytes]:
    """Keys of the newest records, newest first.

    Args:
        root: the store directory.
        kind: which records.
        limit: how many at most.

    Raises:
        StoreFault: the directory cannot be read.
    """
    with reading(f"{root}"):
        return [bytes.fromhex(name) for _, name in heapq.nlargest(limit, _records(root / kind.value))]


def with_prefix(root: Path, kind: Kind, prefix: str) -> list[bytes]:
    """Keys of the records whose name in hexadecimal begins with ``prefix``, in order.

    Raises:
        StoreFault: the directory cannot be read.
    """
    with reading(f"{root}"):
        return [bytes.fromhex(name) for _, name in sorted(_records(root / kind.value)) if name.startswith(prefix)]


def _records(directory: Path) -> Iterator[tuple[float, str]]:
    """(time of the last change, name) of the records below a directory."""
    left = _LOOKED_AT
    for shard in _scan(directory):
        for entry in _scan(shard.path):
            if len(entry.name) != 64:
                continue  # the publish lock
            with contextlib.suppress(FileNotFoundError):
                yield entry.stat().st_mtime, entry.name
            left -= 1
            if left <= 0:
                return


def _scan(directory: str | Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        yield from entries
