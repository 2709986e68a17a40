"""The contents of bystanders, and of what libraries have in C: neither is walked, nor part of the toolchain.

Few programs depend on them, so that a package of theirs is a dependency of those entries only that were traced when it
had run in some trace of the process. Not of that very trace: JAX may have kept a part of an earlier one.
"""

from __future__ import annotations

import functools
import types
from pathlib import Path

from jitserve._outcome import Refusal

from . import _origin, _toolchain

# What is in C of other libraries; what they have in Python is walked.
_IN_C = frozenset((*_origin.BYSTANDERS, *_origin.FAMILIAR, *_origin.BESIDE))
_IN_PYTHON = frozenset(_origin.BYSTANDERS)
_ALONG = {"pydantic": ("pydantic_core",), "yaml": ("_yaml",)}  # what a package has in C, under a name of its own

_ran: set[str] = set()  # within a trace, or may have
_memos: list[Path | None] = [None]  # where digests are kept


def started(code: types.CodeType) -> None:
    """Notes that opaque code in Python runs in a trace."""
    package = _origin.package_of(code.co_filename)
    if package in _IN_PYTHON and package not in _ran:
        _ran.update((package, *_ALONG.get(package, ())))


def named(module: object) -> None:
    """Notes that a trace may call what a module has in C."""
    if type(module) is str and (package := module.partition(".")[0]) in _IN_C and package not in _ran:
        _ran.update((package, *_ALONG.get(package, ())))


def ran() -> list[str]:
    """The packages that have run in traces of this process."""
    return sorted(_ran)


def keep_in(directory: Path | None) -> None:
    """Where digests are kept between processes; None: nowhere."""
    _memos[0] = directory


@functools.cache
def contents(package: str) -> bytes:
    """The digest of its files; of what this process has loaded, if it has.

    Raises:
        Refusal: TOOLCHAIN_CHANGED, naming a file that is not what this process has loaded.
    """
    return _toolchain.contents(package, _memos[0])


def digest(package: str) -> bytes:
    """The same, to be compared with that of another process; nothing is the same as what has changed."""
    try:
        return contents(package)
    except (Refusal, OSError):
        return b""
