"""A process that waits for another one's compile says so, and for whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import Daemon, short_directory

_SCRIPT = """
import os, signal, sys
import jax, numpy as np
import jitserve, jitserve._patience
jitserve._patience.SILENT_S = 0.5

def hear(event, *_, **__):
    if event == "/jax/core/compile/jaxpr_trace_duration" and sys.argv[1:] == ["stop"]:
        print("tracing", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)

jax.monitoring.register_event_duration_secs_listener(hear)

def train_step(x):
    return x * 2

print(jitserve.jit(train_step)(np.ones(3)))
"""


def start(store: Path, *args: str, **environment: str) -> subprocess.Popen[str]:
    env = {**os.environ, "JITSERVE_DIR": str(store), **environment}
    # From a file: both processes must have the same function.
    script = store.parent / "script.py"
    script.write_text(_SCRIPT)
    command = [sys.executable, str(script), *args]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(params=["none", "daemon"])
def address(request: pytest.FixtureRequest, store_dir: Path) -> Iterator[str]:
    if request.param == "none":
        yield "none"
        return
    with short_directory() as directory, Daemon(store_dir, directory / "run" / "daemon.sock") as daemon:
        yield f"unix:{daemon.socket}"


def test_process_that_waits_for_one_that_is_stopped_says_for_whom_and_how_long(store_dir: Path, address: str) -> None:
    holder = start(store_dir, "stop", JITSERVE_ADDRESS=address)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "tracing\n"
        waiter = start(store_dir, JITSERVE_ADDRESS=address, JITSERVE_LEASE_TIMEOUT="3")
        out, err = waiter.communicate(timeout=120)
    finally:
        holder.send_signal(signal.SIGCONT)
        holder.communicate(timeout=120)
    assert out == "[2. 2. 2.]\n"
    (line,) = [line for line in err.splitlines() if "has waited" in line]
    assert "train_step has waited 0.5 s" in line
    assert "JITSERVE_LEASE_TIMEOUT (3 s)" in line
    assert f"the lock on {store_dir}/leases/" in line
    who = f"process {holder.pid}," if address == "none" else "a client of jitserve-daemon (pid "
    assert who in line
