"""Calls whose programs are other ones on a GPU than on a CPU: libraries of the vendor's, autotuning, other memories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import pallas
from jax.experimental.layout import Format, Layout
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding
from tests.drop_in.call import Call, Jit

_random = np.random.default_rng(0)
X = jnp.asarray(_random.normal(size=(256, 128)), jnp.float32)
SQUARE = jnp.asarray(_random.normal(size=(64, 64)), jnp.float32)
SYMMETRIC = SQUARE @ SQUARE.T + 64 * jnp.eye(64)
IMAGES = jnp.asarray(_random.normal(size=(4, 8, 32, 32)), jnp.float32)
FILTERS = jnp.asarray(_random.normal(size=(16, 8, 3, 3)), jnp.float32)
HEADS = jnp.asarray(_random.normal(size=(2, 64, 4, 64)), jnp.bfloat16)


def _call(function: Callable[..., Any], *args: Any) -> Call:
    return Call(function, args)


def _on_host(jit: Jit) -> Call:
    pinned = SingleDeviceSharding(jax.devices()[0], memory_kind="pinned_host")
    return _call(jit(lambda x: x * 2, out_shardings=pinned), X)


def _from_host(jit: Jit) -> Call:
    device = SingleDeviceSharding(jax.devices()[0])
    pinned = device.with_memory_kind("pinned_host")
    return _call(jit(lambda x: jax.device_put(x, device) * 2), jax.device_put(X, pinned))


def _transposed(jit: Jit) -> Call:
    columns = Format(Layout((1, 0)), SingleDeviceSharding(jax.devices()[0]))
    return _call(jit(lambda x: x * 2, in_shardings=columns, out_shardings=columns), jax.device_put(X, columns))


def _on_a_mesh(jit: Jit) -> Call:
    mesh = Mesh(np.array(jax.devices()[:1]), ("x",))
    return _call(jit(lambda x: (x * 2).sum(0)), jax.device_put(X, NamedSharding(mesh, PartitionSpec("x"))))


def _kernel(jit: Jit) -> Call:
    def double(source: Any, target: Any) -> None:
        target[...] = source[...] * 2

    kernel = pallas.pallas_call(double, out_shape=jax.ShapeDtypeStruct((64, 64), jnp.float32))
    return _call(jit(kernel), SQUARE)


def _trained(jit: Jit) -> Call:
    def loss(weights: Any, x: Any) -> Any:
        for weight in weights:
            x = jax.nn.gelu(x @ weight)
        return (x**2).mean()

    def step(first: Any, second: Any, x: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)((first, second), x)
        return value, jax.tree.map(lambda weight, change: weight - 0.1 * change, (first, second), gradient)

    weights = [jnp.asarray(_random.normal(size=size) / 16, jnp.float32) for size in ((128, 256), (256, 32))]
    return _call(jit(step, donate_argnums=(0, 1)), *weights, X)


DIRECT: dict[str, Callable[[Jit], Call]] = {
    "elementwise": lambda jit: _call(jit(lambda x: jnp.tanh(x) * 2), X),
    "matrix product": lambda jit: _call(jit(lambda x: x.T @ x), X),
    "matrix product in bfloat16": lambda jit: _call(jit(lambda x: x.T @ x), X.astype(jnp.bfloat16)),
    "matrix product in float8": lambda jit: _call(
        jit(lambda x: jax.lax.dot(x.T, x, preferred_element_type=jnp.float32)), X.astype(jnp.float8_e4m3fn)
    ),
    "convolution": lambda jit: _call(jit(lambda x, k: jax.lax.conv(x, k, (1, 1), "SAME")), IMAGES, FILTERS),
    "attention": lambda jit: _call(jit(lambda h: jax.nn.dot_product_attention(h, h, h, is_causal=True)), HEADS),
    "attention of cuDNN": lambda jit: _call(
        jit(lambda h: jax.nn.dot_product_attention(h, h, h, implementation="cudnn")), HEADS
    ),
    "cholesky": lambda jit: _call(jit(jnp.linalg.cholesky), SYMMETRIC),
    "eigenvalues": lambda jit: _call(jit(jnp.linalg.eigvalsh), SYMMETRIC),
    "singular values": lambda jit: _call(jit(lambda a: jnp.linalg.svd(a, compute_uv=False)), SQUARE),
    "orthogonal factors": lambda jit: _call(jit(jnp.linalg.qr), SQUARE),
    "solve": lambda jit: _call(jit(jnp.linalg.solve), SYMMETRIC, SQUARE),
    "fourier transform": lambda jit: _call(jit(jnp.fft.fft2), SQUARE),
    "sort": lambda jit: _call(jit(lambda x: (jnp.sort(x), jnp.argsort(x), jax.lax.top_k(x, 3))), X),
    "sums": lambda jit: _call(jit(lambda x: (x.sum(), x.cumsum(1), x.max(0), jax.nn.softmax(x))), X),
    "scatter": lambda jit: _call(jit(lambda x: x.at[jnp.arange(8)].set(0.0)), X),
    "random numbers": lambda jit: _call(jit(lambda k: jax.random.normal(k, (100,))), jax.random.key(3)),
    "scan": lambda jit: _call(jit(lambda x: jax.lax.scan(lambda c, v: (c * 0.9 + v, c), x[0], x)), X),
    "while": lambda jit: _call(jit(lambda x: jax.lax.while_loop(lambda v: v[0, 0] < 99, lambda v: v + 1, x)), X),
    "int4": lambda jit: _call(jit(lambda x: x.astype(jnp.int4)), X),
    "results on the host": _on_host,
    "arguments on the host": _from_host,
    "columns first": _transposed,
    "mesh of one device": _on_a_mesh,
    "kernel of Pallas": _kernel,
    "donated training step": _trained,
}

BYPASSED: dict[str, tuple[str, Callable[[Jit], Call]]] = {
    "host callback": (
        "host_callback",
        lambda jit: _call(
            jit(lambda x: jax.pure_callback(lambda v: np.asarray(v) * 2, jax.ShapeDtypeStruct(x.shape, x.dtype), x)), X
        ),
    ),
}
FAILING: dict[str, Callable[[Jit], Call]] = {
    "deleted argument": lambda jit: _call(jit(lambda x: x + 1), _deleted()),
}


def _deleted() -> Any:
    array = jnp.ones(3)
    array.delete()
    return array
