"""One process of ``fingerprint.py``: what finding a stored call costs, up to its manifest; nothing is loaded.

``python lookup.py --case NAME --fill`` stores the case's call; without ``--fill`` it is looked up, first once and then
again and again. Prints the milliseconds of the first time and the median of the others.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

import jitserve
from jitserve import _jax
from jitserve._key import call_key, call_parts
from jitserve._lookup import holds
from jitserve._resolve import stand_aside
from jitserve._session import current_session
from jitserve.demo import train_step as demo
from jitserve.record._footprints import read_footprints
from jitserve.record._manifest import read_manifest
from jitserve.store._tier import Kind

Case = tuple[Callable[..., Any], tuple[Any, ...]]


def flax_step() -> Case:
    """The train step of the demo, with 12 layers."""
    size, optimizer = demo.Size(layers=12, width=64), optax.adamw(1e-3)
    return demo.make_train_step(demo.Transformer(size), optimizer), demo.make_arguments(size, optimizer)


def many_leaves() -> Case:
    """A call with 10,000 arrays."""
    return lambda leaves: leaves[0] + leaves[-1], ([jnp.float32(i) for i in range(10_000)],)


def small_function() -> Case:
    """Two operations."""
    return lambda x: jnp.sin(x) * 2, (jnp.float32(1),)


CASES = {"flax-step": flax_step, "many-leaves": many_leaves, "small-function": small_function}


def find(stock: Any, arguments: tuple[Any, ...]) -> None:
    """Finds the manifest of a call as a call does: signature, fingerprint, lookup, dependencies.

    Raises:
        LookupError: it is not there.
    """
    session = current_session()
    store = session.store()
    call = _jax.parse_call(_jax.user_function(stock), _jax.options(stock), arguments, {})
    if store is None or stand_aside(call) is not None:
        raise LookupError("the call would not be looked up")
    parts = call_parts(call, session.environment().now())
    payload = store.lookup(Kind.FOOTPRINTS, parts.root_key)
    for footprint in [] if payload is None else reversed(read_footprints(payload)):
        manifest = store.lookup(Kind.MANIFEST, call_key(parts, footprint).digest)
        for variant in [] if manifest is None else read_manifest(manifest).variants:
            if all(holds(store, item, parts.bound) for item in variant.dependencies):
                return
    raise LookupError("the call is not in the store; run with --fill first")


def main() -> None:
    """Fills the store, or prints (first, median of the rest)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--again", type=int, default=100)
    options = parser.parse_args()
    function, arguments = CASES[options.case]()
    if options.fill:
        jitserve.jit(function)(*arguments)
        jitserve.flush()
        return
    stock = jax.jit(function)
    current_session().environment().now()  # once a process, for all calls
    times = []
    for _ in range(options.again + 1):
        started = time.perf_counter()
        find(stock, arguments)
        times.append(1e3 * (time.perf_counter() - started))
    print(times[0], statistics.median(times[1:]))


if __name__ == "__main__":
    main()
