"""optax: optimisers with schedules, masks and state of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    params = {"w": jnp.ones((4, 2)), "b": jnp.zeros(2)}
    x = jnp.ones((8, 4))
    transforms = {
        "adamw with cosine decay": optax.adamw(optax.cosine_decay_schedule(1e-3, 1000)),
        "chain": optax.chain(
            optax.clip_by_global_norm(1.0), optax.scale_by_adam(), optax.add_decayed_weights(0.1), optax.scale(-1e-3)
        ),
        "injected": optax.inject_hyperparams(optax.sgd)(learning_rate=0.1, momentum=0.9),
        "masked": optax.masked(optax.sgd(0.1), {"w": True, "b": False}),
        "multi": optax.multi_transform({"a": optax.adam(1e-3), "s": optax.sgd(1e-2)}, {"w": "a", "b": "s"}),
        "accumulating": optax.MultiSteps(optax.lion(1e-3), every_k_schedule=2),
    }

    def loss(params: Any) -> Any:
        return jnp.mean((x @ params["w"] + params["b"]) ** 2)

    def job(transform: Any) -> Callable[[], Any]:
        def step(params: Any, state: Any) -> Any:
            updates, state = transform.update(jax.grad(loss)(params), state, params)
            return optax.apply_updates(params, updates), state

        return lambda: jit(step)(params, transform.init(params))

    return {name: job(transform) for name, transform in transforms.items()}
