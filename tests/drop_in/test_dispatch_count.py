"""JAX counts the calls that its dispatcher has not seen: a call that is served from the store is one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from empty_store import empty_store

import jitserve


def unseen_calls(jit: Any) -> int:
    counting = pytest.importorskip("jax._src.test_util", reason="JAX's own counters need absl")
    function = jit(lambda x: x * 3 + 1)
    x, y = jnp.ones(3), jnp.ones(4)
    with counting.count_pjit_cpp_cache_miss() as count:
        for argument in (x, x, y, y):
            function(argument)
    unseen: int = count()
    return unseen


def test_unseen_calls_are_counted_cold_and_warm_as_by_plain_jax(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    plain = unseen_calls(jax.jit)
    cold = unseen_calls(jitserve.jit)
    jitserve.flush()
    warm = unseen_calls(jitserve.jit)
    assert jitserve.stats().direct_hits == 2
    assert (plain, cold, warm) == (2, 2, 2)
