"""Leases on the disk tier: one holder at a time, whatever becomes of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from actors import Actor, actors, key

from jitserve.store import _lease
from jitserve.store._disk import DiskStore

KEY = key(1).hex()


def test_second_asker_gets_nothing_until_the_first_releases(store: DiskStore) -> None:
    with actors(2, JITSERVE_DIR=str(store.layout.root)) as (first, second):
        assert first.do("acquire", key=KEY, timeout=0)
        assert not second.do("acquire", key=KEY, timeout=0)
        second.start("acquire", key=KEY, timeout=60)
        first.do("release", key=KEY)
        assert second.result()


def test_leases_of_two_keys_do_not_exclude_each_other(store: DiskStore) -> None:
    with actors(2, JITSERVE_DIR=str(store.layout.root)) as (first, second):
        assert first.do("acquire", key=KEY, timeout=0)
        assert second.do("acquire", key=key(2).hex(), timeout=0)


def test_two_threads_of_one_process_exclude_each_other(store: DiskStore) -> None:
    lease = store.acquire(key(1), 0.0)
    assert lease is not None
    assert store.acquire(key(1), 0.0) is None
    lease.release()
    again = store.acquire(key(1), 0.0)
    assert again is not None
    again.release()


def test_many_processes_are_never_inside_together(store: DiskStore, tmp_path: Path) -> None:
    with actors(6, JITSERVE_DIR=str(store.layout.root)) as crowd:
        for actor in crowd:
            actor.start("contend", key=KEY, rounds=100, inside=str(tmp_path / "inside"))
        assert [actor.result() for actor in crowd] == [0] * 6
    assert list((store.layout.root / "leases").iterdir()) == []


def test_killed_holder_frees_those_who_wait(store: DiskStore) -> None:
    with Actor(JITSERVE_DIR=str(store.layout.root)) as waiter:
        with Actor(JITSERVE_DIR=str(store.layout.root)) as holder:
            assert holder.do("acquire", key=KEY, timeout=0)
            waiter.start("acquire", key=KEY, timeout=60)
            holder.kill()
        assert waiter.result()


def test_file_left_by_a_killed_holder_is_taken_over_and_removed(store: DiskStore) -> None:
    with Actor(JITSERVE_DIR=str(store.layout.root)) as holder:
        assert holder.do("acquire", key=KEY, timeout=0)
        holder.kill()
    assert store.layout.lease(key(1)).exists()
    lease = store.acquire(key(1), 0.0)
    assert lease is not None
    lease.release()
    assert not store.layout.lease(key(1)).exists()


def test_file_replaced_while_held_does_not_give_two_holders_of_one_file(store: DiskStore) -> None:
    """Whoever locks a file that is no longer at the path has not got the lease."""
    path = store.layout.lease(key(1))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        path.unlink()
        assert not _lease._is_at(path, descriptor)
        path.touch()
        assert not _lease._is_at(path, descriptor)
    finally:
        os.close(descriptor)


def test_release_twice_does_not_free_the_next_holder(store: DiskStore) -> None:
    first = store.acquire(key(1), 0.0)
    assert first is not None
    first.release()
    second = store.acquire(key(1), 0.0)
    assert second is not None
    with second:
        first.release()
        assert store.acquire(key(1), 0.0) is None


def test_forked_child_neither_frees_nor_keeps_the_lease_of_its_parent(store: DiskStore) -> None:
    with actors(2, JITSERVE_DIR=str(store.layout.root)) as (parent, other):
        assert parent.do("acquire", key=KEY, timeout=0)
        child = parent.do("sleep_in_fork")
        try:
            forked = parent.do("in_fork", command={"do": "release", "key": KEY})
            assert forked == {"ok": None}
            assert not other.do("acquire", key=KEY, timeout=0), "the child freed it"
            parent.kill()
            assert other.do("acquire", key=KEY, timeout=60), "the child that lives on kept it"
        finally:
            os.kill(child, signal.SIGKILL)
