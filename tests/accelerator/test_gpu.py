"""The same calls on a GPU in three processes: plain JAX, jitserve with an empty store, jitserve with that store filled.

Skipped where no GPU is: ``nvidia-smi`` says. The compiler chooses among kernels by timing them, so that two
compilations may round differently; that is turned off here, to have bits to compare.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.accelerator import programs
from tests.drop_in.conftest import Results, run_child
from tests.drop_in.test_calls import visible

_SETTINGS = {
    "JAX_PLATFORMS": "cuda,cpu",
    "XLA_FLAGS": "--xla_gpu_autotune_level=0 --xla_gpu_deterministic_ops=true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


def _has_gpu() -> bool:
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.stdout.startswith("GPU")


pytestmark = pytest.mark.skipif(not _has_gpu(), reason="nvidia-smi finds no GPU")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accelerator")


def _results(mode: str, directory: Path, name: str, **environment: str) -> Results:
    return run_child(mode, directory, name, programs.__name__, **_SETTINGS, **environment)


@pytest.fixture(scope="module")
def plain(directory: Path) -> Results:
    return _results("plain", directory, "plain")


@pytest.fixture(scope="module")
def cold(directory: Path) -> Results:
    return _results("jitserve", directory, "cold")


@pytest.fixture(scope="module")
def warm(cold: Results, directory: Path) -> Results:
    return _results("jitserve", directory, "warm", PYTHONHASHSEED="7")


@pytest.mark.parametrize("name", programs.DIRECT)
def test_call_gives_what_plain_jax_gives(name: str, plain: Results, cold: Results, warm: Results) -> None:
    assert visible(cold[name]) == visible(plain[name])
    assert visible(warm[name]) == visible(plain[name])


@pytest.mark.parametrize("name", programs.DIRECT)
def test_call_made_warm_neither_traces_nor_lowers_nor_compiles(name: str, warm: Results) -> None:
    stats: dict[str, Any] = warm[name]["stats"]
    assert (stats["direct_hits"], stats["bypasses"], stats["faults"]) == (1, {}, {})
    assert warm[name]["events"] == []


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (reason, _) in programs.BYPASSED.items()])
def test_call_that_cannot_be_stored_is_left_to_jax(name: str, reason: str, plain: Results, warm: Results) -> None:
    assert visible(warm[name]) == visible(plain[name])
    assert reason in warm[name]["stats"]["bypasses"]


@pytest.mark.parametrize("name", programs.FAILING)
def test_error_of_the_user_is_raised_as_plain_jax_raises_it(name: str, plain: Results, warm: Results) -> None:
    assert "error" in plain[name]
    assert visible(warm[name]) == visible(plain[name])
