"""The differential oracle. Four processes a batch of cases:

* A fills the store;
* *again* runs A's programs, from another directory and with another hash seed: what A published must hit;
* B runs the changed programs with jitserve;
* B' runs them with plain JAX and empty caches: what a user sees in B must be what he sees in B'.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empty_store import empty_store
from tests.adversarial.case import HIT, MISS, Case, Process

ROOT = Path(__file__).parents[2]
_LARGEST = 250  # cases of a batch: what takes minutes to start with is over well within the limits
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one case came to in each process."""

    a: Result
    again: Result
    b: Result
    plain: Result


class Oracle:
    """Runs batches of cases, each once, when the first of its cases is asked for."""

    def __init__(self, directory: Path, cases: Iterable[Case]) -> None:
        self._directory = directory
        self._batches: dict[tuple[Process, Process], list[list[Case]]] = {}
        self._verdicts: dict[str, Verdict] = {}
        for case in cases:
            batches = self._batches.setdefault((case.a, case.b), [])
            if not batches or len(batches[-1]) == _LARGEST:
                batches.append([])
            batches[-1].append(case)

    def verdict(self, case: Case) -> Verdict:
        if case.id not in self._verdicts:
            batch = next(batch for batch in self._batches[case.a, case.b] if case in batch)
            place = self._directory / f"batch{len(self._verdicts)}"
            self._verdicts.update(zip((each.id for each in batch), _run(place, batch), strict=True))
        return self._verdicts[case.id]


def _run(place: Path, batch: Sequence[Case]) -> list[Verdict]:
    for case in batch:
        for side, files in (("a", case.first), ("again", case.first), ("b", case.second), ("plain", case.second)):
            package = place / side / case.package
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            for name, text in files.items():
                (package / name).write_text(text)
    packages = [case.package for case in batch]
    a, b = batch[0].a, batch[0].b
    # Two processes at a time: on CI there are two cores.
    plain = _start("plain", place, "plain", b, packages)
    first = _finish(_start("jitserve", place, "a", a, packages))
    # A copy, so that it finds what A has published, and not what B publishes meanwhile.
    shutil.copytree(place / "store", place / "store-again")
    again = _start("jitserve", place, "again", a, packages, PYTHONHASHSEED="7", JITSERVE_DIR=str(place / "store-again"))
    second = _finish(_start("jitserve", place, "b", b, packages))
    results = [first, _finish(again), second, _finish(plain)]
    return [Verdict(*(result[package] for result in results)) for package in packages]


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[str]
    output: Path


def _start(mode: str, place: Path, side: str, process: Process, packages: list[str], **env: str) -> _Child:
    output = place / f"{side}.json"
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JITSERVE_DIR": str(empty_store(place / "store")),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        **env,
        **dict(process.env),
    }
    command = [sys.executable, *process.flags, "-m", "tests.adversarial.child", mode, str(place / side), str(output)]
    errors = (place / f"{side}.stderr").open("w")
    with errors:
        child = subprocess.Popen([*command, *packages], env=environment, cwd=place, stderr=errors, text=True)
    return _Child(child, output)


def _finish(child: _Child) -> dict[str, Result]:
    status = child.process.wait(timeout=280)
    assert status == 0, child.output.with_suffix(".stderr").read_text()[-4000:]
    return json.loads(child.output.read_text())


def wrong_results(verdict: Verdict) -> list[str]:
    """Where jitserve showed its user anything else than plain JAX, and programs that could not even be run."""
    found = [f"{name}: {result['broken']}" for name, result in _named(verdict) if "broken" in result]
    if found:
        return found
    for key in ("shown", "observed"):
        if verdict.b[key] != verdict.plain[key]:
            found.append(f"{verdict.b[key]} under jitserve, {verdict.plain[key]} under plain JAX")
    served = verdict.again["stats"]["direct_hits"]
    if served and verdict.again["shown"] != verdict.a["shown"]:
        found.append(f"{verdict.again['shown']} the second time, {verdict.a['shown']} the first time")
    return found


def _named(verdict: Verdict) -> list[tuple[str, Result]]:
    return [("A", verdict.a), ("again", verdict.again), ("B", verdict.b), ("B'", verdict.plain)]


def wrong_outcomes(case: Case, verdict: Verdict) -> list[str]:
    """Where the call did not become what the catalogue expects."""
    found = []
    if case.expected in (HIT, MISS):
        if not verdict.a["stats"]["published"]:
            found.append(f"A published nothing: {_facts(verdict.a)}")
        elif not is_hit(verdict.again):
            found.append(f"A's own program does not hit: {_facts(verdict.again)}")
    if case.expected == HIT and not is_hit(verdict.b):
        found.append(f"B does not hit: {_facts(verdict.b)}")
    if case.expected == MISS and verdict.b["stats"]["direct_hits"]:
        found.append(f"B hits: {_facts(verdict.b)}")
    if case.expected.startswith("bypass:"):
        reasons = set(case.expected.removeprefix("bypass:").split("|"))
        for name, result in (("A", verdict.a), ("B", verdict.b)):
            if not reasons & set(result["stats"]["bypasses"]) or result["stats"]["direct_hits"]:
                found.append(f"{name} does not stand aside for {case.expected}: {_facts(result)}")
            if result["stats"]["published"]:
                found.append(f"{name} publishes: {_facts(result)}")
    return found


def is_hit(result: Result) -> bool:
    """Whether one call was made, and was a direct hit that traced, lowered and compiled nothing."""
    stats = result["stats"]
    return stats["direct_hits"] == 1 and stats["lookups"] == 1 and not result["events"]


def _facts(result: Result) -> str:
    stats = {name: value for name, value in result["stats"].items() if value and not name.endswith("seconds")}
    return f"{stats} {result['events']} {result['log']} {result['shown'].get('error', '')}"
