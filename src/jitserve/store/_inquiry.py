"""Asks a daemon what it counted, for people and tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jitserve._errors import StoreFault
from jitserve.store._connection import Connection

_PATIENCE_S = 2.0  # a person is waiting, not a training job


@dataclass(frozen=True, slots=True)
class DaemonStats:
    """What a daemon counted since it started. Times in seconds."""

    version: str
    pid: int
    store: str
    uptime_seconds: float
    outcomes: Mapping[str, int]
    bypasses: Mapping[str, int]
    faults: Mapping[str, int]
    seconds_saved: float
    published: int
    loads: int
    load_seconds: float
    leases_held: int
    leases_waiting: int
    metrics_address: str


def ask_daemon(socket: Path) -> DaemonStats:
    """The counts of the daemon at ``socket``.

    Raises:
        DaemonFault: none answers there; the message says what happened.
    """
    from jitserve.v1 import cache_pb2 as pb

    connection = Connection(socket, _PATIENCE_S, on_fault=_ignore)
    try:
        reply = connection.call("Stats", pb.StatsRequest())
    finally:
        connection.close()
    return DaemonStats(
        version=reply.version,
        pid=reply.pid,
        store=reply.store,
        uptime_seconds=reply.uptime_seconds,
        outcomes=dict(reply.outcomes),
        bypasses=dict(reply.bypasses),
        faults=dict(reply.faults),
        seconds_saved=reply.seconds_saved,
        published=reply.published,
        loads=reply.loads,
        load_seconds=reply.load_seconds,
        leases_held=reply.leases_held,
        leases_waiting=reply.leases_waiting,
        metrics_address=reply.metrics_address,
    )


def _ignore(fault: StoreFault) -> None:
    """The fault is raised as well."""
