"""A store that is deleted as a whole while processes use it: it is made again by the first that writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from actors import Actor, Daemon, key

from jitserve.store._disk import DiskStore
from jitserve.store._layout import VERSION_TEXT
from jitserve.store._sidecar import read_sidecar
from jitserve.store._tier import Kind


@pytest.mark.parametrize("first", ["put", "publish", "acquire", "try_acquire"])
def test_open_store_that_is_deleted_is_made_again_by_the_first_write(store: DiskStore, first: str) -> None:
    store.put(b"blob")
    store.publish(Kind.PROGRAM, key(1), b"program")
    shutil.rmtree(store.directory)
    assert store.lookup(Kind.PROGRAM, key(1)) is None
    writes = {
        "put": lambda: store.put(b"blob"),
        "publish": lambda: store.publish(Kind.PROGRAM, key(1), b"program"),
        "acquire": lambda: store.acquire(key(1), 0.0),
        "try_acquire": lambda: store.try_acquire(key(1)),
    }
    assert writes.pop(first)() is not None or first == "publish"
    for write in writes.values():
        write()
    assert (store.directory / "VERSION").read_text() == VERSION_TEXT
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"
    assert store.fetch(store.put(b"blob")).tobytes() == b"blob"


def use(actor: Actor, number: int) -> None:
    """Compiles and stores something, as far as the store is concerned."""
    assert actor.do("acquire", key=key(number).hex(), timeout=60.0)
    digest, size = actor.do("put", data="b10b")
    actor.do("publish", key=key(number).hex(), payload="0801", kind="PROGRAM")
    actor.do("release", key=key(number).hex())
    assert actor.do("fetch", sha256=digest, size=size) == "b10b"
    assert actor.do("lookup", key=key(number).hex(), kind="PROGRAM") == "0801"


def test_daemon_whose_store_is_deleted_serves_old_and_new_clients_from_a_new_one(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as before:
        use(before, 1)
        shutil.rmtree(daemon.store)
        assert before.do("lookup", key=key(1).hex(), kind="PROGRAM") is None
        use(before, 2)
        daemon.wait_for("serving a new store there")
        with Actor(**daemon.environ) as after:
            assert after.tier == "DaemonStore"
            assert after.do("lookup", key=key(2).hex(), kind="PROGRAM") == "0801"
            use(after, 3)
            assert after.do("seen_faults") == before.do("seen_faults") == []
    sidecar = read_sidecar(daemon.socket)
    assert sidecar is not None
    assert sidecar.is_here()
    assert (daemon.store / "daemon.lock").read_text() == f"{daemon.process.pid}\n"


def test_daemon_notices_a_store_that_another_process_has_made_again(daemon: Daemon, tmp_path: Path) -> None:
    with Actor(**daemon.environ) as client:
        shutil.rmtree(daemon.store)
        DiskStore(daemon.store)
        use(client, 1)
        daemon.wait_for("serving a new store there")
        sidecar = read_sidecar(daemon.socket)
        assert sidecar is not None
        assert sidecar.is_here()
