"""Makes the calls of many cases in one process and writes what became of them as JSON.

Usage: child.py plain|jitserve DIRECTORY OUTPUT PACKAGE...
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from tests.drop_in.child import STEPS, changes, describe, events, node_types

Jit = Callable[..., Any]


def make(module: Any, jit: Jit, before: Callable[[], None]) -> dict[str, Any]:
    """One call, and everything about it that a user could see."""
    wrap = getattr(module, "wrap", None)
    jitted = wrap(jit) if wrap else jit(module.f, **getattr(module, "OPTIONS", {}))
    getattr(module, "prepare", lambda _: None)(jitted)
    args, kwargs = getattr(module, "ARGS", None), getattr(module, "KWARGS", {})
    if args is None:
        args = (module.X,)
    before()
    start = len(events)
    try:
        with getattr(module, "context", contextlib.nullcontext)():
            out = jitted(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user must see the same without jitserve
        # JAX words some messages by the order of a set: compare the words.
        shown = {"error": [type(error).__name__, *sorted(re.findall(r"\w+", re.sub("0x[0-9a-f]+", "", str(error))))]}
    else:
        shown = {"leaves": [describe(leaf) for leaf in jax.tree.leaves(out)], "tree": node_types(out)}
    made = [event for event in events[start:] if event in STEPS]
    return {"shown": shown, "events": made, "observed": repr(getattr(module, "observe", lambda: None)())}


def run(package: str, jit: Jit, served: bool, messages: list[str]) -> dict[str, Any]:
    """A case; with jitserve, also what its counters say."""
    messages.clear()
    stats: dict[str, Any] = {}

    def before() -> None:
        if served:
            stats.update(jitserve.stats().as_dict())

    if served:
        import jitserve
        from jitserve.fingerprint._process_state import process_state

        state = process_state()
    else:
        jax.clear_caches()
    module = importlib.import_module(f"{package}.main")
    try:
        result = make(module, jit, before)
    finally:
        getattr(module, "undo", lambda: None)()
    if served:
        if process_state() != state:
            raise RuntimeError("the case leaves the process in another state than it found it in: give it an `undo`")
        jitserve.flush()
        result["stats"] = changes(stats, jitserve.stats().as_dict())
        result["log"] = list(messages)
    return result


class _Messages(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.INFO)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


def main(mode: str, directory: str, output: str, *packages: str) -> None:
    sys.path.insert(0, directory)
    jit: Jit = jax.jit
    messages: list[str] = []
    if mode == "jitserve":
        import jitserve

        jit = jitserve.jit
        logging.getLogger("jitserve").addHandler(_Messages(messages))
        logging.getLogger("jitserve").setLevel(logging.INFO)
    results = {}
    for package in packages:
        try:
            results[package] = run(package, jit, mode == "jitserve", messages)
        except Exception as error:  # noqa: BLE001 - a case that is broken must not hide the others
            results[package] = {"broken": f"{type(error).__name__}: {error}"}
    Path(output).write_text(json.dumps(results))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
