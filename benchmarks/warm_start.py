"""How long the first call in a fresh process takes: ``python benchmarks/warm_start.py``.

plain    jax.jit, nothing cached
jax      jax.jit with JAX's persistent cache filled by an earlier process, every threshold at zero
cold     jitserve.jit on an empty store: trace, record, lower, compile (it is stored after the call)
warm     jitserve.jit on a store filled by an earlier process
floor    deserialising the executable and its first execution, the bytes already in memory: what no cache can go below

Seconds from entering the call to finished outputs, medians over the rounds; in each round the five take turns, one
fresh process each. The store is used embedded (no daemon); imports and building the arguments are not in the numbers.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jitserve.demo
from jitserve.demo._process import run_python
from jitserve.demo._report import Report
from programs import NAMES

HERE = Path(__file__).parent
COLUMNS = ("plain", "jax", "cold", "warm", "floor")


@dataclass(frozen=True)
class Bench:
    """One program and the directory in which its processes run."""

    program: str
    directory: Path
    reports: dict[str, list[Report]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def store(self, name: str) -> Mapping[str, str]:
        return {"JITSERVE_DIR": str(self.directory / name), "JITSERVE_ADDRESS": "none"}

    def jax_cache(self) -> Mapping[str, str]:
        return {
            "JAX_COMPILATION_CACHE_DIR": str(self.directory / "jax-cache"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
        }

    def run(self, how: str, settings: Mapping[str, str]) -> Report | None:
        report = self.directory / "report.json"
        arguments = [str(HERE / "first_call.py"), "--program", self.program, "--how", how]
        arguments += ["--executable", str(self.directory / "executable"), "--report", str(report)]
        path = os.pathsep.join((str(self.directory), *filter(None, [os.environ.get("PYTHONPATH")])))
        run_python(arguments, {"PYTHONPATH": path, **settings}, self.directory)
        return None if how == "save" else Report.read(report)

    def fill(self) -> None:
        """Everything that the warm columns find."""
        shutil.copyfile(Path(jitserve.demo.__file__).with_name("train_step.py"), self.directory / "train_step.py")
        self.run("save", {})
        self.run("jax", self.jax_cache())
        self.run("jitserve", self.store("store"))

    def round(self, number: int) -> None:
        turns = {
            "plain": ("jax", {}),
            "jax": ("jax", self.jax_cache()),
            "cold": ("jitserve", self.store(f"empty-{number}")),
            "warm": ("jitserve", self.store("store")),
            "floor": ("floor", {}),
        }
        for column, (how, settings) in turns.items():
            report = self.run(how, settings)
            assert report is not None
            self.reports[column].append(report)

    def seconds(self) -> list[float]:
        return [statistics.median(report.total_s for report in self.reports[column]) for column in COLUMNS]

    def remark(self) -> str:
        """The outcome of the warm processes, and whether all processes returned the same bits."""
        outcomes = sorted({report.outcome for report in self.reports["warm"]})
        digests = {report.outputs_sha256 for reports in self.reports.values() for report in reports}
        return ", ".join(outcomes) + ("" if len(digests) == 1 else ", OUTPUTS DIFFER")


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def show(benches: Sequence[Bench]) -> None:
    print("\n{:12s} {:>7s} {:>7s} {:>7s} {:>7s} {:>7s}".format("seconds", *COLUMNS), end="")
    print("   plain/warm  jax/warm  warm/floor  cold/plain   warm processes")
    ratios: list[tuple[float, ...]] = []
    for bench in benches:
        plain, jax, cold, warm, floor = bench.seconds()
        ratios.append((plain / warm, jax / warm, warm / floor, cold / plain))
        print("{:12s} {:7.2f} {:7.2f} {:7.2f} {:7.2f} {:7.2f}".format(bench.program, *bench.seconds()), end="")
        print("   {:10.1f}  {:8.1f}  {:10.2f}  {:10.2f}   {}".format(*ratios[-1], bench.remark()))
    means = [geometric_mean(column) for column in zip(*ratios, strict=True)]
    print("{:52s}   {:10.1f}  {:8.1f}  {:10.2f}  {:10.2f}".format("geometric mean", *means))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", choices=NAMES, action="append", help="default: all")
    options = parser.parse_args()
    print(__doc__)
    benches = []
    for program in options.program or NAMES:
        with tempfile.TemporaryDirectory(prefix="jitserve-bench-") as directory:
            bench = Bench(program, Path(directory))
            bench.fill()
            for number in range(options.rounds):
                bench.round(number)
                print(f"{program}, round {number + 1} of {options.rounds}: done", flush=True)
            benches.append(bench)
    show(benches)


if __name__ == "__main__":
    main()
