"""Leases with a daemon: among its clients, and between them and processes that do not use it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from actors import PATIENCE_S, Actor, Daemon, actors, key

KEY = key(1).hex()


def embedded(daemon: Daemon) -> dict[str, str]:
    return {"JITSERVE_DIR": str(daemon.store)}


def ended(program: str, daemon: Daemon) -> subprocess.CompletedProcess[bytes]:
    """A Python program that used the daemon and came to its end."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, **daemon.environ},
        timeout=PATIENCE_S,
        check=False,
    )


def test_many_clients_are_never_inside_together(daemon: Daemon, tmp_path: Path) -> None:
    with actors(6, **daemon.environ) as crowd:
        assert {actor.tier for actor in crowd} == {"DaemonStore"}
        for actor in crowd:
            actor.start("contend", key=KEY, rounds=50, inside=str(tmp_path / "inside"))
        assert [actor.result() for actor in crowd] == [0] * 6
        assert [actor.do("seen_faults") for actor in crowd] == [[]] * 6


def test_clients_and_embedded_processes_are_never_inside_together(daemon: Daemon, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        crowd = [
            *stack.enter_context(actors(3, **daemon.environ)),
            *stack.enter_context(actors(3, **embedded(daemon))),
        ]
        assert sorted(actor.tier for actor in crowd) == ["DaemonStore"] * 3 + ["DiskStore"] * 3
        for actor in crowd:
            actor.start("contend", key=KEY, rounds=30, inside=str(tmp_path / "inside"))
        assert [actor.result() for actor in crowd] == [0] * 6


def test_killed_client_frees_those_who_wait(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as waiter, Actor(**embedded(daemon)) as bystander:
        with Actor(**daemon.environ) as holder:
            assert holder.do("acquire", key=KEY, timeout=0)
            assert not bystander.do("acquire", key=KEY, timeout=0)
            waiter.start("acquire", key=KEY, timeout=60)
            holder.kill()
        assert waiter.result()
        assert not bystander.do("acquire", key=KEY, timeout=0)
        waiter.do("release", key=KEY)
        assert bystander.do("acquire", key=KEY, timeout=60)


def test_client_waits_for_an_embedded_holder_and_gets_the_lease_when_it_dies(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as waiter:
        with Actor(**embedded(daemon)) as holder:
            assert holder.do("acquire", key=KEY, timeout=0)
            assert not waiter.do("acquire", key=KEY, timeout=0)
            waiter.start("acquire", key=KEY, timeout=60)
            holder.kill()
        assert waiter.result()
        assert waiter.do("seen_faults") == []


@pytest.mark.parametrize("ending", ["pass", "store.close()", "del store", "raise SystemExit", "os.fork()"])
def test_process_that_ends_while_it_holds_a_lease_does_end_and_frees_it(daemon: Daemon, ending: str) -> None:
    program = (
        "import os\nfrom jitserve._settings import Settings\nfrom jitserve.store import open_store\n"
        f"store = open_store(Settings.from_env())\nlease = store.acquire({key(1)!r}, 0)\nassert lease\n{ending}"
    )
    with Actor(**daemon.environ) as waiter:
        assert ended(program, daemon).returncode == 0
        assert waiter.do("acquire", key=KEY, timeout=60)


def test_forked_child_of_a_client_goes_on_without_the_daemon(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as parent:
        assert parent.do("acquire", key=KEY, timeout=0)
        commands = [
            {"do": "acquire", "key": KEY, "timeout": 0},
            {"do": "acquire", "key": key(2).hex(), "timeout": 0},
            {"do": "publish", "key": key(3).hex(), "payload": b"program".hex(), "kind": "PROGRAM"},
            {"do": "report", "batch": {"outcomes": {"miss": 1}}},
            {"do": "release", "key": KEY},
            {"do": "close"},
        ]
        answers = [parent.do("in_fork", command=command) for command in commands]
        assert answers == [{"ok": False}, {"ok": True}, {"ok": None}, {"ok": None}, {"ok": None}, {"ok": None}]
        assert parent.do("lookup", key=key(3).hex(), kind="PROGRAM") == b"program".hex()
        with Actor(**daemon.environ) as other:
            assert not other.do("acquire", key=KEY, timeout=0), "a child freed it"
            parent.do("release", key=KEY)
            assert other.do("acquire", key=KEY, timeout=60)
        assert parent.do("seen_faults") == []


# Threads of gRPC's have the lock of a call for an instant. ``stop`` makes one stop at such an instant, and never go on.
_STOPPED_THREAD = """
import atexit, os, threading
from jitserve._settings import Settings
from jitserve.store import open_store

stopping = threading.Event()

def take(lock):
    stopping.wait()
    lock.acquire()

def stop():
    stopping.set()
    thread.join()

{before}
store = open_store(Settings.from_env())
lease = store.acquire(bytes(32), 0)
thread = threading.Thread(target=take, args=[lease._stream._call._state.condition], daemon=True)
thread.start()
{after}
"""


@pytest.mark.parametrize("ending", ["", "store.close()", "lease.release()"])
def test_process_ends_though_a_thread_of_grpc_stopped_with_a_lock(daemon: Daemon, ending: str) -> None:
    # What is registered first is run last: after all of ours, and before the interpreter is torn down.
    assert ended(_STOPPED_THREAD.format(before="atexit.register(stop)", after=ending), daemon).returncode == 0


@pytest.mark.parametrize("ending", ["", "del lease, call", "store.close(); del store, lease, call"])
def test_forked_child_ends_though_a_thread_of_grpc_had_a_lock_at_the_fork(daemon: Daemon, ending: str) -> None:
    released = (
        "call = lease._stream._call\nlease.release()\n"
        "[reader.join() for reader in threading.enumerate() if reader.name == 'jitserve-lease']\nstop()\n"
    )
    fork = "child = os.fork()\nif child:\n    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    assert ended(_STOPPED_THREAD.format(before="", after=released + fork + ending), daemon).returncode == 0
