"""What is dropped from JAX's caches is traced again in this process, as by plain JAX, and not compiled again."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from empty_store import empty_store

import jitserve

X = np.arange(6.0, dtype="f4")
TRACE = "/jax/core/compile/jaxpr_trace_duration"
COMPILATION = "/jax/core/compile/backend_compile_duration"
events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event))

CLEARINGS: dict[str, Callable[[Any], None]] = {
    "clear_caches": lambda function: jax.clear_caches(),
    "clear_cache": lambda function: function.clear_cache(),
}


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


def made(event: str, *calls: Callable[[], Any]) -> list[int]:
    """How often something happens in each of some calls."""
    counts = []
    for call in calls:
        jitserve.flush()
        start = len(events)
        jax.block_until_ready(call())
        counts.append(events[start:].count(event))
    return counts


@pytest.mark.parametrize("clear", CLEARINGS.values(), ids=CLEARINGS.keys())
def test_each_cleared_call_is_traced_once_more_as_by_plain_jax_and_compiled_by_nobody(
    clear: Callable[[Any], None],
) -> None:
    traces = {}
    for jit in (jax.jit, jitserve.jit):
        function = jit(lambda x, power: x**power + 1, static_argnums=1)
        calls = [lambda f=function, x=x, n=n: f(x, n) for x, n in ((X, 2), (X, 3), (X[:4], 2))]
        before = made(TRACE, *calls)
        clear(function)
        traces[jit] = before, made(TRACE, *calls), made(TRACE, *calls)
    assert traces[jitserve.jit] == traces[jax.jit]
    assert traces[jax.jit][2] == [0, 0, 0]
    assert jitserve.stats().lowered_hits == 3
    assert jitserve.stats().misses == 3
    clear(function)
    assert made(COMPILATION, *calls) == [0, 0, 0]


def made_anew() -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return x * 2 + 1

    return function


def test_function_that_was_not_called_before_the_clearing_is_not_traced() -> None:
    jitserve.jit(made_anew())(X)
    jitserve.flush()
    jax.clear_caches()
    other = jitserve.jit(made_anew())
    assert made(TRACE, lambda: other(X)) == [0]
    assert jitserve.stats().direct_hits == 1


def test_clearing_one_function_leaves_the_calls_of_another_alone() -> None:
    one, other = jitserve.jit(made_anew()), jitserve.jit(lambda x: x - 1)
    calls = (lambda: one(X), lambda: other(X))
    assert made(TRACE, *calls) == [1, 1]
    one.clear_cache()
    other._clear_cache()  # the dispatcher's alone, so that it asks us again
    assert made(TRACE, *calls) == [1, 0]
    assert jitserve.stats().direct_hits == 1


def test_function_is_freed_as_promptly_as_without_a_clearing() -> None:
    fun = made_anew()
    function = jitserve.jit(fun)
    function(X)
    jax.clear_caches()
    function(X)
    gone = weakref.ref(fun)
    jax.clear_caches()
    del fun, function
    gc.collect()
    assert gone() is None


_CHILD = """
import jax, jitserve, json, numpy as np
X = np.arange(6.0)
def f(x): return x * 2 + 1
function = jitserve.jit(f)
report = []
for _ in range(2):
    jax.clear_caches()
    function(X)
    jitserve.flush()
    stats = jitserve.stats()
    report.append([stats.direct_hits, stats.lowered_hits, stats.misses])
print(json.dumps(report))
"""


def test_first_call_of_a_process_hits_after_a_clearing_and_is_traced_after_the_next(tmp_path: Path) -> None:
    environment = {**os.environ, "JITSERVE_DIR": str(empty_store(tmp_path / "shared"))}
    reports = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout.splitlines()[-1]))
    assert reports == [[[0, 0, 1], [0, 1, 1]], [[1, 0, 0], [1, 1, 0]]]
