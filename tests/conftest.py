"""What every test gets: the CPU, no settings of the user's, and, on demand, a store of its own."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from empty_store import DIGESTS, empty_store

# A run in the background of a shell has SIGINT ignored, and would hand that down to the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything imports jax. Child processes of tests inherit it.
os.environ["JAX_PLATFORMS"] = "cpu"
_FOREIGN = ("JITSERVE_", "JAX_COMPILATION_CACHE", "JAX_PERSISTENT_CACHE", "JAX_ENABLE_COMPILATION_CACHE")
for _name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[_name]
# No test may reach a daemon or a store of the user's by default paths.
os.environ["JITSERVE_ADDRESS"] = "none"

# How long an example takes says more about the machine than about us.
hypothesis.settings.register_profile("jitserve", deadline=None)
hypothesis.settings.load_profile("jitserve")


# What takes longest, first: a worker that begins with one of them in the end has all others wait for it.
_LONGEST = (
    "test_oracle.py",
    "test_training.py",
    "test_jobs.py",
    "test_trouble.py",
    "test_program_hit.py",
    "test_project.py",
    "test_demo.py",
)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: at any time some wait for a disk or a socket."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first."""
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_report_header() -> str:
    """Says what this run tests."""
    versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "jaxlib", "jitserve"))
    return f"python {platform.python_version()} {versions} on {os.environ['JAX_PLATFORMS']}"


@pytest.fixture(autouse=True, scope="session")
def default_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store of whatever does not ask for one of its own: a directory of this test run."""
    path = tmp_path_factory.mktemp("default-store")
    os.environ["JITSERVE_DIR"] = str(path)
    os.environ[DIGESTS] = str(path / "toolchain")
    (path / "toolchain").mkdir(mode=0o700)
    yield path
    del os.environ["JITSERVE_DIR"], os.environ[DIGESTS]


@pytest.fixture
def store_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store without an entry that this process and its children use, without a daemon."""
    path = empty_store(tmp_path / "store")
    monkeypatch.setenv("JITSERVE_DIR", str(path))
    monkeypatch.setenv("JITSERVE_ADDRESS", "none")
    return path
