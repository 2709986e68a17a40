"""The faults of a store, by kind: the one place where an ``OSError`` becomes a ``StoreFault``."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from jitserve._errors import StoreFault

# Every kind that the tiers and their daemon raise or count: metric labels, created at zero.
STORE_FAULT_KINDS = frozenset(
    {
        "bad_record",
        "corrupt_blob",
        "corrupt_record",
        "daemon_error",
        "daemon_timeout",
        "daemon_unreachable",
        "foreign_schema",
        "io_error",
        "lock_timeout",
        "missing_blob",
        "no_space",
        "report_lost",
        "unreadable",
        "untrusted_directory",
        "unwritable",
    }
)

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ELOOP})


class DaemonFault(StoreFault):
    """The daemon did not do its part: the caller goes on without it, on the disk tier."""


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns an ``OSError`` of the block into the fault of a store that cannot be read."""
    try:
        yield
    except OSError as error:
        kind = "unreadable" if error.errno in _REFUSED else "io_error"
        raise StoreFault(kind, f"cannot read {what}: {error}") from error


@contextlib.contextmanager
def writing(what: str) -> Iterator[None]:
    """Turns an ``OSError`` of the block into the fault of a store that cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StoreFault(
                "no_space", f"no space to write {what}: {error}; free some, or set JITSERVE_DIR"
            ) from error
        if error.errno in _REFUSED:
            raise StoreFault(
                "unwritable", f"cannot write {what}: {error}; set JITSERVE_DIR to a directory of yours"
            ) from error
        raise StoreFault("io_error", f"cannot write {what}: {error}") from error
