"""jaxopt: solvers around a user's objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jaxopt

MATRIX = jnp.eye(3) * 2


def objective(w: Any, y: Any) -> Any:
    return jnp.sum((MATRIX @ w - y) ** 2)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    y = jnp.arange(3.0)

    def descend(y: Any) -> Any:
        return jaxopt.GradientDescent(objective, maxiter=5, implicit_diff=True).run(jnp.zeros(3), y).params

    return {
        "descent": lambda: jit(descend)(y),
        "implicit gradient": lambda: jit(jax.jacobian(descend))(y),
    }
