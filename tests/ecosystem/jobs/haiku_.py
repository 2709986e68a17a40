"""haiku: transformed functions with parameters, state and random keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp
import optax


def forward(x: Any, is_training: bool) -> Any:
    x = hk.nets.MLP([16, 8], activate_final=True)(x)
    x = hk.BatchNorm(True, True, 0.9)(x, is_training)
    return hk.Linear(2)(hk.dropout(hk.next_rng_key(), 0.1, x) if is_training else x)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    x, y = jnp.ones((8, 4)), jnp.zeros((8, 2))
    network = hk.transform_with_state(forward)
    transform = optax.sgd(0.1)
    state: dict[str, Any] = {}

    def init() -> Any:
        state["params"], state["state"] = jit(network.init, static_argnums=2)(jax.random.key(0), x, True)
        return state["params"], state["state"]

    def step(params: Any, state: Any, opt_state: Any, key: Any) -> Any:
        def loss(params: Any) -> Any:
            out, after = network.apply(params, state, key, x, True)
            return jnp.mean((out - y) ** 2), after

        (value, after), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, opt_state = transform.update(grads, opt_state)
        return optax.apply_updates(params, updates), after, opt_state, value

    def train() -> Any:
        return jit(step)(state["params"], state["state"], transform.init(state["params"]), jax.random.key(1))

    return {"init": init, "train": train}
