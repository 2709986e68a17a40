"""Files of a library that were changed when this process had loaded it: they say nothing about the code that runs.

Somebody edits JAX, or has pip upgrade it, in a notebook that has imported it. Nobody notes when a module is loaded, so
what counts is the time when ``logging`` was, if it was loaded first, or that when the process was made; or when
jitserve was imported, if the library was not there yet.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable

from jitserve import _beginning

_NANOSECONDS = 1_000_000_000
_LOGS = "concurrent.futures._base"  # it is loaded by JAX, and has a logger


def touched(name: str, files: Iterable[tuple[str, str, os.stat_result]]) -> str | None:
    """The path of such a file, if there is one.

    Args:
        name: of the module that is loaded from them.
        files: their paths, names, and what they are now.
    """
    since = _began(name) if name in _beginning.LOADED else _beginning.AT
    # Not what is in the future: that is another machine's clock.
    span = range(int(since * _NANOSECONDS) + 1, int(time.time() * _NANOSECONDS) + 1)
    changed = [(path, status) for path, _, status in files if status.st_ctime_ns in span]
    return next((path for path, status in changed if _is_other(path, status, span)), None)


def _is_other(path: str, status: os.stat_result, span: range) -> bool:
    """Whether it was written, or put there, perhaps with an older time of its own (``cp -p``, links into a cache).

    Not where only another link was made, into another environment: then the directory has not changed.
    """
    may_be_linked = status.st_nlink > 1 and status.st_mtime_ns not in span
    is_of_future = status.st_mtime_ns >= span.stop
    return not (may_be_linked or is_of_future) or os.stat(os.path.dirname(path)).st_mtime_ns in span


def _began(name: str) -> float:
    """A time at which a module that is loaded was not yet, in this process or in that which it was forked from.

    A process that has run another program first (a shell that installs JAX, and then ``exec python``) was made long
    before that, so that its age counts only where that of ``logging`` says nothing.
    """
    record = logging.LogRecord("", logging.NOTSET, "", 0, "", (), None)
    logs = record.created - record.relativeCreated / 1000
    order = _beginning.LOADED
    is_first = "logging" in order and order.index("logging") < order.index(name) and not _is_reloaded()
    return logs if is_first or _beginning.PROCESS_STARTED is None else min(logs, _beginning.PROCESS_STARTED)


def _is_reloaded() -> bool:
    """Whether ``logging`` was loaded again, which sets its time anew: then older loggers are not of its class."""
    known = sys.modules.get(_LOGS)
    return known is None or type(getattr(known, "LOGGER", None)) is not logging.Logger
