"""Loss and gradient of a residual convolutional network with group normalisation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

STAGES = ((16, 2), (32, 2), (64, 2))  # (channels, residual blocks)
CLASSES = 10


def convolve(x: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def normalise(x: jax.Array, scale: jax.Array) -> jax.Array:
    groups = x.reshape(*x.shape[:-1], 8, -1)
    mean = groups.mean((1, 2, 4), keepdims=True)
    variance = jnp.square(groups - mean).mean((1, 2, 4), keepdims=True)
    return ((groups - mean) * jax.lax.rsqrt(variance + 1e-5)).reshape(x.shape) * scale


def logits_of(params: Any, images: jax.Array) -> jax.Array:
    x = convolve(images, params["stem"])
    for stage in params["stages"]:
        x = convolve(x, stage["down"], stride=2)
        for block in stage["blocks"]:
            y = convolve(jax.nn.relu(normalise(x, block["scale_0"])), block["kernel_0"])
            x = x + convolve(jax.nn.relu(normalise(y, block["scale_1"])), block["kernel_1"])
    return x.mean((1, 2)) @ params["head"]


def loss_of(params: Any, images: jax.Array, labels: jax.Array) -> jax.Array:
    logs = jax.nn.log_softmax(logits_of(params, images))
    return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()


def loss_and_gradient(params: Any, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, Any]:
    return jax.value_and_grad(loss_of)(params, images, labels)


def build() -> tuple[Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)

    stages, channels = [], 16
    for wide, blocks in STAGES:
        block = [
            {
                "kernel_0": draw(3, 3, wide, wide),
                "kernel_1": draw(3, 3, wide, wide),
                "scale_0": np.ones(wide, np.float32),
                "scale_1": np.ones(wide, np.float32),
            }
            for _ in range(blocks)
        ]
        stages.append({"down": draw(3, 3, channels, wide), "blocks": block})
        channels = wide
    params = {"stem": draw(3, 3, 3, 16), "stages": stages, "head": draw(channels, CLASSES)}
    images, labels = draw(8, 32, 32, 3), rng.integers(0, CLASSES, 8, dtype=np.int32)
    return loss_and_gradient, (params, images, labels)
