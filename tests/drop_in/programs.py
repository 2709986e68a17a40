"""Calls of many kinds. Each is made in three processes (plain JAX, cold, warm) and must be the same in all of them."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tests.drop_in.call import Call, Jit

P = PartitionSpec

_random = np.random.default_rng(0)
X = jnp.asarray(_random.normal(size=(8, 4)), jnp.float32)
SQUARE = jnp.asarray(_random.normal(size=(4, 4)), jnp.float32)
CAPTURED = jnp.arange(6.0).reshape(2, 3)
MESH = Mesh(np.array(jax.devices()).reshape(4, 2), ("x", "y"))


class Pair(NamedTuple):
    first: Any
    second: Any


@functools.partial(jax.tree_util.register_dataclass, data_fields=["weight"], meta_fields=["name", "activation"])
@dataclasses.dataclass
class Layer:
    weight: Any
    name: str
    activation: Callable[[Any], Any]


@jax.tree_util.register_pytree_node_class
class Interval:
    """A custom node whose auxiliary data is a dict."""

    def __init__(self, low: Any, high: Any, unit: str) -> None:
        self.low, self.high, self.unit = low, high, unit

    def tree_flatten(self) -> tuple[Any, Any]:
        return (self.low, self.high), (("unit", self.unit),)

    @classmethod
    def tree_unflatten(cls, aux: Any, children: Any) -> Interval:
        return cls(*children, unit=dict(aux)["unit"])


def relu(x: Any) -> Any:
    return jnp.maximum(x, 0)


class Model:
    def __init__(self, scale: float) -> None:
        self.scale = scale

    def __call__(self, x: Any) -> Any:
        return x * self.scale


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Call:
    return Call(function, args, kwargs)


def _on(spec: PartitionSpec, value: Any = X) -> Any:
    return jax.device_put(value, NamedSharding(MESH, spec))


def _sought() -> tuple[Any, ...]:
    return jnp.arange(8.0), X[:, 0] + 1, jnp.ones(3)


def _interpolated(x: Any) -> Any:
    return jnp.interp(x, CAPTURED[0], CAPTURED[1]).sum()


def _square_root(x: Any) -> Any:
    return jax.lax.custom_root(lambda y: y**2 - x, x, lambda f, y: y / 2, lambda g, y: y / g(1.0))


def _equinox(jit: Jit) -> Call:
    arrays, static = eqx.partition(eqx.nn.MLP(4, 2, 8, 2, key=jax.random.key(0)), eqx.is_array)

    def step(arrays: Any, x: Any) -> Any:
        model = eqx.combine(arrays, static)
        return jax.vmap(model)(x), jax.tree.map(lambda leaf: leaf * 2, arrays)

    return _call(jit(step), arrays, X)


DIRECT: dict[str, Callable[[Jit], Call]] = {
    "static argument by position": lambda jit: _call(jit(lambda x, n: x**n, static_argnums=1), X, 3),
    "static argument by name": lambda jit: _call(jit(lambda x, *, n: x * n, static_argnames="n"), X, n=3),
    "static function": lambda jit: _call(jit(lambda f, x: f(x), static_argnums=0), relu, X),
    "donated argument": lambda jit: _call(jit(lambda x: x * 2, donate_argnums=0), X + 1),
    "keyword arguments": lambda jit: _call(jit(lambda x, *, b, a: x * a - b), X, b=X, a=1.0),
    "default argument": lambda jit: _call(jit(lambda x, y=2.0: x * y), X),
    "nested trees": lambda jit: _call(
        jit(lambda tree: {"out": Pair(tree["pair"].first, [tree["pair"].second * 2, None])}), {"pair": Pair(X, X + 1)}
    ),
    "dataclass with a function in its metadata": lambda jit: _call(
        jit(lambda layer: Layer(layer.weight + 1, layer.name, layer.activation)), Layer(X, "dense", relu)
    ),
    "custom node": lambda jit: _call(jit(lambda i: Interval(i.low * 2, i.high, i.unit)), Interval(X, X + 1, "mm")),
    "custom node made inside": lambda jit: _call(jit(lambda x: Interval(x, x + 1, "cm")), X),
    "ordered dict": lambda jit: _call(
        jit(lambda d: collections.OrderedDict((k, v * 2) for k, v in d.items())),
        collections.OrderedDict(b=X, a=SQUARE),
    ),
    "typed key": lambda jit: _call(jit(lambda k: (jax.random.normal(k, (3,)), jax.random.split(k))), jax.random.key(3)),
    "raw key": lambda jit: _call(
        jit(lambda k: (jax.random.normal(k, (3,)), jax.random.split(k))), jax.random.PRNGKey(3)
    ),
    "typed key of another kind": lambda jit: _call(
        jit(lambda k: jax.random.bits(k, (3,))), jax.random.key(3, impl="rbg")
    ),
    "eigh": lambda jit: _call(jit(lambda a: jnp.linalg.eigh(a @ a.T)), SQUARE),
    "solve": lambda jit: _call(jit(lambda a: jnp.linalg.solve(a @ a.T + jnp.eye(4), a)), SQUARE),
    "sort": lambda jit: _call(jit(lambda a: (jnp.sort(a), jnp.argsort(a))), X),
    # With JAX 0.12 these are programs with hijax primitives in their midst.
    "search": lambda jit: _call(
        jit(lambda a, x, unused: (jnp.searchsorted(a, x), x + 1), donate_argnums=1), *_sought()
    ),
    "histogram": lambda jit: _call(jit(lambda x: jnp.histogram(x, bins=3)), X),
    "interpolation and its gradient": lambda jit: _call(jit(jax.value_and_grad(_interpolated)), X),
    "choice by weights": lambda jit: _call(
        jit(lambda k, p: jax.random.choice(k, 4, p=p)), jax.random.key(3), X[0] ** 2
    ),
    "custom root": lambda jit: _call(jit(_square_root), jnp.float32(4.0)),
    "unused arguments": lambda jit: _call(jit(lambda a, b, c: c * 2), X, SQUARE, 1.0),
    "unused arguments that are kept": lambda jit: _call(jit(lambda a, b: a * 2, keep_unused=True), X, SQUARE),
    "captured array": lambda jit: _call(jit(lambda x: x[:, :2] @ CAPTURED), X),
    "one device of eight": lambda jit: _call(jit(lambda x: x * 2), jax.device_put(X, jax.devices()[3])),
    "named sharding": lambda jit: _call(jit(lambda x: (x * 2).sum(0)), _on(P("x", "y"))),
    "shardings of the jit": lambda jit: _call(
        jit(
            lambda x: x * 2,
            in_shardings=NamedSharding(MESH, P("x")),
            out_shardings=NamedSharding(MESH, P(None, "y")),
        ),
        _on(P("x")),
    ),
    "explicit mesh": lambda jit: Call(jit(lambda x: x * 2), (_on(P("x", "y")),), context=lambda: jax.set_mesh(MESH)),
    "memory kind": lambda jit: _call(
        jit(
            lambda x: x * 2,
            out_shardings=jax.sharding.SingleDeviceSharding(jax.devices()[0], memory_kind="unpinned_host"),
        ),
        X,
    ),
    "bfloat16": lambda jit: _call(jit(lambda x: x * 2), X.astype(jnp.bfloat16)),
    "int4": lambda jit: _call(jit(lambda x: x.astype(jnp.int4)), X),
    "complex": lambda jit: _call(jit(jnp.fft.fft), X),
    "booleans": lambda jit: _call(jit(lambda x: x > 0), X),
    "weak float": lambda jit: _call(jit(lambda x: x * 2), 3.0),
    "weak integer": lambda jit: _call(jit(lambda x: x * 2), 3),
    "numpy array": lambda jit: _call(jit(lambda x: x * 2), np.arange(3.0)),
    "x64": lambda jit: Call(jit(lambda x: x * 2.0), (np.arange(3.0),), context=lambda: jax.enable_x64(True)),
    "matmul precision": lambda jit: Call(
        jit(lambda x: x @ x.T), (X,), context=lambda: jax.default_matmul_precision("float32")
    ),
    "another default device": lambda jit: Call(
        jit(lambda x: x * 2), (np.ones(3),), context=lambda: jax.default_device(jax.devices()[2])
    ),
    "gradient": lambda jit: _call(jit(jax.grad(lambda x: (x**3).sum())), X),
    "scan": lambda jit: _call(jit(lambda x: jax.lax.scan(lambda c, v: (c + v, c * v), x[0], x)), X),
    "nothing returned": lambda jit: _call(jit(lambda x: None), X),
    "no arguments": lambda jit: _call(jit(lambda: jnp.ones(3))),
    "argument returned": lambda jit: _call(jit(lambda x: (x, x)), X),
    "empty array": lambda jit: _call(jit(lambda x: x * 2), jnp.zeros((0, 3))),
    "inner jit": lambda jit: _call(jit(lambda x: jit(relu)(x) * 2), X),
    "partial": lambda jit: _call(jit(functools.partial(lambda a, b: a * b, b=2.0)), X),
    "callable object": lambda jit: _call(jit(Model(3.0)), X),
    "bound method": lambda jit: _call(jit(Model(3.0).__call__), X),
    "equinox module": _equinox,
}

BYPASSED: dict[str, tuple[str, Callable[[Jit], Call]]] = {
    "host callback": (
        "host_callback",
        lambda jit: _call(
            jit(lambda x: jax.pure_callback(lambda v: np.asarray(v) * 2, jax.ShapeDtypeStruct(x.shape, x.dtype), x)), X
        ),
    ),
    "debug print": (
        "effects",
        lambda jit: _call(jit(lambda x: (jax.debug.print("{}", x[0, 0]), x * 2)[1]), X),
    ),
    "mutable array": (
        "refs",
        lambda jit: _call(jit(lambda ref: ref[...] * 2), jax.new_ref(jnp.ones(3))),
    ),
    "under vmap": ("nested_trace", lambda jit: _call(jax.vmap(jit(lambda x: jnp.sin(x))), X)),
    "debug nans": (
        "debug_mode",
        lambda jit: Call(jit(lambda x: x + 1), (X,), context=lambda: jax.debug_nans(True)),
    ),
    "explained cache misses": (
        "debug_mode",
        lambda jit: Call(jit(lambda x: x + 1), (X,), context=lambda: jax.explain_cache_misses(True)),
    ),
    "captured token": ("unknown_object", lambda jit: _call(_capturing_a_token(jit), X)),
}


def _capturing_a_token(jit: Jit) -> Any:
    token = jax.lax.create_token()
    return jit(lambda x: (token, x + 1)[1])


FAILING: dict[str, Callable[[Jit], Call]] = {
    "python branch on a value": lambda jit: _call(jit(lambda x: 1 if x[0, 0] > 0 else 2), X),
    "shapes that do not fit": lambda jit: _call(jit(lambda x: x @ x), X),
    "arguments on different devices": lambda jit: _call(
        jit(lambda a, b: a + b), jax.device_put(X, jax.devices()[1]), jax.device_put(X, jax.devices()[2])
    ),
    "argument that is no array": lambda jit: _call(jit(lambda x: x), "text"),
    "deleted argument": lambda jit: _call(jit(lambda x: x + 1), _deleted()),
    "integer that does not fit": lambda jit: _call(jit(lambda x: x), 2**40),
    "unhashable static argument": lambda jit: _call(jit(lambda x: x, static_argnums=0), [1]),
    "error of the function": lambda jit: _call(jit(lambda x: {}["missing"]), X),
}


def _deleted() -> Any:
    array = jnp.ones(3)
    array.delete()
    return array
