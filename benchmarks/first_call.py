"""One first call in this fresh process: the child of ``warm_start.py``."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.experimental import serialize_executable

import programs
from jitserve import jit
from jitserve.demo._child import write_report


def save(function: Callable[..., Any], arguments: tuple[Any, ...], path: Path) -> None:
    """Compiles without running, because some programs can be serialised only before they first run."""
    payload, _, _ = serialize_executable.serialize(jax.jit(function).lower(*arguments).compile())
    path.write_bytes(payload)


def loader(function: Callable[..., Any], arguments: tuple[Any, ...], path: Path) -> Callable[..., Any]:
    """A function that deserialises the executable in ``path``, which is read now, and runs it.

    Lowering here, outside the measured time, gives the trees and initialises what the executable calls (LAPACK).
    """
    payload = path.read_bytes()
    lowered = jax.jit(function).lower(*arguments)

    def load_and_run(*arguments: Any) -> Any:
        devices = jax.devices()[:1]
        load = serialize_executable.deserialize_and_load
        return load(payload, lowered.in_tree, lowered.out_tree, execution_devices=devices)(*arguments)

    return load_and_run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", choices=programs.NAMES, required=True)
    parser.add_argument("--how", choices=("jax", "jitserve", "save", "floor"), required=True)
    parser.add_argument("--executable", type=Path)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    function, arguments = importlib.import_module(f"programs.{options.program}").build()
    if options.how == "save":
        save(function, arguments, options.executable)
        return
    if options.how == "floor":
        call = loader(function, arguments, options.executable)
    else:
        call = {"jax": jax.jit, "jitserve": jit}[options.how](function)
    write_report(options.report, call, arguments)


if __name__ == "__main__":
    main()
