import jax
import jax.numpy as jnp
import numpy as np

EPSILON = 1e-5
ACTIVATIONS = {"relu": jax.nn.relu, "swish": jax.nn.swish}


def positions(count):
    return np.linspace(0.0, 1.0, count, dtype=np.float32)


def linear(weights, x):
    return x @ weights["w"] + weights["b"]


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + EPSILON)
