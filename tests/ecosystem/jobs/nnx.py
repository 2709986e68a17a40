"""flax nnx: modules taken apart outside the jit and put together inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx


class Model(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(4, 16, rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.last = nnx.Linear(16, 2, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.last(self.dropout(nnx.relu(self.norm(self.first(x)))))


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    x, y = jnp.ones((8, 4)), jnp.zeros((8, 2))
    model = Model(nnx.Rngs(0))
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    transform = optax.adam(1e-3)
    opt_state = transform.init(params)

    @jit
    def train(params: Any, rest: Any, opt_state: Any, x: Any, y: Any) -> Any:
        def loss(params: Any) -> Any:
            # The variables must be made inside the gradient that changes them.
            model = nnx.merge(graph, params, jax.tree.map(jnp.asarray, rest))
            value = jnp.mean((model(x) - y) ** 2)
            return value, nnx.split(model, nnx.Param, ...)[2]

        (value, after), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = transform.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), after, state, value

    @jit
    def infer(graph_and_state: Any, x: Any) -> Any:
        model = nnx.merge(*graph_and_state)
        model.eval()
        return model(x)

    return {
        "train": lambda: train(params, rest, opt_state, x, y),
        "infer": lambda: infer(nnx.split(model), x),
    }
