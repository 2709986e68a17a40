"""Which processes the demo runs, in which order, and what came of them.

Every step is a fresh process that calls the same training step once. Filling steps leave a cache behind for the warm
steps; warm steps of the two caches alternate, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jitserve.demo._daemon import running_daemon
from jitserve.demo._process import LOG, DemoError, log_tail, run_python
from jitserve.demo._report import Report

PLAIN = "no cache"
JAX_FILL = "JAX cache, fills"
JAX_WARM = "JAX cache, warm"
FILL = "jitserve, fills"
WARM = "jitserve, warm"


@dataclass(frozen=True, slots=True)
class Job:
    """The training step to call, and how many warm processes to run with each cache."""

    layers: int = 12
    width: int = 128
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One fresh process."""

    name: str
    jit: str
    settings: Mapping[str, str]


class Watcher(Protocol):
    """Is told what the demo is doing."""

    def daemon(self) -> AbstractContextManager[None]:
        """Entered while the daemon starts."""
        ...

    def step(self, step: Step, number: int, steps: int) -> AbstractContextManager[None]:
        """Entered while process ``number`` of ``steps`` runs."""
        ...

    def done(self, step: Step, report: Report) -> None:
        """Called with what the process reported."""
        ...


@dataclass(frozen=True, slots=True)
class Results:
    """The reports of all processes, by step name, in the order in which they ran."""

    reports: Mapping[str, tuple[Report, ...]]

    def median(self, name: str) -> Report:
        """The report of step ``name`` with the median total (the lower one of two)."""
        reports = sorted(self.reports[name], key=lambda report: report.total_s)
        return reports[(len(reports) - 1) // 2]


def play(job: Job, directory: Path, watcher: Watcher) -> Results:
    """Runs the whole demo in ``directory``, which the caller owns and deletes.

    Raises:
        DemoError: a process could not be started, failed, or left no report.
    """
    reports: dict[str, tuple[Report, ...]] = {}
    with ExitStack() as stack:
        with watcher.daemon():
            settings = stack.enter_context(running_daemon(directory))
        steps = _steps(job.rounds, _jax_cache(directory), settings)
        for number, step in enumerate(steps, 1):
            with watcher.step(step, number, len(steps)):
                report = run_step(step, job, directory)
            watcher.done(step, report)
            reports[step.name] = (*reports.get(step.name, ()), report)
    return Results(reports)


def run_step(step: Step, job: Job, directory: Path) -> Report:
    """Calls the training step in one fresh process.

    Raises:
        DemoError: the process failed or left no report.
    """
    path = directory / "report.json"
    path.unlink(missing_ok=True)
    script = _user_script(directory)
    command = [str(script), "--jit", step.jit, "--report", str(path)]
    run_python([*command, "--layers", str(job.layers), "--width", str(job.width)], step.settings, directory)
    try:
        return Report.read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DemoError(f"{step.name}: the process left no usable report: {error}") from error


def last_words(directory: Path) -> str:
    """The end of what the last process printed: where jitserve cannot work, its warning."""
    return log_tail(directory / LOG)


def _user_script(directory: Path) -> Path:
    """The training step as a script of the user's: inside this package it would count as code of jitserve."""
    script = directory / "train_step.py"
    if not script.exists():
        shutil.copyfile(Path(__file__).with_name("train_step.py"), script)
    return script


def _steps(rounds: int, jax_cache: Mapping[str, str], ours: Mapping[str, str]) -> list[Step]:
    same = _same_bits_each_time()
    jax_cache, ours = {**jax_cache, **same}, {**ours, **same, "JITSERVE_LOG": "info"}
    filling = [Step(PLAIN, "jax", same), Step(JAX_FILL, "jax", jax_cache), Step(FILL, "jitserve", ours)]
    return filling + rounds * [Step(JAX_WARM, "jax", jax_cache), Step(WARM, "jitserve", ours)]


def _same_bits_each_time() -> dict[str, str]:
    """What a GPU needs to sum in the same order each time it runs an executable, so that outputs can be compared."""
    if not Path("/dev/nvidiactl").exists():
        return {}
    return {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true"}


def _jax_cache(directory: Path) -> dict[str, str]:
    """JAX's own persistent cache with every threshold at zero: it stores all that it can."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(directory / "jax-cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
