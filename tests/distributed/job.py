"""One process of a distributed job: joins, makes the calls of a plan, and says what became of them.

Usage: job.py INDEX COUNT PORT STEP...

A step is one argument: ``jit CALL``, ``plain CALL`` or ``precompile CALL``, where the call is a name of ``CALLS``; or
``await ready`` and ``await decision``, until some process of the job has said so. The last line of output is JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import distributed
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import jitserve

events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **_: events.append(name.rsplit("/", 1)[-1]))
STEPS = {"jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"}
Jit = Callable[..., Any]
Made = tuple[Callable[..., Any], tuple[Any, ...]]  # a jitted function and its arguments


def global_mesh() -> Mesh:
    return Mesh(np.array(jax.devices()), ("x",))


def global_array(values: Any, spec: PartitionSpec) -> jax.Array:
    host = np.asarray(values, np.float32)
    return jax.make_array_from_callback(host.shape, NamedSharding(global_mesh(), spec), lambda index: host[index])


def rows() -> jax.Array:
    return global_array(np.arange(8 * 24).reshape(24, 8) / 64, PartitionSpec("x"))


def all_sum(jit: Jit) -> Made:
    """A collective in a ``shard_map`` over all devices of the job."""
    spec = PartitionSpec("x")
    body = jax.shard_map(lambda x: x + jax.lax.psum(x.sum(), "x"), mesh=global_mesh(), in_specs=spec, out_specs=spec)
    return jit(body), (rows(),)


def train_step(jit: Jit) -> Made:
    """Batch sharded over the job, weights on every device: XLA inserts the collectives of the gradient."""

    def loss(weights: Any, batch: Any) -> Any:
        return jnp.mean((jnp.tanh(batch @ weights["w"]) @ weights["v"]) ** 2)

    def step(weights: Any, batch: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(weights, batch)
        return jax.tree.map(lambda weight, slope: weight - 0.1 * slope, weights, gradient), value

    everywhere = PartitionSpec()
    weights = {"w": global_array(np.eye(8), everywhere), "v": global_array(np.ones((8, 1)), everywhere)}
    return jit(step), (weights, rows())


def made_by_option(jit: Jit) -> Made:
    """Host values only; where it runs is an option."""
    place = NamedSharding(global_mesh(), PartitionSpec("x"))
    return jit(lambda n: jnp.arange(24.0) * n, out_shardings=place), (np.float32(3.0),)


def local(jit: Jit) -> Made:
    """Devices of this process only."""
    return jit(lambda x: jnp.sort(jnp.sin(x))), (jnp.arange(16.0),)


def captured_mesh(jit: Jit) -> Made:
    """Only the function knows the other processes."""
    place = NamedSharding(global_mesh(), PartitionSpec("x"))
    return jit(lambda x: jax.lax.with_sharding_constraint(x * 2.0, place)), (np.ones((24,), np.float32),)


def hidden_mesh(jit: Jit) -> Made:
    """Nothing says before the trace that other processes take part."""

    def body(x: Any) -> Any:
        return jax.lax.with_sharding_constraint(x * 2.0, NamedSharding(global_mesh(), PartitionSpec("x")))

    return jit(body), (np.ones((24,), np.float32),)


def refused_in_one(jit: Jit) -> Made:
    """A function that process 0 cannot fingerprint, and the others can."""
    captured = (n for n in range(3)) if jax.process_index() == 0 else None

    def body(x: Any) -> Any:
        assert captured is not x
        return (x * 2.0).sum()

    return jit(body), (rows(),)


_MAKES = (all_sum, train_step, made_by_option, captured_mesh, local, hidden_mesh, refused_in_one)
CALLS = {make.__name__: make for make in _MAKES}


def digest(value: Any) -> list[list[Any]]:
    """Every shard that this process holds."""
    leaves = jax.tree.leaves(value)
    return [
        [hashlib.sha256(np.asarray(shard.data).tobytes()).hexdigest() for shard in leaf.addressable_shards]
        + [str(leaf.sharding), str(leaf.aval)]
        for leaf in leaves
    ]


def run(step: str) -> Any:
    verb, name = step.split()
    if verb == "await":
        return wait_for(name)
    jit: Jit = jax.jit if verb == "plain" else jitserve.jit
    function, args = CALLS[name](jit)
    before = jitserve.stats().as_dict()
    del events[:]
    if verb == "precompile":
        return {"outcome": jitserve.precompile(function, *args).value, "events": sorted(STEPS & set(events))}
    out = function(*args)
    made = sorted(STEPS & set(events))
    values = digest(out)
    assert digest(function(*args)) == values
    return {"values": values, "events": made, "stats": changes(before, jitserve.stats().as_dict())}


def wait_for(word: str) -> None:
    """Returns when a key of that name is in what the processes tell one another."""
    client = distributed.global_state.client
    while not any(f"/{word}" in key for key, _ in client.key_value_dir_get("jitserve")):
        with contextlib.suppress(jax.errors.JaxRuntimeError):
            client.blocking_key_value_get("nobody/writes/this", 20)  # milliseconds: lets the others run


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    counters = ("direct_hits", "program_hits", "lowered_hits", "misses")
    result = {name: after[name] - before[name] for name in counters}
    for group in ("bypasses", "faults"):
        result[group] = [name for name, n in after[group].items() if n != before[group].get(name, 0)]
    return result


def main(index: str, count: str, port: str, *steps: str) -> None:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"127.0.0.1:{port}", int(count), int(index), initialization_timeout=60)
    jax.devices()  # the processes tell one another about their devices: nobody gets beyond this alone
    results = {step: run(step) for step in steps}
    jitserve.flush()
    # Nobody leaves while others may still compute with it.
    distributed.global_state.client.wait_at_barrier("done", 60_000)
    print(json.dumps(results), flush=True)
    jax.distributed.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
