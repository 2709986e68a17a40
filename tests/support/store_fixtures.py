"""Fixtures of the tests of the store, the daemon, and their faults: a directory, a socket, a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import Daemon, short_directory

from jitserve.store._disk import DiskStore


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """An empty disk tier."""
    return DiskStore(tmp_path / "store")


@pytest.fixture
def socket() -> Iterator[Path]:
    """Where a daemon may listen."""
    with short_directory() as directory:
        yield directory / "run" / "daemon.sock"


@pytest.fixture
def daemon(store: DiskStore, socket: Path) -> Iterator[Daemon]:
    """A daemon that serves ``store``."""
    with Daemon(store.layout.root, socket) as running:
        yield running
