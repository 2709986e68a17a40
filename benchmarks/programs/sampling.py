"""Random numbers of many kinds: Hamiltonian Monte Carlo on a logistic regression, then predictive draws."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LEAPS, DRAWS = 8, 50


def log_density(weights: jax.Array, features: jax.Array, labels: jax.Array) -> jax.Array:
    logits = features @ weights
    return (labels * jax.nn.log_sigmoid(logits) + (1 - labels) * jax.nn.log_sigmoid(-logits)).sum() - (
        0.5 * jnp.square(weights).sum()
    )


def transition(key: jax.Array, weights: jax.Array, features: jax.Array, labels: jax.Array) -> jax.Array:
    slope = jax.grad(log_density)
    momentum_key, step_key, accept_key = jax.random.split(key, 3)
    momentum = jax.random.normal(momentum_key, weights.shape)
    step = 0.05 * jax.random.gamma(step_key, 10.0) / 10.0
    moved, pushed = weights, momentum
    for _ in range(LEAPS):
        pushed = pushed + 0.5 * step * slope(moved, features, labels)
        moved = moved + step * pushed
        pushed = pushed + 0.5 * step * slope(moved, features, labels)
    gain = log_density(moved, features, labels) - log_density(weights, features, labels)
    gain = gain + 0.5 * (jnp.square(momentum).sum() - jnp.square(pushed).sum())
    return jnp.where(jnp.log(jax.random.uniform(accept_key)) < gain, moved, weights)


def sample(seed: jax.Array, features: jax.Array, labels: jax.Array) -> dict[str, jax.Array]:
    chain_key, noise_key, pick_key, mix_key = jax.random.split(jax.random.wrap_key_data(seed), 4)

    def advance(weights: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        weights = transition(key, weights, features, labels)
        return weights, weights

    chain = jax.lax.scan(advance, jnp.zeros(features.shape[1]), jax.random.split(chain_key, DRAWS))[1]
    rates = jax.nn.softplus(chain @ features.T)
    return {
        "chain": chain,
        "counts": jax.random.poisson(noise_key, rates),
        "picked": jax.random.categorical(pick_key, chain, axis=-1),
        "mixture": jax.random.dirichlet(mix_key, jnp.ones(5), (DRAWS,)),
        "shuffled": jax.random.permutation(pick_key, chain),
    }


def build() -> tuple[Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((64, 8)).astype(np.float32)
    labels = (features.sum(1) > 0).astype(np.float32)
    return sample, (np.array([0, 7], np.uint32), features, labels)
