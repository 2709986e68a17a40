"""distrax: densities, bijectors and samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import distrax
import jax
import jax.numpy as jnp


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    def flow(key: Any, loc: Any) -> Any:
        base = distrax.MultivariateNormalDiag(loc, jnp.ones(3))
        made = distrax.Transformed(base, distrax.Block(distrax.Tanh(), 1))
        return made.sample_and_log_prob(seed=key, sample_shape=4)

    def mixture(logits: Any, x: Any) -> Any:
        parts = distrax.Normal(jnp.arange(3.0), 1.0)
        return distrax.MixtureSameFamily(distrax.Categorical(logits=logits), parts).log_prob(x)

    return {
        "flow": lambda: jit(flow)(jax.random.key(0), jnp.zeros(3)),
        "mixture": lambda: jit(mixture)(jnp.zeros(3), jnp.float32(0.3)),
    }
