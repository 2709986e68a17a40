"""An unmodified flax training script under ``jitserve run``, started twice, beside plain Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store
from tests.whole.processes import python

Run = dict[str, Any]
STEPS = ("train_step", "eval_step")


def start(directory: Path, name: str, *command: str, **environ: str) -> Run:
    """What one start computed, said on stderr, and had JAX do."""
    seen, checkpoint = directory / f"{name}.json", directory / f"{name}.msgpack"
    options = ("--epochs", "1", "--checkpoint", str(checkpoint))
    done = python(*command, "watch.py", str(seen), "train_digits.py", *options, **environ)
    assert done.returncode == 0, done.stderr.decode()
    results = {"printed": json.loads(done.stdout), "weights": checkpoint.read_bytes(), "said": done.stderr.decode()}
    return results | json.loads(seen.read_text())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    directory = tmp_path_factory.mktemp("training")
    run = ("-m", "jitserve", "run")
    environ = {"JITSERVE_DIR": str(empty_store(directory / "store")), "JITSERVE_ADDRESS": "none"}
    return {
        "plain": start(directory, "plain"),
        "first": start(directory, "first", *run, **environ),
        "second": start(directory, "second", *run, **environ, PYTHONHASHSEED="5"),
    }


@pytest.mark.parametrize("which", ["first", "second"])
def test_results_are_those_of_plain_python_to_the_last_bit(which: str, runs: dict[str, Run]) -> None:
    assert runs[which]["printed"] == runs["plain"]["printed"]
    assert runs[which]["weights"] == runs["plain"]["weights"]


@pytest.mark.parametrize("step", STEPS)
def test_second_start_neither_traces_nor_compiles_the_steps(step: str, runs: dict[str, Run]) -> None:
    assert step in runs["plain"]["traced"]
    assert step in runs["first"]["traced"]
    assert step not in runs["second"]["traced"]
    assert f"jit({step})" not in runs["second"]["compiled"]


def test_second_start_takes_nine_of_ten_compilations_from_the_store(runs: dict[str, Run]) -> None:
    needed = len(runs["plain"]["compiled"])
    # JAX reports what it takes from its cache as compiled too.
    compiled = len(runs["second"]["compiled"]) - runs["second"]["served"]
    assert needed > 50
    assert compiled <= needed / 10


def test_summary_says_so(runs: dict[str, Run]) -> None:
    assert runs["first"]["said"].splitlines()[-1].startswith("jitserve: ")
    assert " misses" not in runs["second"]["said"].splitlines()[-1]
    assert "jitserve: " not in runs["plain"]["said"]
