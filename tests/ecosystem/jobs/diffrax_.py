"""diffrax: an implicit and an explicit solve, and a gradient through one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp


def field(t: Any, y: Any, args: Any) -> Any:
    return -args * y


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    def solve(solver: Any) -> Callable[[Any, Any], Any]:
        def run(y: Any, rate: Any) -> Any:
            controller = diffrax.PIDController(rtol=1e-3, atol=1e-6)
            out = diffrax.diffeqsolve(
                diffrax.ODETerm(field),
                solver,
                0.0,
                1.0,
                0.1,
                y,
                args=rate,
                stepsize_controller=controller,
                max_steps=64,
            )
            return out.ys

        return run

    y, rate = jnp.ones(3), jnp.float32(0.5)
    explicit = solve(diffrax.Tsit5())
    return {
        "explicit": lambda: jit(explicit)(y, rate),
        "implicit": lambda: jit(solve(diffrax.Kvaerno3()))(y, rate),
        "gradient": lambda: jit(jax.grad(lambda y, rate: explicit(y, rate).sum(), argnums=1))(y, rate),
    }
