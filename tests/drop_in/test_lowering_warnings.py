"""What lowering warns about, said again on a hit: as often as plain JAX would, and under the same conditions."""

from __future__ import annotations

import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import jitserve

CAPTURED = jnp.ones((128, 128))


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=tmp_path / "store", address="none")


def warned(threshold: int) -> list[str]:
    """What a call warns about that captures 64 KiB, where JAX is to warn from ``threshold`` bytes on."""
    before = jax.config.jax_captured_constants_warn_bytes
    jax.config.update("jax_captured_constants_warn_bytes", threshold)
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            jitserve.jit(lambda x: x @ CAPTURED)(jnp.zeros(128))
    finally:
        jax.config.update("jax_captured_constants_warn_bytes", before)
    jitserve.flush()
    return [str(item.message) for item in heard]


def test_warning_about_captured_constants_depends_on_the_threshold_of_the_call_not_of_whoever_published() -> None:
    assert ["constants were captured" in message for message in warned(CAPTURED.nbytes)] == [True]
    assert warned(CAPTURED.nbytes + 1) == []
    assert ["constants were captured" in message for message in warned(CAPTURED.nbytes)] == [True]
    assert warned(CAPTURED.nbytes + 1) == []
    assert jitserve.stats().direct_hits == 2
