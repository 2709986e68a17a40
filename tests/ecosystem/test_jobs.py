"""Main jobs of real libraries in three processes: plain JAX, jitserve with an empty store, and with it filled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

ROOT = Path(__file__).parents[2]
Results = dict[str, Any]

# Module of jobs -> the library it needs.
LIBRARIES = {
    "plain": "jax",
    "linen": "flax",
    "nnx": "flax",
    "equinox_": "equinox",
    "optax_": "optax",
    "haiku_": "haiku",
    "numpyro_": "numpyro",
    "diffrax_": "diffrax",
    "blackjax_": "blackjax",
    "jaxopt_": "jaxopt",
    "distrax_": "distrax",
}
INSTALLED = [module for module, library in LIBRARIES.items() if find_spec(library)]


def run_child(mode: str, directory: Path, name: str, libraries: list[str], **environment: str) -> Results:
    """The results of one process."""
    output = directory / f"{name}.json"
    env = {
        **os.environ,
        "JITSERVE_DIR": str(empty_store(directory / "store")),
        "PYTHONPATH": str(ROOT),
        # Equinox's checks at run time are host callbacks, with which nothing can be stored.
        "EQX_ON_ERROR": "nan",
        # Numpyro adds up in the order of a set, in which the last bit depends on the hash seed.
        "PYTHONHASHSEED": "0",
        **environment,
    }
    command = [sys.executable, "-m", "tests.ecosystem.child", mode, str(output), *libraries]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ecosystem")


@pytest.fixture(scope="session")
def plain(directory: Path) -> Results:
    return run_child("plain", directory, "plain", INSTALLED)


@pytest.fixture(scope="session")
def cold(directory: Path) -> Results:
    return run_child("jitserve", directory, "cold", INSTALLED)


@pytest.fixture(scope="session")
def warm(cold: Results, directory: Path) -> Results:
    return run_child("jitserve", directory, "warm", INSTALLED)


def jobs_of(library: str, results: Results) -> Results:
    """The jobs of a library; skips where it does not work with this JAX."""
    if library not in INSTALLED:
        pytest.skip(f"{LIBRARIES[library]} is not installed: pip install 'jitserve[ecosystem]'")
    jobs = results[library]
    if "unusable" in jobs:
        pytest.skip(f"{LIBRARIES[library]} does not support this JAX: {jobs['unusable']}")
    return jobs


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("library", LIBRARIES)
def test_results_are_those_of_plain_jax(library: str, plain: Results, cold: Results, warm: Results) -> None:
    for name, job in jobs_of(library, plain).items():
        assert "failed" not in job, job["failed"]
        for process in (cold, warm):
            assert process[library][name].get("leaves") == job["leaves"], (name, process[library][name])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("library", LIBRARIES)
def test_main_jobs_hit_in_a_warm_process(library: str, plain: Results, warm: Results) -> None:
    jobs_of(library, plain)
    for name, job in warm[library].items():
        assert job["stats"]["direct_hits"] == job["stats"]["lookups"] == 1, (name, job["stats"], job["log"])


@pytest.mark.timeout(600)
def test_diffrax_with_its_checks_bypasses_for_its_host_callbacks(directory: Path) -> None:
    if "diffrax_" not in INSTALLED:
        pytest.skip("diffrax is not installed: pip install 'jitserve[ecosystem]'")
    results = run_child("jitserve", directory, "checked", ["diffrax_"], EQX_ON_ERROR="raise")
    assert results["diffrax_"]["explicit"]["stats"]["bypasses"] == {"host_callback": 1}
