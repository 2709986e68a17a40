"""Jitted functions that others call while they are traced: traced as often as by plain JAX, and answered alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from empty_store import empty_store

import jitserve

logger = logging.getLogger("tests.inner_calls")


class Traces(logging.Handler):
    """Counts what is logged: a function may do that while it is traced."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


@pytest.fixture
def traces(tmp_path: Path) -> Iterator[Traces]:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    handler = Traces()
    logger.setLevel("INFO")
    logger.propagate = False
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def two_outer_functions(jit: Callable[..., Any], traces: Traces) -> list[int]:
    @jit
    def inner(x: Any) -> Any:
        logger.info("traced")
        return jnp.where(x > 0, x * 2, x)

    first, second = jit(lambda x: inner(x) + inner(x + 1)), jit(lambda x: inner(x) * 3)
    return counts(traces, [first, second, inner])


def keyless_outer_function(jit: Callable[..., Any], traces: Traces) -> list[int]:
    token = jax.lax.create_token()  # has no fingerprint

    @jit
    def inner(x: Any) -> Any:
        logger.info("traced")
        return x * 2

    return counts(traces, [jit(lambda x: (token, inner(x))[1]), jit(lambda x: inner(x) + 1), inner])


def loop_body(jit: Callable[..., Any], traces: Traces) -> list[int]:
    offsets = np.arange(3, dtype="f4")

    @jit
    def body(carry: Any, x: Any) -> Any:
        logger.info("traced")
        return carry + offsets, None

    loop = jit(lambda x: jax.lax.scan(body, x, jnp.ones((8, 3)))[0])
    return counts(traces, [loop, lambda x: body(x, x)])


def counts(traces: Traces, calls: list[Callable[..., Any]]) -> list[int]:
    """How many traces each call takes."""
    found = []
    for call in calls:
        before = traces.count
        call(jnp.arange(3.0))
        found.append(traces.count - before)
    return found


@pytest.mark.parametrize("program", [two_outer_functions, keyless_outer_function, loop_body])
def test_inner_function_is_traced_once_for_all_who_call_it_as_by_plain_jax(
    program: Callable[..., list[int]], traces: Traces
) -> None:
    plain = program(jax.jit, traces)
    assert sum(plain) == 1
    assert program(jitserve.jit, traces) == plain
    assert not jitserve.stats().faults


def test_inner_function_with_a_search_is_traced_as_often_as_by_plain_jax(traces: Traces) -> None:
    def program(jit: Callable[..., Any]) -> list[int]:
        @jit
        def inner(x: Any) -> Any:
            logger.info("traced")
            return jnp.searchsorted(x, 1.0)

        return counts(traces, [jit(lambda x: inner(x) + inner(x))])

    assert program(jitserve.jit) == program(jax.jit)


def test_inner_function_that_closes_over_a_tracer_is_traced_for_each_call_as_by_plain_jax(traces: Traces) -> None:
    @jitserve.jit
    def outer(x: Any) -> Any:
        @jitserve.jit
        def inner(y: Any) -> Any:
            logger.info("traced")
            return x * y

        return inner(x) + 1

    assert counts(traces, [outer, lambda x: outer(x[:2])]) == [1, 1]
    np.testing.assert_array_equal(outer(jnp.arange(3.0)), [1.0, 2.0, 5.0])
    assert jitserve.stats().misses == 2


def test_error_of_an_inner_function_is_the_users_and_the_next_call_goes_on(traces: Traces) -> None:
    fails = [True]

    @jitserve.jit
    def inner(x: Any) -> Any:
        if fails[0]:
            raise ValueError("mine")
        return x * 2

    outer = jitserve.jit(lambda x: inner(x) + 1)
    with pytest.raises(ValueError, match="mine"):
        outer(jnp.ones(3))
    fails[0] = False
    np.testing.assert_array_equal(outer(jnp.ones(3)), [3.0, 3.0, 3.0])
    assert not jitserve.stats().faults


def test_inner_calls_under_a_transformation_alone_are_left_to_jax(traces: Traces) -> None:
    @jitserve.jit
    def inner(x: Any) -> Any:
        logger.info("traced")
        return jnp.sum(x**2)

    gradient, batched = jax.grad(inner), jax.vmap(inner)
    assert counts(traces, [gradient, gradient, lambda x: batched(jnp.stack([x, x])), inner]) == [1, 0, 0, 1]
    np.testing.assert_array_equal(gradient(jnp.arange(3.0)), [0.0, 2.0, 4.0])
