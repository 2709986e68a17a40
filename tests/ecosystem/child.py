"""Runs the main jobs of libraries in one process and writes what became of them as JSON.

Usage: child.py plain|jitserve OUTPUT LIBRARY...
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from tests.drop_in.child import changes, describe


def run(make: Callable[[], Any], served: bool, messages: list[str]) -> dict[str, Any]:
    messages.clear()
    if served:
        import jitserve

        before = jitserve.stats().as_dict()
    started = time.perf_counter()
    try:
        out = make()
    except Exception as error:  # noqa: BLE001 - one job that fails must not hide the others
        return {"failed": "".join(traceback.format_exception(error))}
    result: dict[str, Any] = {"seconds": time.perf_counter() - started}
    result["leaves"] = [describe(leaf) for leaf in jax.tree.leaves(out)]
    if served:
        result["stats"] = changes(before, jitserve.stats().as_dict())
        result["log"] = list(messages)
    return result


class _Messages(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.INFO)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


def main(mode: str, output: str, *libraries: str) -> None:
    jit: Callable[..., Any] = jax.jit
    messages: list[str] = []
    if mode == "jitserve":
        import jitserve

        jit = jitserve.jit
        logging.getLogger("jitserve").addHandler(_Messages(messages))
        logging.getLogger("jitserve").setLevel(logging.INFO)
    results: dict[str, Any] = {}
    for library in libraries:
        try:
            module = importlib.import_module(f"tests.ecosystem.jobs.{library}")
            jobs = module.jobs(jit)
        except Exception as error:  # noqa: BLE001 - a library that does not support this JAX is skipped
            results[library] = {"unusable": f"{type(error).__name__}: {error}"}
            continue
        results[library] = {name: run(make, mode == "jitserve", messages) for name, make in jobs.items()}
    if mode == "jitserve":
        jitserve.flush()
    Path(output).write_text(json.dumps(results))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
