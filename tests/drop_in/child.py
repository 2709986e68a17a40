"""Makes all calls of a module like ``programs`` in one process and writes what became of them as JSON.

Usage: child.py plain|jitserve OUTPUT MODULE
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **_: events.append(name.rsplit("/", 1)[-1]))
STEPS = {"jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"}


def describe(value: Any) -> Any:
    """Everything about a result that a user could see."""
    if not isinstance(value, jax.Array):
        return [type(value).__qualname__, repr(value)]
    is_key = jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)
    data = np.asarray(jax.random.key_data(value) if is_key else value)
    return [
        hashlib.sha256(data.tobytes()).hexdigest(),
        str(value.dtype),
        list(value.shape),
        bool(value.aval.weak_type),
        str(value.sharding),
        bool(value.committed),
        str(value.aval),
        str(value.aval.sharding),
    ]


def node_types(value: Any) -> list[Any]:
    """The classes and the auxiliary data of the result's nodes, without addresses."""

    def visit(tree: Any) -> list[Any]:
        data = tree.node_data()
        aux = data and [part.__qualname__ if callable(part) else repr(part) for part in np.atleast_1d([data[1]]).flat]
        return [data and data[0].__qualname__, aux, *(visit(child) for child in tree.children())]

    return visit(jax.tree.structure(value))


def make(call: Any) -> dict[str, Any]:
    before = len(events)
    try:
        with call.context():
            out = call.function(*call.args, **call.kwargs)
            made = [event for event in events[before:] if event in STEPS]
            again = None
            if not any(isinstance(arg, jax.Array) and arg.is_deleted() for arg in call.args):
                again = [describe(leaf) for leaf in jax.tree.leaves(call.function(*call.args, **call.kwargs))]
    except Exception as error:  # noqa: BLE001 - whatever it is, plain JAX must raise the same
        return {"error": [type(error).__name__, re.sub("0x[0-9a-f]+", "0x", str(error))], "events": []}
    deleted = [isinstance(arg, jax.Array) and arg.is_deleted() for arg in call.args]
    leaves = [describe(leaf) for leaf in jax.tree.leaves(out)]
    return {"leaves": leaves, "again": again, "tree": node_types(out), "deleted": deleted, "events": made}


def main(mode: str, output: str, module: str) -> None:
    programs = importlib.import_module(module)
    jit: Callable[..., Any] = jax.jit
    if mode == "jitserve":
        import jitserve

        jit = jitserve.jit
    results = {}
    makers = {**programs.DIRECT, **{name: make for name, (_, make) in programs.BYPASSED.items()}, **programs.FAILING}
    for name, build in makers.items():
        call = build(jit)
        before = jitserve.stats().as_dict() if mode == "jitserve" else None
        results[name] = make(call)
        if before is not None:
            results[name]["stats"] = changes(before, jitserve.stats().as_dict())
    if mode == "jitserve":
        jitserve.flush()
        results["stats"] = jitserve.stats().as_dict()
    Path(output).write_text(json.dumps(results))


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    counters = {name: after[name] - before[name] for name in after if isinstance(after[name], int)}
    for group in ("bypasses", "faults"):
        counters[group] = {
            label: count - before[group].get(label, 0)
            for label, count in after[group].items()
            if count != before[group].get(label, 0)
        }
    return counters


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
