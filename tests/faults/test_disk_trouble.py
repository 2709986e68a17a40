"""A disk that is full, read-only, somebody else's, or gone: a fault with a name, and nothing lost that was there."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import Actor, Daemon, Fault, actors, key

from jitserve._errors import StoreFault
from jitserve.store._disk import DiskStore
from jitserve.store._tier import Kind


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED HERE: this system does not let us mount: {done.stderr.strip()}")


@pytest.fixture
def mount_point(tmp_path: Path) -> Iterator[Path]:
    """An empty directory; what a test mounts there is unmounted afterwards."""
    path = tmp_path / "mounted"
    path.mkdir()
    yield path
    while not subprocess.run(["umount", str(path)], stderr=subprocess.DEVNULL, check=False).returncode:
        pass


def fill_up(directory: Path) -> None:
    facts = os.statvfs(directory)
    (directory / "ballast").write_bytes(bytes(facts.f_bavail * facts.f_bsize))


def fault_of(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(StoreFault) as caught:
        call(*arguments)
    return caught.value.kind


def filled(root: Path) -> DiskStore:
    """A store with one program."""
    store = DiskStore(root)
    store.publish(Kind.PROGRAM, key(1), b"program")
    return store


def test_full_disk_is_no_space_and_keeps_what_was_there(mount_point: Path) -> None:
    mount("-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(mount_point))
    store = filled(mount_point)
    digest = store.put(b"blob")
    fill_up(mount_point)
    assert fault_of(store.put, bytes(100_000)) == "no_space"
    assert fault_of(store.publish, Kind.PROGRAM, key(2), bytes(100_000)) == "no_space"
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"
    assert store.lookup(Kind.PROGRAM, key(2)) is None
    assert store.fetch(digest) == b"blob"
    (mount_point / "ballast").unlink()
    assert [path for path in mount_point.rglob("*tmp-*") if path.is_file()] == []
    store.publish(Kind.PROGRAM, key(2), bytes(100_000))


def test_full_disk_serves_a_process_that_starts_then(mount_point: Path) -> None:
    mount("-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", str(mount_point))
    filled(mount_point)
    fill_up(mount_point)
    assert DiskStore(mount_point).lookup(Kind.PROGRAM, key(1)) == b"program"


def test_file_size_limit_is_no_space_too(store: DiskStore) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        kinds = fault_of(store.put, bytes(100_000)), fault_of(store.publish, Kind.PROGRAM, key(2), bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert kinds == ("no_space", "no_space")
    assert store.usage().entries == store.usage().blobs == 0


def test_read_only_store_serves_lookups_and_refuses_the_rest_by_name(mount_point: Path, tmp_path: Path) -> None:
    digest = filled(tmp_path / "store").put(b"blob")
    mount("--bind", str(tmp_path / "store"), str(mount_point))
    mount("-o", "remount,bind,ro", str(mount_point))
    store = DiskStore(mount_point)
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"
    assert store.fetch(digest) == b"blob"
    assert fault_of(store.put, b"another") == "unwritable"
    assert fault_of(store.publish, Kind.PROGRAM, key(2), b"x") == "unwritable"
    assert fault_of(store.acquire, key(2), 0.0) == "unwritable"
    assert fault_of(store.quarantine, Kind.PROGRAM, key(1), "") == "unwritable"


def test_read_only_store_is_said_in_one_line(mount_point: Path, store_dir: Path) -> None:
    mount("--bind", str(store_dir), str(mount_point))
    filled(mount_point)
    mount("-o", "remount,ro,bind", str(mount_point))
    code = "import jitserve; print(jitserve.jit(lambda x: x * 2)(3.0)); jitserve.flush()"
    env = {**os.environ, "JITSERVE_DIR": str(mount_point)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=240)
    assert done.stdout == "6.0\n"
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_damage_in_a_read_only_store_is_a_fault_each_time_and_never_served(mount_point: Path, tmp_path: Path) -> None:
    filled(tmp_path / "store").layout.record(Kind.PROGRAM, key(1)).write_bytes(b"rubbish")
    mount("--bind", str(tmp_path / "store"), str(mount_point))
    mount("-o", "remount,bind,ro", str(mount_point))
    store = DiskStore(mount_point)
    assert [fault_of(store.lookup, Kind.PROGRAM, key(1)) for _ in range(2)] == ["corrupt_record"] * 2


def test_empty_read_only_directory_is_unwritable(mount_point: Path) -> None:
    mount("-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", str(mount_point))
    assert fault_of(DiskStore, mount_point) == "unwritable"


@pytest.fixture
def another_user() -> Iterator[None]:
    """For the test, this process has the rights of some other user."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED HERE: only root can become another user")
    os.seteuid(12345)
    yield
    os.seteuid(0)


def test_store_that_its_user_may_not_read_is_unreadable(socket: Path, request: pytest.FixtureRequest) -> None:
    root = socket.parent.parent
    filled(root / "store")
    root.chmod(0o755)
    request.getfixturevalue("another_user")
    assert fault_of(DiskStore, root / "store") == "unreadable"


def test_directory_that_its_user_may_not_write_is_unwritable(socket: Path, request: pytest.FixtureRequest) -> None:
    root = socket.parent.parent
    root.chmod(0o755)
    request.getfixturevalue("another_user")
    assert fault_of(DiskStore, root) == "unwritable"
    assert fault_of(DiskStore, root / "store") == "unwritable"


def test_store_that_vanishes_and_cannot_be_made_again_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    shutil.rmtree(tmp_path / "store")
    assert store.lookup(Kind.PROGRAM, key(1)) is None
    assert store.usage().entries == 0
    (tmp_path / "store").symlink_to(tmp_path / "nowhere" / "at" / "all")
    assert fault_of(store.publish, Kind.PROGRAM, key(1), b"x") == "unwritable"
    assert fault_of(store.acquire, key(1), 0.0) == "unwritable"


def test_record_that_is_a_directory_is_a_fault(store: DiskStore) -> None:
    store.layout.record(Kind.PROGRAM, key(1)).mkdir(parents=True)
    assert fault_of(store.lookup, Kind.PROGRAM, key(1)) in ("io_error", "corrupt_record")


def test_actor_is_told_the_kind_of_the_daemons_trouble(mount_point: Path, socket: Path) -> None:
    """The daemon's disk is full: its clients learn that it is, not that the daemon is broken."""
    mount("-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(mount_point))
    with Daemon(mount_point, socket) as daemon, Actor(**daemon.environ) as actor:
        fill_up(mount_point)
        with pytest.raises(Fault) as caught:
            actor.do("publish", key=key(1).hex(), payload=bytes(100_000).hex(), kind="PROGRAM")
        assert caught.value.kind == "no_space"
        assert actor.do("seen_faults") == []


def test_publisher_killed_at_any_time_leaves_whole_records(store: DiskStore) -> None:
    payload = bytes(200_000)
    for number in range(12):
        with actors(1, JITSERVE_DIR=str(store.layout.root)) as (actor,):
            for slot in range(number + 1):
                actor.start("publish", key=key(slot).hex(), payload=payload.hex(), kind="PROGRAM")
            actor.kill()
        assert {store.lookup(Kind.PROGRAM, key(slot)) for slot in range(number + 1)} <= {payload, None}
