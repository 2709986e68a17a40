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

# `shard_map` keeps the mesh of the context of its first trace, and refuses another one from then on.
OF_THE_CONTEXT = """
import json, sys
import jax, jax.numpy as jnp
import jitserve

def mesh(*sizes):
    types = (jax.sharding.AxisType.Auto,) * len(sizes)
    return jax.make_mesh(sizes, ("x", "y")[: len(sizes)], axis_types=types)

spec = jax.sharding.PartitionSpec("x")
double = jax.shard_map(lambda x: x * 2, in_specs=spec, out_specs=spec)
jit = jax.jit if "plain" in sys.argv else jitserve.jit
with jax.set_mesh(mesh(2)):
    values = jit(double)(jnp.arange(4.0)).tolist()
try:
    with jax.set_mesh(mesh(2, 1)):
        double(jnp.arange(4.0))
except ValueError as error:
    refused = str(error)
jitserve.flush()
stats = jitserve.stats().as_dict()
print(json.dumps({"values": values, "cells": refused, "stats": stats}))
"""


def run(directory: Path, *arguments: str, source: str = SCRIPT) -> Answer:
    script = directory / "script.py"
    script.write_text(source)
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    env = {**os.environ, **devices, "JITSERVE_DIR": str(empty_store(directory / "store"))}
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


def test_hit_leaves_the_mesh_that_shard_map_has_taken_from_the_context(tmp_path: Path) -> None:
    plain = run(tmp_path, "plain", source=OF_THE_CONTEXT)
    cold, warm = run(tmp_path, source=OF_THE_CONTEXT), run(tmp_path, source=OF_THE_CONTEXT)
    assert "should match the mesh passed to shard_map" in plain["cells"]
    assert plain["cells"] == cold["cells"] == warm["cells"]
    assert plain["values"] == cold["values"] == warm["values"]
    assert cold["stats"]["misses"] == 1
    assert warm["stats"]["direct_hits"] == 1
    assert not warm["stats"]["faults"]
