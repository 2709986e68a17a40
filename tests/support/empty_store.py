"""Stores that need not read all of the installed libraries before their first call."""

from __future__ import annotations

import os
from pathlib import Path

DIGESTS = "TOOLCHAIN_DIGESTS"  # the environment variable that names where a run of the tests keeps them


def empty_store(path: Path) -> Path:
    """Makes ``path`` a store without an entry, which shares the digests of the installed libraries with others.

    They are the same for each store, and hundreds of stores would take half a second each to find that out. The first
    process that needs a digest makes it, as ever.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = path / "toolchain"
    if not shared.exists():
        shared.symlink_to(os.environ[DIGESTS])
    return path
