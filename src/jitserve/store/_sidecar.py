"""How a client finds the daemon: its address, and the small file beside its socket that saves an RPC.

``<socket>.json`` says which directory the daemon serves. A client on the same host reads it and then uses that
directory itself; it opens a gRPC channel only when it needs a lease, publishes or reports.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from jitserve._errors import SettingsError
from jitserve.store._regular import read_regular

SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path, less the final zero; Linux
_SIZE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the daemon writes beside its socket. ``device`` and ``inode`` are those of the store directory: another
    container may have another directory of the same name."""

    store: str
    pid: int
    device: int
    inode: int
    metrics: str = ""

    def is_here(self) -> bool:
        """Whether this process sees the very directory that the daemon serves."""
        try:
            facts = os.stat(self.store)
        except OSError:
            return False
        return (facts.st_dev, facts.st_ino) == (self.device, self.inode)


def parse_address(text: str) -> Path:
    """The socket's path in ``unix:/path``, ``unix:///path`` or ``/path``.

    Raises:
        SettingsError: it is none of these, or longer than a socket's path can be.
    """
    path = text.removeprefix("unix://") if text.startswith("unix://") else text.removeprefix("unix:")
    if not path.startswith("/") or "\0" in path:
        raise SettingsError(
            f"daemon address {text!r} is not a unix socket: use unix:/path or /path. There is no TCP: whoever can talk "
            "to the daemon can make its clients run code"
        )
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_LIMIT:
        raise SettingsError(
            f"socket path {path!r} has {size} bytes, the path of a unix socket at most {SOCKET_PATH_LIMIT}: "
            "choose a shorter one with JITSERVE_ADDRESS or --address"
        )
    return Path(path)


def sidecar_path(socket: Path) -> Path:
    return socket.with_name(f"{socket.name}.json")


def read_sidecar(socket: Path) -> Sidecar | None:
    """What the daemon at ``socket`` says about itself; ``None`` if there is nothing to trust or to understand."""
    try:
        found = read_regular(sidecar_path(socket), _SIZE_LIMIT)
        if found is None:
            return None
        facts, data = found
        # Whoever wrote this chooses whose executables we run.
        if facts.st_uid not in (os.geteuid(), 0) or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        return _parse(data)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def write_sidecar(socket: Path, sidecar: Sidecar) -> None:
    """Puts the file in place, whole. Its presence tells clients that the daemon is ready."""
    descriptor, temporary = tempfile.mkstemp(dir=socket.parent, prefix=f"{socket.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(sidecar), file)
        os.replace(temporary, sidecar_path(socket))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _parse(data: bytes) -> Sidecar:
    fields = json.loads(data)
    store = fields["store"]
    if not isinstance(store, str) or not os.path.isabs(store):
        raise ValueError(f"store {store!r} is not an absolute path")
    numbers = [fields[name] for name in ("pid", "device", "inode")]
    if not all(type(number) is int for number in numbers):
        raise ValueError(f"pid, device and inode are not integers: {numbers!r}")
    pid, device, inode = numbers
    return Sidecar(store, pid, device, inode, str(fields.get("metrics", "")))
