"""equinox: a model whose arrays are arguments, and whose other parts are captured or static."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax


class Model(eqx.Module):
    layers: list[Any]
    activation: Callable[[Any], Any] = eqx.field(static=True)

    def __init__(self, key: Any) -> None:
        first, second = jax.random.split(key)
        self.layers = [eqx.nn.Linear(4, 16, key=first), eqx.nn.LayerNorm(16), eqx.nn.Linear(16, 2, key=second)]
        self.activation = jax.nn.silu

    def __call__(self, x: Any) -> Any:
        return self.layers[2](self.activation(self.layers[1](self.layers[0](x))))


def loss(model: Model, x: Any, y: Any) -> Any:
    return jnp.mean((jax.vmap(model)(x) - y) ** 2)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    x, y = jnp.ones((8, 4)), jnp.zeros((8, 2))
    model = Model(jax.random.key(0))
    transform = optax.adamw(1e-3)
    opt_state = transform.init(eqx.filter(model, eqx.is_inexact_array))
    arrays, static = eqx.partition(model, eqx.is_array)

    @jit
    def train(model: Model, opt_state: Any, x: Any, y: Any) -> Any:
        value, grads = eqx.filter_value_and_grad(loss)(model, x, y)
        updates, opt_state = transform.update(grads, opt_state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, updates), opt_state, value

    mlp_arrays, mlp_static = eqx.partition(eqx.nn.MLP(4, 2, 8, 2, key=jax.random.key(1)), eqx.is_array)
    return {
        "train": lambda: train(model, opt_state, x, y),
        "partitioned": lambda: jit(lambda arrays, x: jax.vmap(eqx.combine(arrays, static))(x))(arrays, x),
        "mlp": lambda: jit(lambda arrays, x: eqx.combine(arrays, mlp_static)(x))(mlp_arrays, x[0]),
    }
