"""The connection to the daemon: how long it is given up, and what is told to whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitserve._errors import StoreFault
from jitserve.store._connection import REST_S, Connection
from jitserve.store._faults import DaemonFault


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Office:
    """A connection, and what it was asked to do."""

    def __init__(self, error: StoreFault | None = None) -> None:
        self.clock = Clock()
        self.told: list[StoreFault] = []
        self.connection = Connection(Path("/nonexistent"), 0.25, self.told.append, self.clock)
        self.error = error
        self.asked = 0

    def attempt(self) -> str:
        return self.connection.attempt(self._daemon, lambda: "disk")

    def _daemon(self) -> str:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return "daemon"


def test_daemon_that_works_is_asked_each_time() -> None:
    office = Office()
    assert [office.attempt() for _ in range(3)] == ["daemon"] * 3
    assert office.told == []


def test_daemon_that_fails_is_asked_once_and_told_once_until_it_rested() -> None:
    office = Office()
    office.error = office.connection.give_up("daemon_timeout", "no answer")
    office.clock.now += REST_S
    assert [office.attempt() for _ in range(3)] == ["disk"] * 3
    assert office.asked == 3, "only give_up() gives it up"
    office.connection.give_up("daemon_timeout", "no answer")
    assert [office.attempt() for _ in range(3)] == ["disk"] * 3
    assert office.asked == 3
    office.clock.now += REST_S
    office.error = None
    assert office.attempt() == "daemon"
    assert {fault.kind for fault in office.told} == {"daemon_timeout"}


def test_fault_of_the_store_behind_the_daemon_is_the_callers() -> None:
    office = Office(StoreFault("no_space", "full"))
    with pytest.raises(StoreFault, match="full"):
        office.attempt()
    office.error = None
    assert office.attempt() == "daemon"
    assert office.told == []


def test_closed_connection_is_not_used() -> None:
    office = Office()
    office.connection.close()
    office.connection.close()
    assert office.attempt() == "disk"


def test_call_to_nobody_is_a_fault_that_names_the_socket() -> None:
    from jitserve.v1 import cache_pb2

    connection = Connection(Path("/nonexistent/daemon.sock"), 5.0, lambda fault: None)
    with pytest.raises(DaemonFault, match="/nonexistent/daemon.sock") as caught:
        connection.call("Stats", cache_pb2.StatsRequest())
    assert caught.value.kind == "daemon_unreachable"
    assert not connection.usable()
    connection.close()
