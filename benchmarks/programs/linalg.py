"""LAPACK and sorting: whitening, a Cholesky solve, a singular value decomposition, ordered by size."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SIZE, SAMPLES = 48, 200


def analyse(samples: jax.Array, targets: jax.Array) -> dict[str, jax.Array]:
    centred = samples - samples.mean(0)
    covariance = centred.T @ centred / samples.shape[0] + 1e-3 * jnp.eye(samples.shape[1])
    values, vectors = jnp.linalg.eigh(covariance)
    order = jnp.argsort(-values)
    whitened = (centred @ vectors[:, order]) * jax.lax.rsqrt(values[order])
    factor = jax.scipy.linalg.cho_factor(covariance)
    coefficients = jax.scipy.linalg.cho_solve(factor, centred.T @ targets)
    q, r = jnp.linalg.qr(whitened)
    return {
        "spectrum": jnp.linalg.svd(whitened, compute_uv=False),
        "coefficients": coefficients,
        "solution": jnp.linalg.solve(covariance, coefficients),
        "log_determinant": jnp.linalg.slogdet(covariance)[1],
        "residual": jnp.sort(jnp.abs(q @ r - whitened).sum(1)),
    }


def build() -> tuple[Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((SAMPLES, SIZE)).astype(np.float32)
    return analyse, (samples, rng.standard_normal((SAMPLES, 3)).astype(np.float32))
