"""How often a function is traced where its call cannot be stored: as often as by plain JAX."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from empty_store import empty_store

import jitserve


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


def traces(jit: Callable[..., Any]) -> list[int]:
    """How often a function has been traced after each of three steps."""
    token = jax.lax.create_token()  # has no fingerprint, so that the function gets no key
    count = 0

    def inner(x: Any) -> Any:
        nonlocal count
        count += 1
        return (token, x * 2)[1]

    function, nested = jit(inner), jit(lambda x: function(x) + 1)
    after = []
    for step in (nested, function, function.lower):
        step(jnp.ones(3))
        after.append(count)
    return after


def test_function_without_a_key_is_traced_once_for_all_its_uses_as_by_plain_jax() -> None:
    plain = traces(jax.jit)
    assert plain == [1, 1, 1]
    assert traces(jitserve.jit) == plain
    assert set(jitserve.stats().bypasses) <= {"nested_trace", "unknown_object"}


def counted_traces(jit: Callable[..., Any]) -> list[int]:
    """How often a function that counts its traces has been traced after each of four steps."""
    count = 0

    def inner(x: Any) -> Any:
        nonlocal count
        count += 1
        return x * 2

    function, nested = jit(inner), jit(lambda x: function(function(x)) + 1)
    after = []
    for step, size in ((nested, 3), (function, 3), (function, 4), (function.lower, 4)):
        step(jnp.ones(size))
        after.append(count)
    return after


def test_function_that_counts_its_traces_is_traced_as_often_as_by_plain_jax() -> None:
    plain = counted_traces(jax.jit)
    assert plain == [1, 1, 2, 2]
    assert counted_traces(jitserve.jit) == plain
    assert jitserve.stats().bypasses["trace_side_effect"] == 3


def steps_traced_and_lowered(jit: Callable[..., Any]) -> list[int]:
    """How many traces and lowerings of a function each of some calls takes, of which a trace sees the same."""
    near = np.arange(6.0, dtype="f4")
    far = jax.device_put(near, jax.devices()[0])
    function = jit(lambda x: x * 2 + 1)
    counts = []
    for call, argument in ((function, near), (function, far), (function.lower, near), (function.eval_shape, far)):
        start = len(events)
        call(argument)
        counts.append(sum(event in STEPS for event in events[start:]))
    return counts


STEPS = ("/jax/core/compile/jaxpr_trace_duration", "/jax/core/compile/jaxpr_to_mlir_module_duration")
events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event))


def test_calls_that_differ_by_placement_share_their_trace_and_lowering_as_by_plain_jax() -> None:
    plain = steps_traced_and_lowered(jax.jit)
    assert plain == [2, 1, 0, 0]  # committed to a device, it is lowered again
    assert steps_traced_and_lowered(jitserve.jit) == plain
    assert jitserve.stats().misses == 2


def traces_of_stages_before_a_call(jit: Callable[..., Any]) -> list[list[int]]:
    """How many traces each of some steps takes that begin with a look at what a call would give."""
    x = jnp.arange(6.0)
    counts = []
    for number, first in enumerate(("eval_shape", "trace", "lower")):
        helper = jax.jit(lambda x: x * 2)
        function = jit(lambda x, helper=helper, number=number: helper(x) + number)
        look = getattr(function, first)
        counts.append([])
        for step in (look, look, function, look, function.lower):
            start = len(events)
            step(x)
            counts[-1].append(events[start:].count(STEPS[0]))
    return counts


def test_call_shares_the_trace_of_an_earlier_stage_as_by_plain_jax() -> None:
    plain = traces_of_stages_before_a_call(jax.jit)
    assert [steps[1:] for steps in plain] == [[0, 0, 0, 0]] * 3
    assert traces_of_stages_before_a_call(jitserve.jit) == plain
    assert jitserve.stats().misses == 3


_BEFORE_A_BACKEND = """
import jax, jitserve, numpy as np
from jax._src import xla_bridge
shape = jitserve.jit(lambda x: x * 2).eval_shape(jax.ShapeDtypeStruct((3,), np.float32))
print(shape.shape, xla_bridge.backends_are_initialized())
"""


def test_evaluating_a_shape_does_not_start_a_backend() -> None:
    done = subprocess.run([sys.executable, "-c", _BEFORE_A_BACKEND], capture_output=True, text=True, timeout=120)
    assert done.stdout == "(3,) False\n", done.stderr


def returns_no_array(jit: Callable[..., Any]) -> Any:
    return jit(jax.grad(lambda index: (index * 2.0).sum(), allow_int=True))


def has_an_effect(jit: Callable[..., Any]) -> Any:
    @jit
    def function(x: Any) -> Any:
        jax.debug.callback(lambda _: None, x)
        return x * 2

    return function


def has_an_effect_and_no_key(jit: Callable[..., Any]) -> Any:
    token = jax.lax.create_token()

    @jit
    def function(x: Any) -> Any:
        jax.debug.callback(lambda _: None, x)
        return (token, x * 2)[1]

    return function


def steps_of_equal_calls(function: Any) -> list[int]:
    """How many steps each of some calls takes to compile."""
    counts = []
    for size in (4, 4, 4, 3, 4, 3):
        start = len(events)
        jax.block_until_ready(function(np.arange(size)))
        counts.append(sum(event in (*STEPS, "/jax/core/compile/backend_compile_duration") for event in events[start:]))
    return counts


@pytest.mark.parametrize("make", [returns_no_array, has_an_effect, has_an_effect_and_no_key])
def test_refused_call_that_the_dispatcher_asks_for_every_time_is_compiled_once(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = steps_of_equal_calls(make(jax.jit))
    assert [count > 0 for count in plain] == [True, False, False, True, False, False]
    function = make(jitserve.jit)
    assert steps_of_equal_calls(function) == plain
    # The third time nobody looks at the function any more.
    monkeypatch.setattr("jitserve._resolve.call_parts", None)
    assert steps_of_equal_calls(function) == [0] * 6
    assert sum(jitserve.stats().bypasses.values()) == 12
    assert not jitserve.stats().faults


_DEPTH = """
import inspect, sys
if sys.argv[1] == "jitserve":
    from jitserve import jit
