"""What lowering warns about, said again on a hit: as often as plain JAX would, and under the same conditions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from empty_store import empty_store

import jitserve
from jitserve._session import Session, replace_session
from jitserve._settings import Settings

CAPTURED = jnp.ones((128, 128))


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


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


ON_DEVICES = """
import json, sys, warnings
import jax, jax.numpy as jnp
import jitserve

function = jitserve.jit(lambda x: x[:1], donate_argnums=0)
heard = []
for number in map(int, sys.argv[1:]):
    argument = jax.device_put(jnp.arange(4.0), jax.devices()[number])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(argument)
    heard.append(["donated buffers" in str(item.message) for item in caught])
jitserve.flush()
print(json.dumps([heard, jitserve.stats().direct_hits]))
"""


def on_devices(store: Path, *numbers: int) -> list[object]:
    """What calls on those devices warn about in a process of their own, and how many of them are direct hits."""
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    env = {**os.environ, **devices, "JITSERVE_DIR": str(empty_store(store)), "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, "-c", ON_DEVICES, *map(str, numbers)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_call_of_which_a_trace_sees_the_same_warns_in_a_later_process_as_plain_jax_would(tmp_path: Path) -> None:
    assert on_devices(tmp_path / "store", 0, 1)[1] == 0
    assert on_devices(tmp_path / "store", 1) == [[[True]], 1]


def test_warning_on_a_hit_comes_from_where_it_comes_from_in_plain_jax() -> None:
    def blamed(jit: Any) -> tuple[str, int]:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            jit(lambda x: x[:1], donate_argnums=0)(jnp.arange(4.0))
        jitserve.flush()
        return heard[0].filename, heard[0].lineno

    assert blamed(jitserve.jit) == blamed(jitserve.jit) == blamed(jax.jit)
    assert jitserve.stats().direct_hits == 1


def test_verified_hit_warns_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JITSERVE_VERIFY", "1")
    replace_session(Session(Settings.from_env()))
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")
    for _ in range(2):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            jitserve.jit(lambda x: x[:1], donate_argnums=0)(jnp.ones(3))
        assert ["donated buffers were not usable" in str(item.message) for item in heard] == [True]
        jitserve.flush()
    assert jitserve.stats().direct_hits == 1
