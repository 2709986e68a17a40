"""The second trace of a cold call that has changed what it reads: the call is as with plain JAX, whatever it raises.

Only what somebody else has sent, a signal, gets through.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest
from empty_store import empty_store

import jitserve

SCRIPT = """
import json, signal, sys
import jax, jax.numpy as jnp
import jitserve

def leave(number, frame):
    raise SystemExit(7)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, leave)

class Own(BaseException):
    pass

def value(): raise ValueError("again")
def interrupt(): raise KeyboardInterrupt
def leaves(): sys.exit(5)
def own(): raise Own
def waits():
    while True: pass
def waits_carefully():
    try:
        while True: pass
    except BaseException:
        raise

def make(again):
    n = 2
    def f(x):
        nonlocal n
        print("traced", flush=True)
        if isinstance(n, float):
            again()
        n = float(n)
        return x * n
    return f

f = make(globals()[sys.argv[1]])
jit = jax.jit if "plain" in sys.argv else jitserve.jit
try:
    value = jit(f)(jnp.arange(4.0)).tolist()
except KeyboardInterrupt:
    value = "interrupted"
jitserve.flush()
kept = [repr(cell.cell_contents) for cell in f.__closure__ if cell.cell_contents.__class__ is float]
print(json.dumps({"value": value, "kept": kept, "stats": jitserve.stats().as_dict()}))
"""


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    script = directory / "script.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(directory / "store")), "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, str(script), *arguments]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer_of(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1]), err


@pytest.mark.parametrize("error", ["value", "interrupt", "leaves", "own"])
def test_error_of_the_function_in_the_second_trace_reaches_nobody(tmp_path: Path, error: str) -> None:
    plain, _ = answer_of(start(tmp_path, error, "plain"))
    for _ in range(2):
        ours, said = answer_of(start(tmp_path, error))
        assert (ours["value"], ours["kept"]) == (plain["value"], plain["kept"])
        assert ours["stats"]["bypasses"] == {"trace_side_effect": 1}
        assert not ours["stats"]["faults"]
        assert "Traceback" not in said


@pytest.mark.parametrize("how", ["waits", "waits_carefully"])
def test_interrupt_from_the_keyboard_in_the_second_trace_is_the_users(tmp_path: Path, how: str) -> None:
    process = _in_its_second_trace(tmp_path, how)
    process.send_signal(signal.SIGINT)
    assert answer_of(process)[0]["value"] == "interrupted"


def test_what_a_handler_raises_in_the_second_trace_is_the_users(tmp_path: Path) -> None:
    process = _in_its_second_trace(tmp_path, "waits")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=240)
    assert process.returncode == 7


def _in_its_second_trace(directory: Path, how: str) -> subprocess.Popen[str]:
    process = start(directory, how)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["traced\n", "traced\n"]
    return process


def test_second_trace_does_not_say_again_what_lowering_warns_about(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    n = 2

    def f(x: Any) -> Any:
        nonlocal n
        n = float(n)  # type: ignore[assignment]
        return x[:1] * n

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        jitserve.jit(f, donate_argnums=0)(jnp.ones(3))
    jitserve.flush()
    assert jitserve.stats().misses == 1
    assert ["donated buffers were not usable" in str(item.message) for item in heard] == [True]