else:
    from jax import jit
depths = []
jit(lambda x: depths.append(len(inspect.stack())))(1.0)
print(depths[0] - len(inspect.stack()))
"""


def test_stack_inside_of_a_traced_function_is_as_deep_as_by_plain_jax(tmp_path: Path) -> None:
    # Each in a process of its own: what is put into JAX is there for plain functions, too.
    def depth(package: str) -> str:
        command = [sys.executable, "-c", _DEPTH, package]
        env = {**os.environ, "JITSERVE_DIR": str(empty_store(tmp_path / "other"))}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout

    assert depth("jitserve") == depth("jax")


_MESHES = """
import sys
import jax, jax.numpy as jnp, numpy as np
if sys.argv[1] == "jitserve":
    from jitserve import jit, flush, stats
else:
    from jax import jit
from jax._src import test_util
function = jit(lambda x: x + 8)
counts = []
for device in jax.devices():
    mesh = jax.sharding.Mesh(np.array([device]), ("x",))
    with jax.set_mesh(mesh):
        x = jax.device_put(np.ones(3, np.float32), jax.NamedSharding(mesh, jax.P("x")))
        with test_util.count_jit_tracing_cache_miss() as traces:
            assert function(x).devices() == {device}
        counts.append(traces())
if sys.argv[1] == "jitserve":
    flush()
    counts.append(stats().direct_hits)
print(counts)
"""


def test_function_is_traced_once_for_meshes_of_one_shape_and_stored_for_each(tmp_path: Path) -> None:
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}

    def counts(package: str) -> list[int]:
        command = [sys.executable, "-c", _MESHES, package]
        env = {
            **os.environ,
            **devices,
            "JITSERVE_DIR": str(empty_store(tmp_path / "other")),
            "JITSERVE_ADDRESS": "none",
        }
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        found: list[int] = json.loads(done.stdout)
        return found

    plain = counts("jax")
    assert plain[0] > 0
    assert plain[1] == 0
    assert counts("jitserve") == [*plain, 0]
    assert counts("jitserve") == [0, 0, 2]
