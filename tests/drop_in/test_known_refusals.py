"""A program that cannot be stored is found out once; later processes go through plain JAX at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from empty_store import empty_store

Answer = dict[str, Any]

# What is counted is how often a trace is recorded, which is what a call that is not stored has to pay for.
SCRIPT = """
import json, os, sys
import jax, jax.numpy as jnp, numpy as np
import jitserve
from jitserve import fingerprint

recorded = []
record = fingerprint.record
fingerprint.record = lambda *args: recorded.append(args) or record(*args)

def host(x):
    return np.asarray(x) * 2

def ordinary(x):
    return x * 2

@jitserve.jit
def f(x):
    if os.environ.get("BY_HOST"):
        return jax.pure_callback(host, x, x)
    return ordinary(x)

x = jnp.arange(3.0)
explained = jitserve.explain(f, x).as_dict() if "explain" in sys.argv else None
value = f(x).tolist()
jitserve.flush()
counts = jitserve.stats().as_dict()
print(json.dumps({"value": value, "recorded": len(recorded), "stats": counts, "explained": explained}))
"""


def run(store: Path, *arguments: str, **environment: str) -> Answer:
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(store)), **environment}
    script = store.parent / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["value"] == [0.0, 2.0, 4.0]
    assert not answer["stats"]["faults"]
    return answer


def test_later_process_does_not_record_a_trace_again_that_calls_back_into_python(tmp_path: Path) -> None:
    first = run(tmp_path / "store", BY_HOST="1")
    assert first["stats"]["bypasses"] == {"host_callback": 1}
    assert first["recorded"] == 1
    second = run(tmp_path / "store", "explain", BY_HOST="1")
    assert second["stats"]["bypasses"] == {"host_callback": 1}
    assert second["recorded"] == 0
    assert second["explained"]["reason"] == "host_callback"


def test_what_the_trace_read_has_to_be_as_it_was_for_a_call_to_be_left_alone(tmp_path: Path) -> None:
    run(tmp_path / "store", BY_HOST="1")
    ordinary = run(tmp_path / "store")
    assert ordinary["stats"]["misses"] == ordinary["recorded"] == 1
    assert run(tmp_path / "store")["stats"]["direct_hits"] == 1
    assert run(tmp_path / "store", BY_HOST="1")["recorded"] == 0
