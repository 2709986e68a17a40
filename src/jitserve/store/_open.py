"""Chooses the tier of a process: the daemon's when one answers, else the directory alone."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from jitserve._errors import SettingsError, StoreFault
from jitserve._settings import Settings
from jitserve.store._connection import Connection, OnFault
from jitserve.store._daemon import DaemonStore
from jitserve.store._disk import DiskStore
from jitserve.store._faults import DaemonFault
from jitserve.store._remote import RemoteFirst
from jitserve.store._sidecar import Sidecar, parse_address, read_sidecar
from jitserve.store._tier import Store

_HELLO = 4.0  # times the timeout of a lookup: asked once

_log = logging.getLogger("jitserve.store")


def _log_fault(fault: StoreFault) -> None:
    _log.info("%s", fault)


def open_store(
    settings: Settings, on_fault: OnFault = _log_fault, clock: Callable[[], float] = time.monotonic
) -> Store:
    """The store that ``settings`` ask for. Makes no RPC where the daemon's directory is this process's own.

    Args:
        settings: of this process.
        on_fault: told of faults that need no action of the caller, because a further tier served it. They are to be
            counted: a daemon that is broken must be seen somewhere.
        clock: seconds, monotonic.

    Raises:
        StoreFault: the directory cannot be used (``unwritable``, ``untrusted_directory``, ``foreign_schema``, ...).
    """
    if not settings.store_dir_explicit and not settings.store_dir.is_absolute():
        raise StoreFault("unwritable", f"the home directory of user {os.getuid()} is not known")
    if not settings.daemon_wanted:
        return DiskStore(settings.store_dir)
    try:
        socket = parse_address(settings.address) if settings.address else settings.socket_path
    except SettingsError as error:
        on_fault(StoreFault("daemon_unreachable", str(error)))
        return DiskStore(settings.store_dir)
    sidecar = read_sidecar(socket)
    if settings.address is None and (sidecar is None or not _serves(sidecar, settings)):
        return DiskStore(settings.store_dir)
    connection = Connection(socket, settings.lookup_timeout_s, on_fault, clock)
    if not _listens(socket, settings.lookup_timeout_s):
        on_fault(connection.give_up("daemon_unreachable", "nothing listens there; is jitserve-daemon running?"))
        return DiskStore(settings.store_dir)
    if sidecar is not None and sidecar.is_here():
        disk = DiskStore(Path(sidecar.store))
        return DaemonStore(connection, disk, disk, on_fault)
    return _open_remote(connection, settings, on_fault)


def _serves(sidecar: Sidecar, settings: Settings) -> bool:
    """Whether the daemon at the default path is meant: not if the user named another directory."""
    if not settings.store_dir_explicit:
        return sidecar.is_here()
    return sidecar.is_here() and settings.store_dir.exists() and settings.store_dir.samefile(sidecar.store)


def _listens(path: Path, timeout: float) -> bool:
    """Whether a process accepts connections there: some microseconds, where an RPC would first import gRPC."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(timeout)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _open_remote(connection: Connection, settings: Settings, on_fault: OnFault) -> Store:
    """For a daemon whose directory is not to be seen from here. Asks it first: it will be needed for everything."""
    from jitserve.store._wire import PROTOCOL
    from jitserve.v1 import cache_pb2 as pb

    own = DiskStore(settings.store_dir)
    try:
        reply = connection.call("Hello", pb.HelloRequest(protocol=PROTOCOL), _HELLO * connection.timeout)
        if reply.protocol != PROTOCOL:
            raise connection.give_up("daemon_error", f"it speaks protocol {reply.protocol}, this process {PROTOCOL}")
    except DaemonFault as fault:
        on_fault(fault)
        return own
    return DaemonStore(connection, own, RemoteFirst(connection, own), on_fault)
