"""Files of a library that were changed when this process had loaded it: they say nothing about the code that runs.

Somebody edits JAX, or has pip upgrade it, in a notebook that has imported it. Nobody notes when a module is loaded, so
what counts is the time when the process began; or when jitserve was imported, if the library was not there yet.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable

from jitserve import _beginning

_NANOSECONDS = 1_000_000_000


def touched(name: str, files: Iterable[tuple[str, str, os.stat_result]]) -> str | None:
    """The path of such a file, if there is one.

    Args:
        name: of the module that is loaded from them.
        files: their paths, names, and what they are now.
    """
    since = _began() if name in _beginning.LOADED else _beginning.AT
    # Not what is in the future: that is another machine's clock.
    span = range(int(since * _NANOSECONDS) + 1, int(time.time() * _NANOSECONDS) + 1)
    changed = [(path, status) for path, _, status in files if status.st_ctime_ns in span]
    return next((path for path, status in changed if _is_other(path, status, span)), None)


def _is_other(path: str, status: os.stat_result, span: range) -> bool:
    """Whether it was written, or put there with an older time of its own, by a link into a cache of packages.

    Then the directory has changed as well; not where only another link was made, into another environment.
    """
    return status.st_mtime_ns in span or os.stat(os.path.dirname(path)).st_mtime_ns in span


def _began() -> float:
    """When this process, or that which it was forked from, loaded ``logging``, which JAX needs before all else."""
    record = logging.LogRecord("", logging.NOTSET, "", 0, "", (), None)
    return record.created - record.relativeCreated / 1000
