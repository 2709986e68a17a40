"""The daemon's place in the file system: a private directory, one owner, no stale socket."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from jitserve.daemon._pidlock import DaemonError, PidLock
from jitserve.store._sidecar import sidecar_path


@contextlib.contextmanager
def owned(socket: Path) -> Iterator[None]:
    """For the block, this process is the one that serves ``socket``; a stale socket is removed before, ours after.

    Raises:
        DaemonError: another daemon serves it, or its directory is not private.
    """
    _make_directory(socket.parent)
    lock = PidLock(socket.with_name(f"{socket.name}.lock"), f"the socket {socket}")
    try:
        _remove(socket)
        try:
            yield
        finally:
            _remove(socket)
    finally:
        lock.release()


@contextlib.contextmanager
def private_umask() -> Iterator[None]:
    """For the block, what is created can be used by this user only: a socket has no mode of its own when it is made."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = directory.stat()
    except OSError as error:
        raise DaemonError(
            f"cannot make the socket's directory {directory}: {error}; choose another --address"
        ) from error
    world_writable = facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX
    if facts.st_uid not in (os.geteuid(), 0) or world_writable:
        raise DaemonError(
            f"others can replace files in {directory} (owner {facts.st_uid}, mode {stat.S_IMODE(facts.st_mode):o}); "
            "choose an --address in a directory of yours"
        )


def _remove(socket: Path) -> None:
    """The lock says that nobody serves it. The sidecar goes first: clients look there."""
    for path in (sidecar_path(socket), socket):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if path == socket and not stat.S_ISSOCK(mode):
            raise DaemonError(f"{socket} is there and is not a socket; choose another --address, or remove it")
        path.unlink(missing_ok=True)
