"""The store directory: what lies where, who may own it, and how it comes into being (``docs/on-disk-format.md``)."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jitserve._errors import StoreFault
from jitserve.store._faults import reading, writing
from jitserve.store._regular import read_regular
from jitserve.store._tier import KEY_BYTES, Digest, Kind

VERSION_TEXT = "jitserve store 1\n"
_VERSION_LIMIT = 64  # bytes; whatever is longer is of another version
_DIRECTORIES = ("blobs", "manifests", "programs", "footprints", "leases", "quarantine", "tmp", "toolchain")


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of the files below ``root``. Keys are checked here, so that no other file name can be built from one."""

    root: Path

    def record(self, kind: Kind, key: bytes) -> Path:
        return Path(self.record_name(kind, key))

    def record_name(self, kind: Kind, key: bytes) -> str:
        """``record`` as text: an object for it would take as long to make as the file to read."""
        name = _hex(key)
        return f"{self.root}/{kind.value}/{name[:2]}/{name}"

    def publish_lock(self, kind: Kind, key: bytes) -> Path:
        # One for each of the 256 shards; never removed, so that it needs no rule about who may remove it.
        return self.root / kind.value / _hex(key)[:2] / ".lock"

    def blob(self, digest: Digest) -> Path:
        name = _hex(digest.hash)
        return self.root / "blobs" / name[:2] / f"{name}-{digest.size}"

    def lease(self, key: bytes) -> Path:
        return self.root / "leases" / _hex(key)

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def version(self) -> Path:
        return self.root / "VERSION"

    @property
    def daemon_lock(self) -> Path:
        return self.root / "daemon.lock"

    def exists(self) -> bool:
        """Whether somebody has made a store of the directory.

        Raises:
            StoreFault: it cannot be seen.
        """
        with reading(f"{self.version}"):
            return self.version.exists()

    def open(self) -> None:
        """Makes the directory usable: creates what is missing, and refuses what must not be trusted or understood.

        A store that cannot be written but is complete is fine: it serves lookups.

        Raises:
            StoreFault: ``untrusted_directory``, ``foreign_schema``, ``unwritable``, ``no_space``, ``unreadable``.
        """
        try:
            with writing(f"the store {self.root}"):
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._refuse_untrusted()
                if not self._is_complete():
                    self._create()
        except StoreFault as fault:
            if fault.kind not in ("unwritable", "no_space") or not self._is_complete():
                raise

    def _refuse_untrusted(self) -> None:
        # Whoever can write here can make us run their executables.
        facts = self.root.stat()
        if facts.st_mode & stat.S_IWOTH:
            raise StoreFault(
                "untrusted_directory",
                f"{self.root} can be written by every user (mode {stat.S_IMODE(facts.st_mode):o}); set JITSERVE_DIR to "
                f"a directory of its own, for example {self.root / 'jitserve'}, or run: chmod o-w {self.root}",
            )

    def _is_complete(self) -> bool:
        with reading(f"{self.version}"):
            try:
                found = read_regular(self.version, _VERSION_LIMIT)
            except (FileNotFoundError, NotADirectoryError):
                return False
        if found is None:
            raise StoreFault(
                "unreadable", f"{self.version} is no regular file; remove it, or set JITSERVE_DIR to another directory"
            )
        _, text = found
        if text != VERSION_TEXT.encode():
            raise StoreFault(
                "foreign_schema",
                f"{self.version} says {text[:40]!r}, this jitserve writes {VERSION_TEXT!r}; "
                "set JITSERVE_DIR to another directory",
            )
        return all((self.root / name).is_dir() for name in _DIRECTORIES)

    def _create(self) -> None:
        for name in _DIRECTORIES:
            (self.root / name).mkdir(mode=0o700, exist_ok=True)
        if self.version.exists():
            return
        # Whole or not at all: another process may be reading it, and all of them write the same text.
        descriptor, temporary = tempfile.mkstemp(dir=self.tmp, prefix="version-")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(VERSION_TEXT)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.version)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _hex(key: bytes) -> str:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, this one has {len(key)}: {bytes(key)!r}")
    return bytes(key).hex()
