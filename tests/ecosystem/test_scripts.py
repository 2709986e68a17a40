"""Unmodified scripts of library users under ``jitserve run``: the train step is found without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

WATCH = """
import json, sys
import jax, jax.numpy as jnp
traced = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, *_, **kw: traced.append(kw.get("fun_name")) if event.endswith("jaxpr_trace_duration") else None
)
SEED = int(sys.argv[1])
def tell(losses):
    print(json.dumps({"losses": losses, "traced": traced.count("train_step")}))
"""
NNX = """
import optax
from flax import nnx
class Model(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(4, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.last = nnx.Linear(8, 1, rngs=rngs)
    def __call__(self, x):
        return self.last(self.dropout(nnx.relu(self.norm(self.first(x)))))
model = Model(nnx.Rngs(SEED))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
@nnx.jit
def train_step(model, optimizer, x, y):
    def loss(model):
        return jnp.mean((model(x) - y) ** 2)
    value, grads = nnx.value_and_grad(loss)(model)
    optimizer.update(model, grads)
    return value
x, y = jax.random.normal(jax.random.key(0), (8, 4)), jnp.ones((8, 1))
tell([float(train_step(model, optimizer, x, y)) for _ in range(3)])
"""
EQUINOX = """
import equinox as eqx, optax
model = eqx.nn.MLP(4, 1, 8, 1, key=jax.random.key(SEED))
optimizer = optax.adam(optax.warmup_cosine_decay_schedule(0.0, 1e-2, 2, 10))
state = optimizer.init(eqx.filter(model, eqx.is_inexact_array))
@eqx.filter_value_and_grad
def loss(model, x, y):
    return jnp.mean((jax.vmap(model)(x) - y) ** 2)
@eqx.filter_jit
def train_step(model, state, x, y):
    value, grads = loss(model, x, y)
    updates, state = optimizer.update(grads, state)
    return eqx.apply_updates(model, updates), state, value
losses = []
x, y = jax.random.normal(jax.random.key(0), (8, 4)), jnp.ones((8, 1))
for rows in (8, 8, 6):
    model, state, value = train_step(model, state, x[:rows], y[:rows])
    losses.append(float(value))
tell(losses)
"""
SCRIPTS = {"flax": NNX, "equinox": EQUINOX}


def run(directory: Path, library: str, seed: int, *, served: bool) -> dict[str, Any]:
    script = directory / "script.py"
    script.write_text(WATCH + SCRIPTS[library])
    program = ["-m", "jitserve", "run", "--quiet"] if served else []
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(directory / "store"))}
    command = [sys.executable, *program, str(script), str(seed)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("library", SCRIPTS)
def test_train_step_of_a_script_is_found_with_other_weights_too(library: str, tmp_path: Path) -> None:
    if not find_spec(library) or not find_spec("optax"):
        pytest.skip(f"{library} is not installed: pip install 'jitserve[ecosystem]'")
    plain = run(tmp_path, library, 1, served=False)
    cold = run(tmp_path, library, 0, served=True)
    warm = run(tmp_path, library, 1, served=True)
    assert plain["traced"] > 0
    assert cold["traced"] > 0
    assert warm["traced"] == 0
    assert warm["losses"] == plain["losses"] != cold["losses"]
