"""An adaptive Runge-Kutta (Dormand-Prince) solver in ``lax.while_loop``, over a batch of Lorenz systems."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
FIFTH = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0)
FOURTH = (5179 / 57600, 0.0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40)


def lorenz(state: jax.Array, rates: jax.Array) -> jax.Array:
    x, y, z = state
    sigma, rho, beta = rates
    return jnp.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def combine(weights: tuple[float, ...], slopes: list[jax.Array]) -> jax.Array:
    return sum((w * k for w, k in zip(weights, slopes, strict=False) if w), start=jnp.zeros(3))


def attempt(state: jax.Array, rates: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step: the new state and the estimated error."""
    slopes: list[jax.Array] = []
    for weights in STAGES:
        slopes.append(lorenz(state + step * combine(weights, slopes), rates))
    fifth, fourth = (state + step * combine(weights, slopes) for weights in (FIFTH, FOURTH))
    return fifth, jnp.linalg.norm(fifth - fourth)


def integrate(start: jax.Array, rates: jax.Array, end: jax.Array, tolerance: jax.Array) -> tuple[Any, ...]:
    def unfinished(carry: Any) -> jax.Array:
        return carry[0] < end

    def advance(carry: Any) -> Any:
        time, step, state, accepted = carry
        step = jnp.minimum(step, end - time)
        moved, error = attempt(state, rates, step)
        good = error <= tolerance
        factor = jnp.clip(0.9 * (tolerance / jnp.maximum(error, 1e-12)) ** 0.2, 0.2, 5.0)
        return jnp.where(good, time + step, time), step * factor, jnp.where(good, moved, state), accepted + good

    return jax.lax.while_loop(unfinished, advance, (jnp.float32(0), jnp.float32(1e-2), start, jnp.int32(0)))


def solve(starts: jax.Array, rates: jax.Array, end: jax.Array, tolerance: jax.Array) -> tuple[Any, ...]:
    return jax.vmap(integrate, (0, 0, None, None))(starts, rates, end, tolerance)


def build() -> tuple[Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    starts = rng.standard_normal((16, 3)).astype(np.float32)
    rates = np.tile(np.array([10.0, 28.0, 8 / 3], np.float32), (16, 1))
    return solve, (starts, rates, np.float32(1.0), np.float32(1e-4))
