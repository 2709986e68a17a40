"""Traces that change what they read: the harmless kind is cached under both states, the others never are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CALL = """
import functools, json, sys
import jax, jax.numpy as jnp, numpy as np, optax
import jitserve

def schedule_step():
    schedule = optax.cosine_decay_schedule(1e-3, 1000)
    return jitserve.jit(lambda x, count: x * schedule(count)), (jnp.ones(3), jnp.int32(3))

def shard_map():
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("x",))
    spec = jax.sharding.PartitionSpec("x")
    none = jax.sharding.PartitionSpec()
    total = jax.shard_map(lambda x: jax.lax.psum(x, "x"), mesh=mesh, in_specs=spec, out_specs=none)
    return jitserve.jit(total), (jnp.ones(4),)

def shard_map_of_the_context():
    auto = (jax.sharding.AxisType.Auto,)
    jax.set_mesh(jax.make_mesh((jax.device_count(),), ("x",), axis_types=auto))
    spec, none = jax.sharding.PartitionSpec("x"), jax.sharding.PartitionSpec()
    total = jax.shard_map(lambda x: jax.lax.psum(x, "x"), in_specs=spec, out_specs=none)
    return jitserve.jit(total), (jnp.ones(4),)

class Model:
    scale = 3.0
    @functools.cached_property
    def table(self):
        return self.scale + 1
    def __call__(self, x):
        return x * self.table

def cached_property():
    return jitserve.jit(Model()), (jnp.ones(3),)

LIST = []
def growing_list():
    def f(x):
        LIST.append(1)
        return x * 2
    return jitserve.jit(f), (jnp.ones(3),)

COUNT = {"n": 0}
def counter():
    def f(x):
        COUNT["n"] += 1
        return x * 2
    return jitserve.jit(f), (jnp.ones(3),)

TABLES = {}
def memo_in_a_dict():
    def f(x):
        if "t" not in TABLES:
            TABLES["t"] = 5.0
        return x * TABLES["t"]
    return jitserve.jit(f), (jnp.ones(3),)

FLAG = False
def global_flag():
    def f(x):
        global FLAG
        FLAG = True
        return x * 2
    return jitserve.jit(f), (jnp.ones(3),)

def nonlocal_counter():
    n = 0
    def f(x):
        nonlocal n
        n += 1
        return x * 2
    return jitserve.jit(f), (jnp.ones(3),)

f, args = globals()[sys.argv[1]]()
states = [f(*args)]
stats = jitserve.stats().as_dict()
jitserve.flush()
print(json.dumps({"out": np.asarray(states[0]).tolist(), "stats": stats}))
"""


def call(name: str, path: Path) -> dict[str, Any]:
    script = path / "script.py"
    script.write_text(CALL)
    done = subprocess.run([sys.executable, str(script), name], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", ["schedule_step", "shard_map", "shard_map_of_the_context", "cached_property"])
@pytest.mark.usefixtures("store_dir")
def test_change_that_comes_to_rest_is_a_hit_from_then_on(name: str, tmp_path: Path) -> None:
    cold, warm = call(name, tmp_path), call(name, tmp_path)
    assert cold["stats"]["misses"] == 1
    assert warm["stats"]["direct_hits"] == 1
    assert warm["out"] == cold["out"]


@pytest.mark.parametrize("name", ["growing_list", "counter", "memo_in_a_dict", "global_flag", "nonlocal_counter"])
@pytest.mark.usefixtures("store_dir")
def test_side_effect_is_refused_by_name_and_never_served(name: str, tmp_path: Path) -> None:
    cold, warm = call(name, tmp_path), call(name, tmp_path)
    for answer in (cold, warm):
        assert answer["stats"]["bypasses"] == {"trace_side_effect": 1}
        assert answer["stats"]["published"] == 0
        assert answer["out"] == cold["out"]
