"""Jobs of several real processes on the loopback interface, with gloo for the collectives."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

ROOT = Path(__file__).parents[2]
Results = list[dict[str, Any]]
# Seconds. Nothing here takes that long; a job that hangs fails by it.
_LIMIT = 120


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def gloo() -> None:
    """Skips everything where the collectives of the CPU are missing."""
    import jaxlib._jax as extension

    if not hasattr(extension, "make_gloo_tcp_collectives"):
        pytest.skip("THIS JAXLIB HAS NO GLOO COLLECTIVES: NOTHING ABOUT DISTRIBUTED JOBS IS TESTED")


class Job:
    """Runs jobs on one directory.

    Args:
        directory: where the stores are.
        shared: one store for all processes, as on one host; else one for each, as on hosts of their own.
    """

    def __init__(self, directory: Path, *, shared: bool = True) -> None:
        self.directory = directory
        self.shared = shared

    def store(self, index: int) -> Path:
        return self.directory / ("store" if self.shared else f"store{index}")

    def __call__(self, count: int, *steps: str | list[str], devices: int = 1, **environment: str) -> Results:
        """The results of a job of ``count`` processes, each of which has that many devices.

        A step that is a list is one for each process.
        """
        port = free_port()
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.distributed.job", str(index), str(count), str(port)]
                + [step if isinstance(step, str) else step[index] for step in steps],
                env=self._environment(index, devices, environment),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for index in range(count)
        ]
        outputs = []
        try:
            for process in running:
                outputs.append(process.communicate(timeout=_LIMIT))
        finally:
            for process in running:
                process.kill()
                process.communicate()
        assert [process.returncode for process in running] == [0] * count, "\n".join(error for _, error in outputs)
        return [json.loads(output.splitlines()[-1]) for output, _ in outputs]

    def _environment(self, index: int, devices: int, changes: dict[str, str]) -> dict[str, str]:
        if not self.store(index).exists():
            empty_store(self.store(index))
        return {
            **os.environ,
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
            "JITSERVE_DIR": str(self.store(index)),
            # A process that waits where it need not is killed long before.
            "JITSERVE_AGREEMENT_TIMEOUT": "600",
            "PYTHONPATH": str(ROOT),
            **changes,
        }


@pytest.fixture(scope="session")
def job_in() -> Callable[..., Job]:
    return Job
