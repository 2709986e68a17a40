"""Reads small files that anybody may have put there: nothing but a regular file, and never more than is asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_regular(path: Path, limit: int) -> tuple[os.stat_result, bytes] | None:
    """What the file at ``path`` is, and its first ``limit`` bytes; ``None`` if it is no regular file.

    A pipe or a device could have us wait or read for ever, and so could what a link leads to.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    if path.is_symlink():
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        facts = os.fstat(descriptor)
        return (facts, file.read(limit)) if stat.S_ISREG(facts.st_mode) else None
