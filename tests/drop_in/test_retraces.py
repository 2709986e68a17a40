"""How often a function is traced where its call cannot be stored: as often as by plain JAX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jitserve


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=tmp_path / "store", address="none")


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
