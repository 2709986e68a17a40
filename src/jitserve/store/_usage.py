"""Counts what a store directory holds, without opening a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jitserve.store._faults import reading
from jitserve.store._tier import Kind, Usage


def count(root: Path) -> Usage:
    """Walks the directory: some seconds at a million entries. Files that come and go meanwhile may or may not count.

    Raises:
        StoreFault: the directory cannot be read.
    """
    with reading(f"{root}"):
        manifests, manifest_bytes = _shards(root / Kind.MANIFEST.value)
        programs, program_bytes = _shards(root / Kind.PROGRAM.value)
        _, footprint_bytes = _shards(root / Kind.FOOTPRINTS.value)
        blobs, blob_bytes = _shards(root / "blobs")
        return Usage(
            entries=manifests + programs,
            bytes=manifest_bytes + program_bytes + footprint_bytes + blob_bytes,
            manifests=manifests,
            programs=programs,
            blobs=blobs,
            quarantined=sum(1 for _ in _scan(root / "quarantine")),
        )


def _shards(directory: Path) -> tuple[int, int]:
    """Number and total size of the files in the shards below ``directory``."""
    files = size = 0
    for shard in _scan(directory):
        for entry in _scan(shard.path):
            if entry.name.startswith("."):  # the publish lock
                continue
            try:
                size += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
            files += 1
    return files, size


def _scan(directory: str | Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
