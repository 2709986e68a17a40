"""The child's side of the demo: which ``jit`` to use, and a report of its first call."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

import jitserve
from jitserve.demo._first_call import FirstCall, first_call
from jitserve.demo._outputs import outputs_sha256
from jitserve.demo._report import Report

_COUNTERS = {
    "direct_hits": "direct_hit",
    "program_hits": "program_hit",
    "lowered_hits": "lowered_hit",
    "misses": "miss",
}
_COUNTERS_BY_REASON = {"bypasses": "bypass", "faults": "fault"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the parent asks of one child."""

    jit: Callable[..., Any]
    layers: int
    width: int
    report: Path


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Parses the command line of a child (default ``sys.argv``)."""
    parser = argparse.ArgumentParser(description="One first call of the demo's training step in a fresh process.")
    parser.add_argument("--jit", choices=("jax", "jitserve"), required=True, help="which jit runs the step")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--report", type=Path, required=True, help="where to write what the call cost (JSON)")
    parsed = parser.parse_args(arguments)
    jit = {"jax": jax.jit, "jitserve": jitserve.jit}[parsed.jit]
    return Options(jit=jit, layers=parsed.layers, width=parsed.width, report=parsed.report)


def write_report(path: Path, step: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Calls ``step(*arguments)`` once and writes the report to ``path``."""
    before = jitserve.stats().as_dict()
    call = first_call(step, arguments)
    after = jitserve.stats().as_dict()
    Report(
        total_s=call.total_s,
        trace=call.trace,
        lower=call.lower,
        compile=call.compile,
        load_s=after["load_seconds"] - before["load_seconds"] + call.jax_cache_load.seconds,
        outcome=_outcome(before, after) or _jax_outcome(call),
        outputs_sha256=outputs_sha256(call.outputs),
        platform=jax.default_backend(),
    ).write(path)


def _outcome(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The outcome that jitserve counted between two snapshots; empty when it saw no call."""
    counted = [outcome for counter, outcome in _COUNTERS.items() if after[counter] > before[counter]]
    for counter, outcome in _COUNTERS_BY_REASON.items():
        grown = (reason for reason, n in after[counter].items() if n > before[counter].get(reason, 0))
        counted += [f"{outcome}({reason})" for reason in grown]
    return ", ".join(counted)


def _jax_outcome(call: FirstCall) -> str:
    return "no compile" if call.jax_cache_load.count else "compiled"
