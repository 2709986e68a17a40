"""What a fingerprint costs: ``python benchmarks/fingerprint.py``.

First what a warm process pays to find a stored call: signature, fingerprint and lookup, up to the manifest, in a fresh
process each round (``lookup.py``), the first time in the process and again. Then parts of it, in this process: the
walk of a function, the first time (which pays for scanning bytecode, too) and again; the environment with and without
its memo; and the trace and lowering of a train step with and without the recorder, in turns. Last the first call of
a train step when nothing is stored, in fresh processes in turns, under ``jax.jit`` and under ``jitserve.jit``, which
records, serialises and publishes (``cold_call.py``); the digests of the installed packages are there; and the share
that recording has in that, the walk and what is stored apart. Medians, in milliseconds; of trace and lowering, those of
the CPU, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jitserve import _jax, fingerprint
from jitserve.demo import train_step as demo


def milliseconds(function: Callable[[], object], rounds: int) -> tuple[float, float]:
    """(first, median of the rest)."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - started))
    return times[0], statistics.median(times[1:])


def train_step(layers: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The demo's train step, and its arguments."""
    size = demo.Size(layers=layers, width=64)
    optimizer = optax.adamw(1e-3)
    return demo.make_train_step(demo.Transformer(size), optimizer), demo.make_arguments(size, optimizer)


def lookups(rounds: int) -> None:
    """Prints the cost of finding a stored call."""
    with tempfile.TemporaryDirectory() as directory:
        for case in ("flax-step", "many-leaves", "small-function"):
            _run_lookup(directory, case, "--fill")
            times = [tuple(map(float, _run_lookup(directory, case).split())) for _ in range(rounds)]
            first, again = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{'lookup of ' + case:34} first {first:8.2f}  median {again:8.2f}")


def _run_lookup(directory: str, case: str, *options: str) -> str:
    return _run("lookup.py", directory, "--case", case, *options)


def _run(script: str, directory: str, *options: str) -> str:
    environment = os.environ | {"JITSERVE_DIR": directory, "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, str(Path(__file__).with_name(script)), *options]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def walks(rounds: int) -> None:
    """Prints the cost of walking."""
    step, arguments = train_step(layers=12)
    leaves = [jnp.float32(i) for i in range(10_000)]
    cases: list[tuple[str, Callable[..., Any], list[tuple[str, object]]]] = [
        ("flax train step, 12 layers", step, [("tree", jax.tree.structure(arguments))]),
        ("small function", lambda x: jnp.sin(x) * 2, []),
        ("tree of 10,000 leaves", lambda x: x, [("tree", jax.tree.structure(leaves))]),
    ]
    for name, function, extra in cases:
        walked = fingerprint.walk(function, extra, deferred=True)
        # A first walk again: nothing is remembered of code objects but by their identity.
        first, median = milliseconds(lambda f=function, e=extra: fingerprint.walk(f, e, deferred=True), rounds)
        print(f"{name:34} first {first:8.2f}  median {median:8.2f}  objects {len(walked.objects):6}")


def environment(rounds: int) -> None:
    """Prints the cost of describing the environment."""
    with tempfile.TemporaryDirectory() as directory:
        first, median = milliseconds(lambda: fingerprint.environment(Path(directory)), rounds)
    print(f"{'environment':34} first {first:8.2f}  median {median:8.2f}")


def recording(layers: int, rounds: int) -> float:
    """Prints what the recorder adds to trace and lowering, and returns it: milliseconds of the CPU."""
    step, arguments = train_step(layers)
    walked = fingerprint.walk(step, deferred=True)
    plain, recorded = [], []
    for turn in range(2 * rounds + 2):
        watched = turn % 2 == 1
        started = time.process_time()
        with _jax.own_context(object()), fingerprint.record(walked) if watched else nullcontext():
            jax.jit(lambda *args: step(*args)).lower(*arguments)
        if turn > 1:
            (recorded if watched else plain).append(1e3 * (time.process_time() - started))
    left, right = statistics.median(plain), statistics.median(recorded)
    name = f"trace and lower, {layers} layers"
    print(f"{name:34} plain {left:8.1f}  recorded {right:6.1f}  ratio {right / left:.2f}")
    return right - left


def cold_calls(layers: int, rounds: int) -> float:
    """Prints what a first call costs that finds nothing, and returns that without us: milliseconds of the CPU."""
    times: dict[str, list[tuple[float, ...]]] = {"jax": [], "jitserve": []}
    with tempfile.TemporaryDirectory() as directory:
        _run("cold_call.py", directory, "--jit", "jitserve", "--layers", "1")  # digests the installed packages
        for number in range(rounds):
            for jit in times if number % 2 == 0 else reversed(times):
                store = f"{directory}/{number}"
                shutil.copytree(f"{directory}/toolchain", f"{store}/toolchain", dirs_exist_ok=True)
                call = _run("cold_call.py", store, "--jit", jit, "--layers", str(layers))
                times[jit].append(tuple(map(float, call.split())))
    for i, kind in enumerate(("clock", "CPU")):
        left, right = (statistics.median(found[i] for found in times[jit]) for jit in times)
        name = f"cold call, {layers} layers, by the {kind}"
        print(f"{name:34} plain {left:8.1f}  cached {right:8.1f}  ratio {right / left:.2f}")
    return left


def main() -> None:
    """Runs all and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--layers", type=int, default=12)
    options = parser.parse_args()
    lookups(options.rounds)
    walks(options.rounds)
    environment(options.rounds)
    added = recording(options.layers, options.rounds)
    whole = cold_calls(options.layers, options.rounds)
    print(f"{'recording, as a share of that':34} {100 * added / whole:8.1f} %")


if __name__ == "__main__":
    main()
