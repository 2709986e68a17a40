"""Which tier a process gets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from actors import Actor, Daemon, key

from jitserve._errors import StoreFault
from jitserve._settings import Settings
from jitserve.store import open_store
from jitserve.store._disk import DiskStore
from jitserve.store._layout import Layout
from jitserve.store._sidecar import Sidecar, sidecar_path, write_sidecar
from jitserve.store._tier import Kind, Store

Open = Callable[..., Store]


@pytest.fixture
def faults() -> list[StoreFault]:
    return []


@pytest.fixture
def opened(tmp_path: Path, socket: Path, faults: list[StoreFault]) -> Iterator[Open]:
    """Opens the store of a process for which ``socket`` is the daemon's default place."""
    defaults = dataclasses.replace(
        Settings.from_env({"JITSERVE_DIR": str(tmp_path / "own")}), store_dir_explicit=False, socket_path=socket
    )
    stores = []

    def do(**changes: object) -> Store:
        store = open_store(dataclasses.replace(defaults, **changes), faults.append)  # type: ignore[arg-type]
        stores.append(store)
        return store

    yield do
    for store in stores:
        store.close()


def directory_of(store: Store) -> Path:
    """Where a record goes that is published there."""
    digest = store.put(b"here")
    store.publish(Kind.PROGRAM, key(9), b"here")
    layout: Layout = getattr(store, "_disk", store).layout
    assert layout.blob(digest).exists()
    assert layout.record(Kind.PROGRAM, key(9)).exists()
    return layout.root


def test_without_a_daemon_it_is_the_directory_alone_and_no_fault(opened: Open, faults: list[StoreFault]) -> None:
    assert isinstance(opened(), DiskStore)
    assert faults == []


def test_daemon_at_the_default_place_brings_its_own_directory(
    opened: Open, daemon: Daemon, faults: list[StoreFault]
) -> None:
    store = opened()
    assert type(store).__name__ == "DaemonStore"
    assert directory_of(store) == daemon.store
    assert faults == []


def test_daemon_that_serves_another_directory_than_the_one_named_is_ignored(
    opened: Open, daemon: Daemon, tmp_path: Path, faults: list[StoreFault]
) -> None:
    assert isinstance(opened(store_dir_explicit=True), DiskStore)
    assert isinstance(opened(store_dir_explicit=True, store_dir=tmp_path / "absent"), DiskStore)
    assert faults == []


def test_daemon_that_serves_the_directory_named_is_used_whatever_its_spelling(
    opened: Open, daemon: Daemon, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(daemon.store)
    store = opened(store_dir_explicit=True, store_dir=tmp_path / "link")
    assert type(store).__name__ == "DaemonStore"


def test_named_address_wins_over_a_named_directory(opened: Open, daemon: Daemon) -> None:
    store = opened(store_dir_explicit=True, address=f"unix:{daemon.socket}")
    assert directory_of(store) == daemon.store


def test_named_address_where_nobody_listens_is_a_fault_and_the_directory_is_used(
    opened: Open, socket: Path, faults: list[StoreFault]
) -> None:
    assert isinstance(opened(address=str(socket)), DiskStore)
    assert [fault.kind for fault in faults] == ["daemon_unreachable"]
    assert "is jitserve-daemon running?" in faults[0].message


def test_address_that_is_none_is_a_fault_that_says_what_one_is(opened: Open, faults: list[StoreFault]) -> None:
    assert isinstance(opened(address="localhost:1234"), DiskStore)
    assert [fault.kind for fault in faults] == ["daemon_unreachable"]
    assert "use unix:/path or /path" in faults[0].message


def test_daemon_not_wanted_is_not_looked_for(opened: Open, daemon: Daemon) -> None:
    assert isinstance(opened(daemon_wanted=False), DiskStore)


def test_sidecar_of_a_daemon_that_was_killed_is_a_fault_and_the_directory_is_used(
    opened: Open, daemon: Daemon, faults: list[StoreFault]
) -> None:
    daemon.process.kill()
    daemon.process.wait()
    assert sidecar_path(daemon.socket).exists()
    assert isinstance(opened(), DiskStore)
    assert [fault.kind for fault in faults] == ["daemon_unreachable"]


def test_sidecar_at_the_default_place_for_a_directory_not_seen_here_is_ignored(opened: Open, socket: Path) -> None:
    socket.parent.mkdir()
    write_sidecar(socket, Sidecar("/nonexistent", 1, 2, 3))
    assert isinstance(opened(), DiskStore)


def test_hits_on_the_daemons_host_need_no_grpc_and_no_protobuf(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as producer:
        sha256, size = producer.do("put", data=b"blob".hex())
        producer.do("publish", key=key(1).hex(), payload=b"program".hex(), kind="PROGRAM")
    with Actor(**daemon.environ) as reader:
        assert reader.tier == "DaemonStore"
        assert bytes.fromhex(reader.do("lookup", key=key(1).hex(), kind="PROGRAM")) == b"program"
        assert bytes.fromhex(reader.do("fetch", sha256=sha256, size=size)) == b"blob"
        loaded = reader.do("modules")
    assert not [name for name in loaded if name.split(".")[0] in ("grpc", "jax", "jaxlib", "prometheus_client")]
    assert "google.protobuf.message" not in loaded
