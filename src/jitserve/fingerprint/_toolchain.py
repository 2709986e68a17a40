"""The installed packages that turn a function into a program, and the standard library, by content.

A version string says little: wheels are patched, rebuilt and edited in place. So each package is the digest of all its
files. Reading them takes about a second, once: the digest is kept in a memo, which is valid while the list of
(relative path, size, modification time, inode) of the package's files is the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from ._ingredient import Ingredient
from ._touched import touched

# Packages that take part in making or running a program. Those that are not installed are noted as absent.
PACKAGES = ("jax", "jaxlib", "numpy", "ml_dtypes", "opt_einsum", "scipy", "jax_plugins", "nvidia", "libtpu", "triton")
# The parts of JAX for GPUs that are packages of their own, by platform and version. Those that are there.
_PLUGIN = re.compile(r"jax_\w+_plugin")

_SKIPPED_DIRECTORIES = frozenset(("__pycache__", "tests", "test", "include", "doc", "docs", "cmake", "pkgconfig"))
# Of the standard library: what is installed beside it, and programs of its own.
_NO_LIBRARIES = frozenset(
    ("site-packages", "dist-packages", "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo")
)
_OF_THE_BUILD = ("_sysconfigdata", "_sysconfig_vars", "config-")  # with the directory that Python was built for
_SKIPPED_SUFFIXES = (".pyi", ".h", ".hpp", ".a", ".md", ".txt", ".html")


def describe(memo_directory: Path | None) -> list[Ingredient]:
    """One ingredient for each package of the toolchain.

    Args:
        memo_directory: where to keep the digests; None: nowhere, so that the files are read each time.

    Raises:
        Refusal: TOOLCHAIN_CHANGED, naming a file that is not what this process has loaded.
    """
    packages = {name: _places(name) for name in (*PACKAGES, *_plugins())}
    return [_package(name, places, memo_directory) for name, places in {**packages, "python": _stdlib()}.items()]


def contents(name: str, memo_directory: Path | None) -> bytes:
    """The digest of the files of one package, which may be a single file.

    Raises:
        Refusal: TOOLCHAIN_CHANGED, as ``describe``.
    """
    return _package(name, _places(name), memo_directory).digest


def _package(name: str, places: list[str], memo_directory: Path | None) -> Ingredient:
    if not places:
        return Ingredient(f"toolchain.{name}", _core.sha256(b"absent"), "not installed")
    listing = [entry for place in places for entry in _files_of(place)]
    _check(name, places, listing)
    tokens = _core.Tokens()
    tokens.begin("listing", len(listing))
    for path, relative, status in listing:
        for value in (os.path.dirname(path), relative, status.st_size, status.st_mtime_ns, status.st_ino):
            tokens.scalar(value)
    stamp = tokens.finish()
    memo = memo_directory / f"{name}-{stamp.hex()}" if memo_directory else None
    digest = _recall(memo) or _read_all(listing)
    _remember(memo, digest)
    return Ingredient(f"toolchain.{name}", digest, f"{len(listing)} files in {', '.join(places)}")


def _check(name: str, places: list[str], listing: list[tuple[str, str, os.stat_result]]) -> None:
    """Whether the files are those of what is loaded. What is not loaded yet will be as its files are."""
    if name == "python":
        name = "os" if os.path.dirname(getattr(os, "__file__", "")) in places else ""
    changed = touched(name, listing) if name in sys.modules else None
    if changed is not None:
        raise Refusal(BypassReason.TOOLCHAIN_CHANGED, changed, f"the file has changed since {name} was loaded")


def _places(name: str) -> list[str]:
    """Directories of an installed package, found without importing it (plugins are slow to import); or its file."""
    module = sys.modules.get(name)
    found = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None)] if module is not None else []
    if not any(found):
        found = [place for entry in sys.path if entry for place in _installed_in(entry, name)]
    return sorted({os.path.abspath(place) for place in found if place})


def _installed_in(directory: str, name: str) -> list[str]:
    place = os.path.join(directory, name)
    return [place] if os.path.isdir(place) else list(filter(os.path.isfile, [f"{place}.py"]))


def _plugins() -> list[str]:
    """Names of the plugins that are loaded or installed."""
    names = [*sys.modules]
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names += os.listdir(entry) if entry else ()
    return sorted(set(filter(_PLUGIN.fullmatch, names)))


def _stdlib() -> list[str]:
    place = sysconfig.get_paths()["stdlib"]
    return [os.path.abspath(place)] if os.path.isdir(place) else []  # it may be in a zip file


def _files_of(place: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """(path, path inside the package, status) of the files that can matter, in a fixed order.

    Of a place inside of an archive (a zip file on ``sys.path``): the archive.
    """
    around = place
    while not os.path.exists(around) and around != os.path.dirname(around):
        around = os.path.dirname(around)
    if os.path.isfile(around):
        yield around, os.path.basename(around), os.stat(around)
    else:
        yield from _files(place, "", frozenset())


def _files(directory: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str, os.stat_result]]:
    """Those of a directory. ``above``: (device, inode) of the directories around it, which a link may lead back to."""
    status = os.stat(directory)
    around = above | {(status.st_dev, status.st_ino)}
    with os.scandir(directory) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        relative = f"{prefix}{entry.name}"
        if entry.name.startswith(_OF_THE_BUILD):
            continue
        found = _status(entry)
        if found is None:
            continue
        if stat.S_ISDIR(found.st_mode):
            skipped = entry.name in _SKIPPED_DIRECTORIES or entry.name in _NO_LIBRARIES
            if not skipped and (found.st_dev, found.st_ino) not in around:
                yield from _files(entry.path, f"{relative}/", around)
        elif not entry.name.endswith(_SKIPPED_SUFFIXES):
            yield entry.path, relative, found


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """What a name stands for; None for a link that leads nowhere (editors leave such locks), or to itself."""
    try:
        return entry.stat()
    except OSError:
        if entry.is_symlink():
            return None
        raise


def _read_all(listing: list[tuple[str, str, os.stat_result]]) -> bytes:
    tokens = _core.Tokens()
    tokens.begin("package", len(listing))
    digests = _core.digest_files([path for path, _, _ in listing])
    for (_, relative, _), digest in zip(listing, digests, strict=True):
        tokens.str_(relative)
        tokens.digest_(digest)
    return tokens.finish()


def _recall(memo: Path | None) -> bytes | None:
    try:
        data = _core.read_record(str(memo)) if memo else b""
    except (OSError, _core.Corruption):
        return None
    return data if len(data) == 32 else None


def _remember(memo: Path | None, digest: bytes) -> None:
    """Keeps a digest; a memo that cannot be written only costs time."""
    if memo is None or memo.exists():
        return
    try:
        memo.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _core.write_record(str(memo), digest)
    except OSError:
        return
