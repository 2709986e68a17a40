"""Gradient through two stacked LSTMs, each a ``lax.scan`` over time."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

FEATURES, HIDDEN, BATCH, TIME = 16, 64, 8, 50


def lstm(params: Any, inputs: jax.Array) -> jax.Array:
    def step(carry: tuple[jax.Array, jax.Array], x: jax.Array) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        hidden, cell = carry
        gates = x @ params["input"] + hidden @ params["recurrent"] + params["bias"]
        take, forget, new, show = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(take) * jnp.tanh(new)
        hidden = jax.nn.sigmoid(show) * jnp.tanh(cell)
        return (hidden, cell), hidden

    start = jnp.zeros((inputs.shape[1], HIDDEN), inputs.dtype)
    return jax.lax.scan(step, (start, start), inputs)[1]


def loss_of(params: Any, inputs: jax.Array, targets: jax.Array) -> jax.Array:
    hidden = lstm(params["second"], lstm(params["first"], inputs))
    return jnp.square(hidden @ params["head"] - targets).mean()


def gradient_step(params: Any, inputs: jax.Array, targets: jax.Array) -> tuple[Any, jax.Array]:
    loss, gradients = jax.value_and_grad(loss_of)(params, inputs, targets)
    return jax.tree.map(lambda value, slope: value - 0.01 * slope, params, gradients), loss


def build() -> tuple[Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)

    def layer(features: int) -> dict[str, np.ndarray]:
        return {"input": draw(features, 4 * HIDDEN), "recurrent": draw(HIDDEN, 4 * HIDDEN), "bias": draw(4 * HIDDEN)}

    params = {"first": layer(FEATURES), "second": layer(HIDDEN), "head": draw(HIDDEN, FEATURES)}
    return gradient_step, (params, draw(TIME, BATCH, FEATURES), draw(TIME, BATCH, FEATURES))
