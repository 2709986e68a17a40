"""Runs versions of one program, and writes what became of them as JSON.

Usage: explain_main.py fill|explain OUTPUT DIRECTORY...

Each directory holds the modules of one version. ``main.calls()`` gives the function and the arguments of its calls:
``fill`` makes them, ``explain`` explains them.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import jax

import jitserve

events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: events.append(name.rsplit("/", 1)[-1]))
WORK = {"jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"}


def load(directory: str) -> Any:
    """The program as a fresh process would have it."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("main", "net")]:
        del sys.modules[name]
    sys.path.insert(0, directory)
    importlib.invalidate_caches()
    try:
        return importlib.import_module("main")
    finally:
        sys.path.remove(directory)


def explain(directory: str) -> list[dict[str, Any]]:
    calls = load(directory).calls()
    del events[:]
    found = [jitserve.explain(function, *args, **kwargs) for function, args, kwargs in calls]
    work = [event for event in events if event in WORK]
    return [{**each.as_dict(), "text": str(each), "work": work} for each in found]


def main(mode: str, output: str, *directories: str) -> None:
    results = {}
    for directory in directories:
        if mode == "explain":
            results[Path(directory).name] = explain(directory)
        else:
            for function, args, kwargs in load(directory).calls():
                function(*args, **kwargs)
    assert jitserve.flush()
    Path(output).write_text(json.dumps(results | {"stats": jitserve.stats().as_dict()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
