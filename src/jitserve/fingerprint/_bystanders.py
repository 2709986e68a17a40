"""The contents of bystanders, and of what libraries have in C: neither is walked, nor part of the toolchain.

Few programs depend on them, so that a package of theirs is a dependency of those entries only in whose traces it has
run. Where JAX, or a memo, may have kept a part of an earlier trace, those that ran in any trace of the process count.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterable
from pathlib import Path

from jitserve._outcome import Refusal

from . import _packages, _toolchain

# What is in C of other libraries; what they have in Python is walked.
_IN_C = frozenset((*_packages.BYSTANDERS, *_packages.FAMILIAR, *_packages.BESIDE))
_IN_PYTHON = frozenset(_packages.BYSTANDERS)
_ALONG = {"pydantic": ("pydantic_core",), "yaml": ("_yaml",)}  # what a package has in C, under a name of its own

_ran: set[str] = set()  # in traces of this process
_named: set[str] = set()  # what they have in C, by code of the user's
_memos: list[Path | None] = [None]  # where digests are kept


def of_code(code: types.CodeType) -> tuple[str, ...]:
    """The packages that are behind opaque code in Python."""
    package = _packages.package_of(code.co_filename)
    return (package, *_ALONG.get(package, ())) if package is not None and package in _IN_PYTHON else ()


def of_module(name: str) -> tuple[str, ...]:
    """The packages that are behind what a module has in C."""
    package = name.partition(".")[0]
    counts = package in _IN_PYTHON or (package in _IN_C and _is_in_c(name))
    return (package, *_ALONG.get(package, ())) if counts else ()


def run(packages: Iterable[str]) -> None:
    """Notes that they have run in a trace."""
    _ran.update(packages)


def named(function: object, module: str) -> None:
    """Notes that code of the user's names what a module has. What is in C, opaque code may call unheard."""
    packages = of_module(module)
    if packages and (type(function) is types.BuiltinFunctionType or _is_in_c(module)):
        _named.update(packages)


def _is_in_c(module: str) -> bool:
    file = getattr(sys.modules.get(module), "__file__", None)
    return type(file) is str and not file.endswith((".py", ".pyc"))


def behind(own: Iterable[str], reuses: bool) -> list[str]:
    """The packages that a trace may depend on.

    Args:
        own: those that ran in it.
        reuses: whether parts of earlier traces may be in it.
    """
    return sorted({*own, *_named, *(_ran if reuses else ())})


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
