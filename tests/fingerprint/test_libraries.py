"""Main jobs of real libraries are understood, and what differs in them is seen."""

from __future__ import annotations

from typing import Any

import pytest
from walked_program import load

from jitserve import fingerprint

_FLAX = """
import flax.linen as nn, optax
class Block(nn.Module):
    width: int
    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=2)(y)
        return x + nn.Dense(self.width)(nn.gelu(nn.Dense(2 * self.width)(nn.LayerNorm(epsilon={epsilon})(x))))
model = Block({width})
optimizer = optax.adamw(optax.cosine_decay_schedule({rate}, 1000))
def f(params, state, x):
    loss, grads = jax.value_and_grad(lambda p: model.apply(p, x).sum())(params)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss
"""
_TRAIN_STATE = """
import flax.linen as nn, optax
from flax.training import train_state
model = nn.Dense(4)
state = train_state.TrainState.create(apply_fn=model.apply, params={{'a': jnp.ones(3)}}, tx=optax.adam({rate}))
tree = jax.tree.structure(state)
def f(x): return tree
"""
_NNX = """
from flax import nnx
class MLP(nnx.Module):
    def __init__(self, rngs):
        self.a = nnx.Linear(4, {width}, rngs=rngs)
        self.b = nnx.Linear({width}, 1, rngs=rngs)
    def __call__(self, x): return self.b(nnx.relu(self.a(x)))
graph, state = nnx.split(MLP(nnx.Rngs(0)))
def f(state, x): return jax.grad(lambda s: nnx.merge(graph, s)(x).sum())(state)
"""
_EQUINOX = """
import equinox as eqx
model = eqx.nn.MLP(2, 1, {width}, 2, key=jax.random.key(0))
params, static = eqx.partition(model, eqx.is_array)
def f(params, x):
    return eqx.filter_value_and_grad(lambda m, x: jax.vmap(m)(x).sum())(eqx.combine(params, static), x)
"""
_DEFAULTS = {"epsilon": 1e-6, "width": 8, "rate": 1e-3}


def _digest(template: str, **changes: Any) -> bytes:
    return fingerprint.walk(load(template.format(**{**_DEFAULTS, **changes}))["f"]).digest


@pytest.mark.parametrize(
    ("template", "change"),
    [
        pytest.param(_FLAX, {"width": 16}, id="flax-field"),
        pytest.param(_FLAX, {"epsilon": 1e-5}, id="flax-constant"),
        pytest.param(_FLAX, {"rate": 2e-3}, id="K207-optax-rate"),
        pytest.param(_TRAIN_STATE, {"rate": 2e-3}, id="D111-closure-in-a-tree"),
        pytest.param(_NNX, {"width": 16}, id="K209-nnx-graph"),
        pytest.param(_EQUINOX, {"width": 16}, id="K210-equinox-static-field"),
    ],
)
def test_library_main_job_is_understood_and_a_change_is_seen(template: str, change: dict[str, Any]) -> None:
    assert _digest(template) == _digest(template)
    assert _digest(template, **change) != _digest(template)


def test_patched_library_method_differs_C78(monkeypatch: pytest.MonkeyPatch) -> None:
    import flax.linen as nn

    before = _digest(_FLAX)
    original = nn.Dense.__call__
    monkeypatch.setattr(nn.Dense, "__call__", lambda self, x: original(self, x) * 2)
    assert _digest(_FLAX) != before


def test_flag_of_a_library_differs_F150() -> None:
    from flax import config

    before = _digest(_FLAX)
    with config.temp_flip_flag("preserve_adopted_names", True):
        assert _digest(_FLAX) != before
    assert _digest(_FLAX) == before
