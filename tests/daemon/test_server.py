"""The daemon as a process: start, place, health, end."""

from __future__ import annotations

import signal
import socket as sockets
import stat
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from actors import PATIENCE_S, Actor, Daemon, key
from grpc_health.v1 import health_pb2, health_pb2_grpc

from jitserve.store._disk import DiskStore
from jitserve.store._tier import Digest
from jitserve.v1 import cache_pb2 as pb
from jitserve.v1 import cache_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING


def refused(*options: str) -> str:
    """What a daemon says that will not start."""
    command = [sys.executable, "-c", "from jitserve.cli.daemon import main; main()", "--metrics-address", "none"]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode not in (0, None)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stderr


def test_socket_and_its_directory_are_for_their_owner_only(daemon: Daemon) -> None:
    assert stat.S_ISSOCK(daemon.socket.stat().st_mode)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in daemon.socket.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("service", ["", "jitserve.v1.Cache"])
def test_health_check_says_serving(daemon: Daemon, service: str) -> None:
    with grpc.insecure_channel(f"unix:{daemon.socket}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_S)
    assert answer.status == SERVING


def test_health_watcher_is_told_when_the_daemon_stops(daemon: Daemon) -> None:
    with grpc.insecure_channel(f"unix:{daemon.socket}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
        assert next(watch).status == SERVING
        daemon.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
    assert daemon.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_and_leaves_no_socket(daemon: Daemon, number: signal.Signals) -> None:
    assert daemon.stop(number) == 0
    assert [path.name for path in daemon.socket.parent.iterdir()] == ["daemon.sock.lock"]
    assert daemon.log[-1].endswith("stopped\n")


def test_call_in_flight_is_finished_before_the_end(daemon: Daemon, store: DiskStore) -> None:
    data = b"first half, second half"

    def parts(stub: Any) -> Iterator[pb.PutBlobRequest]:
        yield pb.PutBlobRequest(header=pb.BlobDigest(sha256=sha256(data).digest(), size=len(data)))
        yield pb.PutBlobRequest(data=data[:12])
        stub.Stats(pb.StatsRequest(), timeout=PATIENCE_S)  # on the same connection: answered after PutBlob has begun
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stopping")
        yield pb.PutBlobRequest(data=data[12:])

    with grpc.insecure_channel(f"unix:{daemon.socket}") as channel:
        stub = cache_pb2_grpc.CacheStub(channel)
        stub.PutBlob(parts(stub), timeout=PATIENCE_S)
    assert daemon.stop() == 0
    assert store.fetch(Digest(sha256(data).digest(), len(data))) == data


def test_stop_does_not_wait_for_holders_of_leases_and_tells_those_who_wait(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as holder, Actor(**daemon.environ) as waiter:
        assert holder.do("acquire", key=key(1).hex(), timeout=0)
        assert not waiter.do("acquire", key=key(1).hex(), timeout=0)
        waiter.start("acquire", key=key(1).hex(), timeout=60)
        assert daemon.stop() == 0
        assert waiter.result(), "the lock is free, and the waiter takes it without the daemon"


def test_second_daemon_on_the_store_is_refused_and_names_the_first(daemon: Daemon) -> None:
    other = daemon.socket.with_name("other.sock")
    message = refused("--store", str(daemon.store), "--socket", str(other))
    assert f"pid {daemon.process.pid}" in message
    assert str(daemon.store) in message
    assert not other.exists()


def test_second_daemon_on_the_socket_is_refused_and_the_first_goes_on(daemon: Daemon, tmp_path: Path) -> None:
    message = refused("--store", str(tmp_path / "other"), "--socket", str(daemon.socket))
    assert f"pid {daemon.process.pid}" in message
    with Actor(**daemon.environ) as actor:
        assert actor.tier == "DaemonStore"
        assert actor.do("acquire", key=key(1).hex(), timeout=0)
        assert actor.do("seen_faults") == []


def test_stale_socket_of_a_killed_daemon_is_replaced(daemon: Daemon) -> None:
    daemon.stop(signal.SIGKILL)
    assert daemon.socket.exists()
    with Daemon(daemon.store, daemon.socket) as successor, Actor(**successor.environ) as actor:
        assert actor.tier == "DaemonStore"
        assert actor.do("acquire", key=key(1).hex(), timeout=0)
        assert actor.do("seen_faults") == []
        assert successor.stop() == 0


def test_something_else_at_the_sockets_place_is_not_removed(store: DiskStore, socket: Path) -> None:
    socket.parent.mkdir()
    socket.write_text("precious")
    message = refused("--store", str(store.layout.root), "--socket", str(socket))
    assert "is not a socket" in message
    assert socket.read_text() == "precious"


def test_socket_directory_that_others_can_write_is_refused(store: DiskStore, socket: Path) -> None:
    socket.parent.mkdir()
    socket.parent.chmod(0o777)
    assert "others can replace files" in refused("--store", str(store.layout.root), "--socket", str(socket))


def test_socket_path_that_is_too_long_is_refused_with_its_length(store: DiskStore, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 108)
    message = refused("--store", str(store.layout.root), "--socket", str(path))
    assert f"has {len(str(path))} bytes" in message


def test_store_that_cannot_be_used_is_refused_with_the_reason(socket: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refused("--store", str(tmp_path / "file" / "store"), "--socket", str(socket))
    assert "unwritable" in message


def test_metrics_address_that_is_taken_costs_the_metrics_only(store: DiskStore, socket: Path) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        with Daemon(store.layout.root, socket, "--metrics-address", address) as daemon:
            assert any("no metrics" in line and address in line for line in daemon.log)
            assert daemon.metrics_address == ""
            with Actor(**daemon.environ) as actor:
                assert actor.do("acquire", key=key(1).hex(), timeout=0)


def test_daemon_runs_with_jax_blocked(store: DiskStore, socket: Path) -> None:
    blocked = (
        "import sys; sys.modules['jax'] = sys.modules['jaxlib'] = None\n"
        "from jitserve.daemon import _server, metrics\n"
        "from jitserve.cli.daemon import main; main()"
    )
    with Daemon(store.layout.root, socket, program=blocked) as daemon, Actor(**daemon.environ) as actor:
        actor.do("publish", key=key(1).hex(), payload=b"program".hex(), kind="PROGRAM")
        assert actor.do("seen_faults") == []
        assert daemon.stop() == 0
