"""Three processes make the same calls: plain JAX, jitserve with an empty store, jitserve with that store filled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

ROOT = Path(__file__).parents[2]
Results = dict[str, Any]


def run_child(
    mode: str, directory: Path, name: str, programs: str = "tests.drop_in.programs", **environment: str
) -> Results:
    """The results of one process that makes the calls of a module."""
    output = directory / f"{name}.json"
    env = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JITSERVE_DIR": str(empty_store(directory / "store")),
        "PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]))),
        **environment,
    }
    command = [sys.executable, "-m", "tests.drop_in.child", mode, str(output), programs]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drop-in")


@pytest.fixture(scope="session")
def plain(directory: Path) -> Results:
    return run_child("plain", directory, "plain")


@pytest.fixture(scope="session")
def cold(directory: Path) -> Results:
    return run_child("jitserve", directory, "cold")


@pytest.fixture(scope="session")
def warm(cold: Results, directory: Path) -> Results:
    return run_child("jitserve", directory, "warm", PYTHONHASHSEED="7")
