"""A client that does not see the daemon's directory, as in another container: records and blobs by gRPC."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import Actor, Daemon, Fault, key

from jitserve.store._disk import DiskStore
from jitserve.store._sidecar import sidecar_path
from jitserve.store._tier import Digest, Kind

KEY = key(1).hex()
BLOB = bytes(range(256)) * 20_000  # several messages


@pytest.fixture
def far(daemon: Daemon, tmp_path: Path) -> Iterator[Actor]:
    """It can reach the socket, and nothing else."""
    sidecar_path(daemon.socket).unlink()
    with Actor(JITSERVE_ADDRESS=f"unix:{daemon.socket}", JITSERVE_DIR=str(tmp_path / "own")) as actor:
        assert actor.tier == "DaemonStore"
        yield actor


def test_what_it_publishes_is_in_the_daemons_directory(far: Actor, store: DiskStore, tmp_path: Path) -> None:
    sha256, size = far.do("put", data=BLOB.hex())
    far.do("publish", key=KEY, payload=b"program".hex(), kind="PROGRAM")
    assert store.fetch(Digest(bytes.fromhex(sha256), size)) == BLOB
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"
    assert DiskStore(tmp_path / "own").usage().entries == 0


def test_what_is_in_the_daemons_directory_it_sees(far: Actor, store: DiskStore) -> None:
    digest = store.put(BLOB)
    assert far.do("lookup", key=KEY, kind="PROGRAM") is None
    store.publish(Kind.PROGRAM, key(1), b"program")
    assert far.do("lookup", key=KEY, kind="PROGRAM") == b"program".hex()
    assert far.do("fetch", sha256=digest.hash.hex(), size=digest.size) == BLOB.hex()
    far.do("quarantine", key=KEY, kind="PROGRAM")
    assert store.lookup(Kind.PROGRAM, key(1)) is None
    assert far.do("seen_faults") == []


def test_faults_of_the_daemons_store_keep_their_kinds(far: Actor, store: DiskStore) -> None:
    digest = store.put(BLOB)
    store.layout.blob(digest).write_bytes(BLOB[:-1] + b"?")
    store.publish(Kind.PROGRAM, key(1), b"program")
    store.layout.record(Kind.PROGRAM, key(1)).write_bytes(b"rubbish")
    for kind, command in {
        "corrupt_record": {"what": "lookup", "key": KEY, "kind": "PROGRAM"},
        "corrupt_blob": {"what": "fetch", "sha256": digest.hash.hex(), "size": digest.size},
        "missing_blob": {"what": "fetch", "sha256": KEY, "size": 5},
        "bad_record": {"what": "publish", "key": KEY, "payload": "ffffff"},
    }.items():
        with pytest.raises(Fault) as caught:
            far.do(**command)
        assert caught.value.kind == kind
    assert far.do("seen_faults") == []


def test_lease_excludes_those_who_use_the_directory(far: Actor, store: DiskStore) -> None:
    assert far.do("acquire", key=KEY, timeout=0)
    assert store.acquire(key(1), 0.0) is None
    far.do("release", key=KEY)
    lease = store.acquire(key(1), 60.0)
    assert lease is not None
    lease.release()


def test_when_the_daemon_dies_its_own_directory_serves(far: Actor, daemon: Daemon, tmp_path: Path) -> None:
    assert far.do("lookup", key=KEY, kind="PROGRAM") is None
    daemon.stop(signal.SIGKILL)
    far.do("publish", key=KEY, payload=b"program".hex(), kind="PROGRAM")
    sha256, size = far.do("put", data=BLOB.hex())
    assert far.do("lookup", key=KEY, kind="PROGRAM") == b"program".hex()
    assert far.do("fetch", sha256=sha256, size=size) == BLOB.hex()
    assert far.do("acquire", key=KEY, timeout=0)
    assert DiskStore(tmp_path / "own").lookup(Kind.PROGRAM, key(1)) == b"program"
    assert far.do("seen_faults") == ["daemon_unreachable"]
