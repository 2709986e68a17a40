"""Times one call by ``jax.monitoring``: what JAX traced, lowered, compiled and loaded from entering to leaving it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from jitserve.demo._report import Phase

TRACE = "/jax/core/compile/jaxpr_trace_duration"
LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
COMPILE = "/jax/core/compile/backend_compile_duration"
# JAX reports a load from its own persistent cache inside the compile event, as this part of it.
CACHE_LOAD = "/jax/compilation_cache/cache_retrieval_time_sec"


@dataclass(frozen=True, slots=True)
class FirstCall:
    """The outputs of one call and the seconds they took. ``compile`` does not contain ``jax_cache_load``."""

    outputs: Any
    total_s: float
    trace: Phase
    lower: Phase
    compile: Phase
    jax_cache_load: Phase


def first_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> FirstCall:
    """Calls ``function(*arguments)``, waits for the outputs, and says where the time went."""
    spans: dict[str, list[tuple[float, float]]] = {TRACE: [], LOWER: [], COMPILE: [], CACHE_LOAD: []}

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event in spans:
            end = time.perf_counter()
            spans[event].append((end - duration_secs, end))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        start = time.perf_counter()
        outputs = jax.block_until_ready(function(*arguments))
        total_s = time.perf_counter() - start
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    phases = {event: Phase(len(found), _covered(found)) for event, found in spans.items()}
    compiled, loaded = phases[COMPILE], phases[CACHE_LOAD]
    return FirstCall(
        outputs,
        total_s,
        phases[TRACE],
        phases[LOWER],
        Phase(compiled.count - loaded.count, max(0.0, compiled.seconds - loaded.seconds)),
        loaded,
    )


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds covered by ``spans``: a traced function that calls another is one stretch of time, not two."""
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered
