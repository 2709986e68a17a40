"""blackjax: steps of NUTS and HMC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import blackjax
import jax
import jax.numpy as jnp


def log_density(position: Any) -> Any:
    return -0.5 * jnp.sum(position["x"] ** 2)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    start = {"x": jnp.ones(3)}
    nuts = blackjax.nuts(log_density, step_size=0.1, inverse_mass_matrix=jnp.ones(3), max_num_doublings=3)
    hmc = blackjax.hmc(log_density, step_size=0.1, inverse_mass_matrix=jnp.ones(3), num_integration_steps=4)

    def loop(key: Any, state: Any) -> Any:
        return jax.lax.scan(lambda state, key: hmc.step(key, state), state, jax.random.split(key, 4))

    return {
        "nuts": lambda: jit(nuts.step)(jax.random.key(0), nuts.init(start)),
        "hmc": lambda: jit(loop)(jax.random.key(1), hmc.init(start)),
    }
