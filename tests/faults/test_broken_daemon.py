"""A daemon that dies, hangs, or is something else altogether: every call is served, and the trouble is counted once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket as sockets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from actors import Actor, Daemon, key

from jitserve.store._disk import DiskStore
from jitserve.store._sidecar import Sidecar, write_sidecar
from jitserve.store._tier import Kind

KEY = key(1).hex()
HASTE = {"JITSERVE_LOOKUP_TIMEOUT": "0.25"}
JUNK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + bytes(range(256)) * 10
# A correct HTTP/2 preface (empty SETTINGS frame) and then nonsense: gets further into the client than plain junk.
HALF_HTTP2 = bytes.fromhex("000000040000000000") + b"\xff" * 200


def say(text: bytes) -> Callable[[sockets.socket], None]:
    """Answers everybody with ``text``, whatever is asked."""
    return lambda connection: connection.sendall(text)


def hang_up(connection: sockets.socket) -> None:
    connection.close()


def keep_silent(connection: sockets.socket) -> None:
    """Accepts, and never answers."""


@contextlib.contextmanager
def impostor(path: Path, behave: Callable[[sockets.socket], None]) -> Iterator[None]:
    """Something that is not a daemon listens at ``path``."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    accepted: list[sockets.socket] = []
    with sockets.socket(sockets.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(64)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    accepted.append(connection)
                    with contextlib.suppress(OSError):
                        behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(sockets.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


def use_everything(actor: Actor) -> None:
    """One call of each kind; all must be served."""
    assert actor.do("lookup", key=KEY, kind="PROGRAM") is None
    assert actor.do("acquire", key=KEY, timeout=30)
    sha256, size = actor.do("put", data=b"blob".hex())
    actor.do("publish", key=KEY, payload=b"program".hex(), kind="PROGRAM")
    actor.do("report", batch={"outcomes": {"miss": 1}})
    actor.do("release", key=KEY)
    assert actor.do("lookup", key=KEY, kind="PROGRAM") == b"program".hex()
    assert bytes.fromhex(actor.do("fetch", sha256=sha256, size=size)) == b"blob"
    assert actor.do("acquire", key=KEY, timeout=30)
    actor.do("release", key=KEY)
    actor.do("close")


BEHAVIOURS = pytest.mark.parametrize(
    "behave", [say(JUNK), say(HALF_HTTP2), say(b""), hang_up, keep_silent],
    ids=["junk", "half HTTP/2", "nothing", "hangs up", "silent"],
)  # fmt: skip


@BEHAVIOURS
def test_impostor_in_the_daemons_place_costs_one_fault(
    store: DiskStore, socket: Path, behave: Callable[[sockets.socket], None]
) -> None:
    root = store.layout.root
    facts = root.stat()
    with impostor(socket, behave):
        write_sidecar(socket, Sidecar(str(root), os.getpid(), facts.st_dev, facts.st_ino))
        with Actor(JITSERVE_ADDRESS=str(socket), JITSERVE_DIR=str(root), **HASTE) as actor:
            assert actor.tier == "DaemonStore"
            use_everything(actor)
            (kind,) = actor.do("seen_faults")
    assert kind in ("daemon_unreachable", "daemon_timeout", "daemon_error")
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"


@BEHAVIOURS
def test_impostor_that_does_not_say_which_store_it_serves_is_not_used(
    tmp_path: Path, socket: Path, behave: Callable[[sockets.socket], None]
) -> None:
    with (
        impostor(socket, behave),
        Actor(JITSERVE_ADDRESS=str(socket), JITSERVE_DIR=str(tmp_path / "own"), **HASTE) as actor,
    ):
        assert actor.tier == "DiskStore"
        use_everything(actor)
        assert len(actor.do("seen_faults")) == 1


def test_daemon_killed_while_a_client_holds_a_lease_lets_the_others_go_on(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as holder, Actor(**daemon.environ) as waiter:
        assert holder.do("acquire", key=KEY, timeout=0)
        waiter.start("acquire", key=KEY, timeout=60)
        daemon.stop(signal.SIGKILL)
        assert waiter.result()
        holder.do("publish", key=KEY, payload=b"program".hex(), kind="PROGRAM")
        holder.do("release", key=KEY)
        assert waiter.do("lookup", key=KEY, kind="PROGRAM") == b"program".hex()
        waiter.do("release", key=KEY)
        assert holder.do("seen_faults") == ["daemon_unreachable"]


def test_daemon_that_hangs_costs_one_fault_and_its_waiters_nothing_else(daemon: Daemon) -> None:
    with Actor(**daemon.environ, **HASTE) as actor:
        assert actor.do("acquire", key=key(2).hex(), timeout=0)
        daemon.process.send_signal(signal.SIGSTOP)
        use_everything(actor)
        assert actor.do("seen_faults") == ["daemon_timeout"]


def test_process_ends_though_the_daemon_hangs(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as actor:
        actor.do("report", batch={"outcomes": {"miss": 1}})
        daemon.process.send_signal(signal.SIGSTOP)
        actor.do("report", batch={"outcomes": {"miss": 1}})
        assert actor.finish() == 0


def test_reports_made_while_the_daemon_was_away_reach_its_successor(daemon: Daemon) -> None:
    """The client learns from its first report that nobody is there, and keeps it."""
    from jitserve.store._connection import Connection
    from jitserve.store._daemon import DaemonStore
    from jitserve.store._inquiry import ask_daemon

    now = [0.0]
    faults: list[str] = []
    told = threading.Event()

    def on_fault(fault: Exception) -> None:
        faults.append(getattr(fault, "kind", ""))
        told.set()

    disk = DiskStore(daemon.store)
    store = DaemonStore(Connection(daemon.socket, 5.0, on_fault, lambda: now[0]), disk, disk, on_fault)
    daemon.stop()
    store.report({"outcomes": {"miss": 1}})
    assert told.wait(60.0)
    with Daemon(daemon.store, daemon.socket) as successor:
        now[0] += 1000.0
        store.report({"outcomes": {"miss": 1}})
        store.close()
        assert ask_daemon(successor.socket).outcomes["miss"] == 2
    assert faults == ["daemon_unreachable"]
