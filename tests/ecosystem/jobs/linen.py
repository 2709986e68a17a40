"""flax linen: a model with attention, dropout and batch statistics, its initialisation and its train step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Block(nn.Module):
    width: int
    heads: int = 2

    @nn.compact
    def __call__(self, x: Any, train: bool) -> Any:
        x = x + nn.SelfAttention(self.heads, deterministic=True)(nn.LayerNorm()(x))
        y = nn.Dense(2 * self.width)(nn.LayerNorm()(x))
        return x + nn.Dropout(0.1, deterministic=not train)(nn.Dense(self.width)(nn.gelu(y)))


class Model(nn.Module):
    width: int = 8
    depth: int = 1

    def setup(self) -> None:
        self.embed = nn.Embed(11, self.width)
        self.blocks = [Block(self.width) for _ in range(self.depth)]
        self.norm = nn.BatchNorm(momentum=0.9)
        self.head = nn.Dense(11)

    def __call__(self, tokens: Any, train: bool = False) -> Any:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x, train)
        return self.head(self.norm(x, use_running_average=not train))


class State(train_state.TrainState):
    statistics: Any


def step(state: State, tokens: Any, key: Any) -> Any:
    def loss(params: Any) -> Any:
        logits, updates = state.apply_fn(
            {"params": params, "batch_stats": state.statistics},
            tokens,
            train=True,
            mutable=["batch_stats"],
            rngs={"dropout": key},
        )
        value = optax.softmax_cross_entropy_with_integer_labels(logits[:, :-1], tokens[:, 1:]).mean()
        return value, updates["batch_stats"]

    (value, statistics), grads = jax.value_and_grad(loss, has_aux=True)(state.params)
    return state.apply_gradients(grads=grads).replace(statistics=statistics), value


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    model = Model()
    tokens = jnp.arange(12).reshape(2, 6) % 11
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-3, 10, 100)
    transform = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    state: dict[str, Any] = {}

    def init() -> Any:
        state["variables"] = jit(model.init)(jax.random.key(0), tokens)
        return state["variables"]

    def train() -> Any:
        variables = state["variables"]
        first = State.create(
            apply_fn=model.apply, params=variables["params"], tx=transform, statistics=variables["batch_stats"]
        )
        after, value = jit(step)(first, tokens, jax.random.key(1))
        return after.params, after.opt_state, after.statistics, value

    return {"init": init, "train": train, "apply": lambda: jit(model.apply)(state["variables"], tokens)}
