"""Calls with arrays that have been deleted, or donated to an earlier call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from empty_store import empty_store

import jitserve

COMPILE = "/jax/core/compile/backend_compile_duration"
events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event))


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


def deleted(array: Any) -> Any:
    array.delete()
    return array


def deleted_key() -> Any:
    key = jax.random.key(1)
    key._base_array.delete()
    return key


def seen(function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[tuple[str, bool]]:
    """What each of some calls gives, and whether something is compiled for it."""
    found = []
    for args in calls:
        start = len(events)
        try:
            text = f"{function(*args)}"
        except (RuntimeError, ValueError) as error:
            text = f"{type(error).__name__}: {error}"
        found.append((text, COMPILE in events[start:]))
    return found


def plainly_deleted(jit: Callable[..., Any]) -> list[tuple[str, bool]]:
    gone = deleted(jnp.ones(3))
    return seen(jit(lambda x, y: x + y), [(jnp.ones(3), gone), (jnp.ones(3), gone), (gone, jnp.ones(3))])


def deleted_after_a_call(jit: Callable[..., Any]) -> list[tuple[str, bool]]:
    alive, gone = jnp.ones(3), deleted(jnp.ones(3))
    return seen(jit(lambda x: x * 3), [(alive,), (gone,), (gone,), (alive,)])


def donated(jit: Callable[..., Any]) -> list[tuple[str, bool]]:
    x = jnp.ones(4)
    return seen(jit(lambda x: x * 4, donate_argnums=0), [(x,), (x,), (x,)])


def key_deleted_after_a_call(jit: Callable[..., Any]) -> list[tuple[str, bool]]:
    function = jit(lambda key: jax.random.bits(key, (2,)))
    return seen(function, [(jax.random.key(0),), (deleted_key(),), (deleted_key(),)])


def deleted_and_unused(jit: Callable[..., Any]) -> list[tuple[str, bool]]:
    alive = jnp.ones(3)
    return seen(jit(lambda x, _: x * 5), [(alive, alive), (alive, deleted(jnp.ones(3)))])


@pytest.mark.parametrize(
    "make", [plainly_deleted, deleted_after_a_call, donated, key_deleted_after_a_call, deleted_and_unused]
)
def test_call_with_a_deleted_array_raises_as_by_plain_jax_and_compiles_no_more_than_it(
    make: Callable[..., list[tuple[str, bool]]],
) -> None:
    plain = make(jax.jit)
    assert [compiled for _, compiled in plain] == [True] + [False] * (len(plain) - 1)
    assert make(jitserve.jit) == plain
    jitserve.flush()
    assert make(jitserve.jit) == [(text, False) for text, _ in plain]
    assert jitserve.stats().faults == {}
    assert jitserve.stats().bypasses == {}
