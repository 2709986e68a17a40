"""Precompiles calls by descriptions of their arguments, or makes the calls: described.py fill|call"""

import functools
import json
import os
import sys

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.layout import Format, Layout
from jax.sharding import AxisType, NamedSharding, PartitionSpec, SingleDeviceSharding

import jitserve

events = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **_: events.append(name.rsplit("/", 1)[-1]))
explicit = jax.make_mesh((4,), ("x",), axis_types=(AxisType.Explicit,))
automatic = jax.make_mesh((2, 2), ("x", "y"), axis_types=(AxisType.Auto, AxisType.Auto))


def wave(x):
    return jnp.sin(x) * 2


def to_float(x):
    return x.astype("float32")


def draw(key):
    return jax.random.normal(key, (3,))


def draw_each(keys):
    return jax.vmap(draw)(keys)


def affine(parameters, x):
    return {"y": x @ parameters["w"] + parameters["b"], "norms": [jnp.sum(leaf) for leaf in parameters.values()]}


def scaled(x, *, factor, shift):
    return x * factor + shift


class Model:
    @jitserve.jit(static_argnums=0)
    def apply(self, x):
        return x * 7 - 1


def put(value, sharding):
    return jax.device_put(value, sharding)


ones = jnp.ones
model = Model()
host = SingleDeviceSharding(jax.devices()[0], memory_kind=jax.devices()[0].addressable_memories()[-1].kind)
columns = Format(Layout((1, 0)), SingleDeviceSharding(jax.devices()[0]))
tree = {"w": ones((3, 2)), "b": ones(2, "bfloat16")}
# Function, positional and keyword arguments. Arrays are described for `precompile`, everything else is given as it is.
CASES = {
    "uncommitted": (jitserve.jit(wave), (ones((3, 4)),), {}),
    "bfloat16": (jitserve.jit(wave), (ones((3, 4), "bfloat16"),), {}),
    "int4": (jitserve.jit(to_float), (ones(8, "int4"),), {}),
    "float64_without_x64": (jitserve.jit(wave), (jax.ShapeDtypeStruct((2, 2), "float64"),), {}),
    "weak_type": (jitserve.jit(wave), (jnp.asarray(2.0),), {}),
    "scalar": (jitserve.jit(wave), (jnp.float32(2),), {}),
    "one_device": (jitserve.jit(wave), (put(ones(8), jax.devices()[1]),), {}),
    "explicit_mesh": (jitserve.jit(wave), (put(ones(8), NamedSharding(explicit, PartitionSpec("x"))),), {}),
    "automatic_mesh": (jitserve.jit(wave), (put(ones((8, 8)), NamedSharding(automatic, PartitionSpec("y", "x"))),), {}),
    "host_memory": (jitserve.jit(wave), (put(ones(16), host),), {}),
    "column_by_column": (jitserve.jit(wave), (put(ones((3, 4)), columns),), {}),
    "typed_key": (jitserve.jit(draw), (jax.random.key(1),), {}),
    "typed_keys": (jitserve.jit(draw_each), (jax.random.split(jax.random.key(1), 5),), {}),
    "tree": (jitserve.jit(affine), (tree, ones((4, 3))), {}),
    "keywords_and_statics": (
        jitserve.jit(scaled, static_argnames="factor"),
        (ones(3),),
        {"shift": ones(3), "factor": 3},
    ),
    "numpy_array": (jitserve.jit(wave), (np.ones(5, "float32"),), {}),
    "python_number": (jitserve.jit(wave), (3,), {}),
    "donated": (jitserve.jit(wave, donate_argnums=0), (ones((5, 5)),), {}),
    "method": (model.apply, (ones(9),), {}),
    "jitted_by_jax": (jax.jit(to_float), (ones(7, "int8"),), {}),
}


def describe(leaf):
    if not isinstance(leaf, jax.Array):
        return leaf
    if leaf.ndim == 2 and leaf.format.layout.major_to_minor == (1, 0):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=columns)
    return jax.ShapeDtypeStruct(
        leaf.shape, leaf.dtype, weak_type=leaf.aval.weak_type, sharding=leaf.sharding if leaf.committed else None
    )


def made(leaf):
    return jnp.ones(leaf.shape, "float32") if isinstance(leaf, jax.ShapeDtypeStruct) else leaf


def fill(function, args, kwargs):
    outcome = jitserve.precompile(function, *jax.tree.map(describe, args), **jax.tree.map(describe, kwargs))
    again = jitserve.precompile(function, *jax.tree.map(describe, args), **jax.tree.map(describe, kwargs))
    return [outcome.value, again.value]


def call(function, args, kwargs):
    args = jax.tree.map(made, args)
    expected = expected_of(function, args, kwargs)
    if function is CASES["jitted_by_jax"][0]:
        function = jitserve.jit(to_float)
    hits = jitserve.stats().direct_hits
    del events[:]
    out = function(*args, **kwargs)
    steps = [event for event in events if event.endswith("_duration")]
    same = jax.tree.map(
        lambda a, b: bool((a == b).all()) and (a.aval, a.sharding) == (b.aval, b.sharding), out, expected
    )
    return {"steps": steps, "hits": jitserve.stats().direct_hits - hits, "same": jax.tree.all(same)}


def expected_of(function, args, kwargs):
    """What plain JAX makes of the call, without donating anything."""
    bare = functools.partial(Model.apply.__wrapped__, model) if function == model.apply else function.__wrapped__
    static = {name: value for name, value in kwargs.items() if not isinstance(value, jax.Array)}
    arrays = {name: value for name, value in kwargs.items() if name not in static}
    return jax.jit(lambda args, arrays: bare(*args, **arrays, **static))(args, arrays)


if __name__ == "__main__":
    do = {"fill": fill, "call": call}[sys.argv[1]]
    print(json.dumps({name: do(*case) for name, case in CASES.items()}))
