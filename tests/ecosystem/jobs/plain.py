"""A training loop of nothing but JAX."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

SIZES = (4, 16, 16, 2)
RATE = 1e-2


def init(key: Any) -> list[dict[str, Any]]:
    layers = []
    for fan_in, fan_out in itertools.pairwise(SIZES):
        key, part = jax.random.split(key)
        layers.append({"w": jax.random.normal(part, (fan_in, fan_out)) / fan_in**0.5, "b": jnp.zeros(fan_out)})
    return layers


def apply(layers: Any, x: Any) -> Any:
    for layer in layers[:-1]:
        x = jax.nn.gelu(x @ layer["w"] + layer["b"])
    return x @ layers[-1]["w"] + layers[-1]["b"]


def loss(layers: Any, x: Any, y: Any) -> Any:
    return jnp.mean((apply(layers, x) - y) ** 2)


def train(layers: Any, x: Any, y: Any) -> Any:
    def step(layers: Any, _: Any) -> Any:
        value, grads = jax.value_and_grad(loss)(layers, x, y)
        return jax.tree.map(lambda p, g: p - RATE * g, layers, grads), value

    return jax.lax.scan(step, layers, None, length=3)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    x, y = jnp.ones((8, 4)), jnp.zeros((8, 2))
    state: dict[str, Any] = {}

    def start() -> Any:
        state["layers"] = jit(init)(jax.random.key(0))
        return state["layers"]

    def loop() -> Any:
        state["layers"], values = jit(train, donate_argnums=0)(state["layers"], x, y)
        return state["layers"], values

    return {"init": start, "train": loop}
