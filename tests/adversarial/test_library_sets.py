"""Installed libraries that iterate over sets: the order, and with it the program, may depend on the hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

_LIBRARY = """
TERMS = {"alpha": 1.0, "beta": 2.0, "gamma": 3.0}
def in_order_of_a_set(x): return [x * TERMS[name] for name in set(TERMS)]
def in_order_of_names(x): return [x * TERMS[name] for name in sorted(set(TERMS))]
def in_order_of_numbers(x): return [x * number for number in {1, 2, 3}]
def of_members(x): return x * 2 if "beta" in set(TERMS) else x
"""
_CHILD = """
import json, sys
import jax, numpy as np
import jitserve, termlib

X = np.ones(2, "f4")
report = {}
for name in ("in_order_of_a_set", "in_order_of_names", "in_order_of_numbers", "of_members"):
    function = getattr(termlib, name)
    def f(x): return function(x)
    hits, reasons = jitserve.stats().direct_hits, dict(jitserve.stats().bypasses)
    out = jax.tree.map(lambda leaf: np.asarray(leaf).tolist(), jitserve.jit(f)(X))
    jitserve.flush()
    jax.clear_caches()
    right = out == jax.tree.map(lambda leaf: np.asarray(leaf).tolist(), jax.jit(f)(X))
    new = [reason for reason in jitserve.stats().bypasses if reason not in reasons]
    report[name] = [right, jitserve.stats().direct_hits - hits, new]
print(json.dumps(report))
"""
_FLAX = """
import json
import flax.linen as nn, jax, jax.numpy as jnp
from flax import nnx
import jitserve

class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.remat(nn.Dense)(3)(x)
        return nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(3)(y)

class Layer(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(3, 3, rngs=rngs)
    def __call__(self, x):
        return nnx.relu(self.linear(x))

def split_of_layers():
    stack = nnx.vmap(lambda key: Layer(nnx.Rngs(key)), in_axes=0, out_axes=0)
    return nnx.split(stack(jax.random.split(jax.random.key(0), 4)))

@jitserve.jit
def linen(x):
    model = Model()
    return model.apply(model.init(jax.random.key(0), x), x)

graph, state = split_of_layers()
one, its = nnx.split(Layer(nnx.Rngs(1)))

@jitserve.jit
def mapped(its, x):
    layer = nnx.merge(one, its)
    return nnx.vmap(lambda layer, x: layer(x), in_axes=(None, 0))(layer, x), nnx.state(layer)

@jitserve.jit
def scanned(state, x):
    layers = nnx.merge(graph, state)
    out = nnx.scan(lambda x, layer: layer(x), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)(x, layers)
    return out, nnx.state(layers)

@jitserve.jit
def described(its):
    layer = nnx.merge(one, its)
    return jnp.asarray(float(len(layer.linear.kernel.get_metadata(exclude_required=True))))

report = {}
for name, call in {
    "linen": lambda: linen(jnp.ones((2, 3))),
    "mapped": lambda: mapped(its, jnp.arange(24.0).reshape(4, 2, 3)),
    "scanned": lambda: scanned(state, jnp.ones((2, 3))),
    "described": lambda: described(its),
}.items():
    before = jitserve.stats()
    leaves = [leaf.tolist() for leaf in jax.tree.leaves(call())]
    jitserve.flush()
    after = jitserve.stats()
    report[name] = [leaves, after.direct_hits - before.direct_hits, {**after.bypasses}]
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is installed, and the store."""
    directory = tmp_path_factory.mktemp("sets")
    (directory / "site-packages").mkdir()
    (directory / "site-packages" / "termlib.py").write_text(_LIBRARY)
    return directory


def run(directory: Path, seed: str, child: str = _CHILD) -> dict[str, Any]:
    """What became of each function in a process with that hash seed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(directory / "site-packages"),
        "JITSERVE_DIR": str(empty_store(directory / "store")),
        "PYTHONHASHSEED": seed,
    }
    done = subprocess.run([sys.executable, "-c", child], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_set_of_names_is_refused_unless_the_seed_is_fixed_and_then_the_seed_is_verified(directory: Path) -> None:
    unfixed = run(directory, "random")["in_order_of_a_set"]
    assert unfixed == [True, 0, ["hash_order"]]
    cold, warm, other = (run(directory, seed)["in_order_of_a_set"] for seed in ("1", "1", "2"))
    assert cold == [True, 0, []]
    assert warm == [True, 1, []]
    assert other == [True, 0, []]


def test_set_whose_order_does_not_show_hits_whatever_the_seed(directory: Path) -> None:
    first, again = run(directory, "random"), run(directory, "random")
    for name in ("in_order_of_names", "in_order_of_numbers", "of_members"):
        assert first[name][0]
        assert again[name] == [True, 1, []]


def test_sets_of_flax_whose_order_does_not_matter_hit_whatever_the_seed(directory: Path) -> None:
    pytest.importorskip("flax")
    first, again = run(directory, "random", _FLAX), run(directory, "random", _FLAX)
    for name, (leaves, hits, bypasses) in again.items():
        assert (name, hits, bypasses) == (name, 1, {})
        assert leaves == first[name][0]
