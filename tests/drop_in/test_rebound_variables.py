"""A trace that binds a captured variable anew, and comes to rest: a hit leaves the variable as the trace would have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from empty_store import empty_store

Answer = dict[str, Any]

SCRIPT = """
import json, sys
import jax, jax.numpy as jnp
import jitserve

def make():
    steps, names = 3, None
    def f(x):
        nonlocal steps, names
        steps, names = float(steps), ("a", 1, None)
        return x * steps + len(names)
    return f

traced = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, *_, **kw: traced.append(kw.get("fun_name")) if event.endswith("jaxpr_trace_duration") else None
)
f = make()
jit = jax.jit if "plain" in sys.argv else jitserve.jit
values = [jit(f)(jnp.arange(float(n))).tolist() for n in (2, 3, 4)]
jitserve.flush()
cells = [repr(cell.cell_contents) for cell in f.__closure__]
stats = jitserve.stats().as_dict()
print(json.dumps({"values": values, "cells": cells, "stats": stats, "traced": traced.count("f")}))
"""


def run(directory: Path, *arguments: str) -> Answer:
    script = directory / "script.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(directory / "store"))}
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_further_signatures_hit_on_the_second_start_and_the_variables_are_as_under_jax(tmp_path: Path) -> None:
    plain, cold, warm = run(tmp_path, "plain"), run(tmp_path), run(tmp_path)
    assert cold["stats"]["misses"] == 3
    assert warm["stats"]["direct_hits"] == 3
    assert warm["traced"] == 0
    assert not cold["stats"]["faults"]
    assert not warm["stats"]["faults"]
    assert plain["values"] == cold["values"] == warm["values"]
    assert plain["cells"] == cold["cells"] == warm["cells"]
    assert "3.0" in warm["cells"]
