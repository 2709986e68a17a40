"""Jitted functions that went through pickle: they call what they called, and are refused by name as captured values."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from empty_store import empty_store

import jitserve

cloudpickle = pytest.importorskip("cloudpickle")


@pytest.mark.parametrize("jit", [jax.jit, jitserve.jit])
def test_captured_function_that_was_unpickled_is_refused_by_name(jit: object, tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    inner = cloudpickle.loads(cloudpickle.dumps(jit(lambda x: x * 2)))  # type: ignore[operator]
    outer = jitserve.jit(lambda x: inner(x) + 1)
    np.testing.assert_array_equal(outer(jnp.arange(3)), [1, 3, 5])
    stats = jitserve.stats()
    assert stats.bypasses.get("opaque_callable") == 1
    assert stats.faults == {}


def test_unpickled_function_is_served_like_the_one_that_was_pickled(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    data = cloudpickle.dumps(jitserve.jit(lambda x: x * 2))
    for _ in range(2):
        np.testing.assert_array_equal(cloudpickle.loads(data)(jnp.arange(3)), [0, 2, 4])
        jitserve.flush()
    assert jitserve.stats().direct_hits == 1
    assert jitserve.stats().faults == {}


def test_function_is_pickled_after_another_one_has_failed(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")

    @jitserve.jit
    def failing(x: object) -> object:
        raise ValueError("this one fails")

    with pytest.raises(ValueError, match="this one fails"):
        failing(1)
    again = cloudpickle.loads(cloudpickle.dumps(jitserve.jit(lambda x: x * 2)))
    np.testing.assert_array_equal(again(jnp.arange(3)), [0, 2, 4])


@pytest.mark.parametrize("installed", [False, True], ids=["alone", "installed"])
def test_jit_itself_is_pickled_by_its_name(installed: bool) -> None:
    if installed:
        jitserve.install()
    try:
        decorator = pickle.loads(pickle.dumps(functools.partial(jitserve.jit, static_argnums=0)))  # noqa: S301
        assert cloudpickle.loads(cloudpickle.dumps(jitserve.jit)) is jitserve.jit
    finally:
        jitserve.uninstall()
    assert decorator.func is jitserve.jit
    assert jitserve.jit.__module__ == "jitserve"
