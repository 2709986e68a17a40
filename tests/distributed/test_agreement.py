"""Processes that do not find the same, or do not come at the same time, still do the same; and nobody hangs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.distributed.conftest import Job, Results

pytestmark = pytest.mark.timeout(240)
CALL = "jit all_sum"
HIT = {"direct_hits": 1, "misses": 0}
MISS = {"direct_hits": 0, "misses": 1}


def outcomes(results: Results, step: str = CALL) -> list[dict[str, int]]:
    return [{name: result[step]["stats"][name] for name in HIT} for result in results]


def faults(results: Results, step: str = CALL) -> list[Any]:
    return [result[step]["stats"]["faults"] + result[step]["stats"]["bypasses"] for result in results]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, job_in: Callable[..., Job]) -> Path:
    """A directory with one store for each of two processes, filled by one job."""
    directory = tmp_path_factory.mktemp("filled")
    job_in(directory, shared=False)(2, CALL, "jit local", "jit refused_in_one")
    return directory


@pytest.fixture
def job(filled: Path, tmp_path: Path, job_in: Callable[..., Job]) -> Job:
    """A job on a copy of these stores."""
    directory = tmp_path / "stores"
    shutil.copytree(filled, directory)
    return job_in(directory, shared=False)


def test_entry_missing_in_one_process_has_all_compile_and_all_hit_the_next_time(job: Job) -> None:
    shutil.rmtree(job.store(1))
    second = job(2, CALL)
    assert outcomes(second) == [MISS, MISS]
    assert outcomes(job(2, CALL)) == [HIT, HIT]


def test_entries_that_were_not_made_together_are_not_loaded_together(job: Job, tmp_path: Path) -> None:
    first = tmp_path / "first"
    job.store(1).rename(first)
    job(2, CALL)
    shutil.rmtree(job.store(1))
    first.rename(job.store(1))
    results = job(2, CALL)
    assert outcomes(results) == [MISS, MISS]
    assert faults(results) == [[], []]


def test_damaged_entry_of_one_process_has_all_compile(job: Job) -> None:
    for blob in (job.store(0) / "blobs").rglob("*-*"):
        blob.write_bytes(bytes(blob.stat().st_size))
    assert outcomes(job(2, CALL)) == [MISS, MISS]


def test_process_that_comes_late_loads_as_the_one_that_waited_for_it_does(job: Job) -> None:
    results = job(2, ["jit local", "await ready"], CALL)
    assert outcomes(results) == [HIT, HIT]
    assert faults(results) == [[], []]


def test_process_that_comes_too_late_compiles_as_those_who_gave_up_on_it_do(job: Job) -> None:
    results = job(2, ["jit local", "await decision"], CALL, JITSERVE_AGREEMENT_TIMEOUT="0.5")
    assert outcomes(results) == [MISS, MISS]
    assert faults(results) == [[], []]


def test_process_that_never_takes_part_is_given_up_on(job: Job) -> None:
    results = job(2, [CALL, "plain all_sum"], JITSERVE_AGREEMENT_TIMEOUT="0.5")
    assert outcomes(results[:1]) == [MISS]
    assert results[0][CALL]["values"][0][1:] == results[1]["plain all_sum"]["values"][0][1:]


def test_function_refused_in_one_process_makes_no_other_process_wait(job: Job) -> None:
    step = "jit refused_in_one"
    results = job(2, step)
    assert results[0][step]["stats"]["bypasses"] == ["generator_state"]
    assert results[1][step]["stats"]["direct_hits"] == 0
    assert results[1][step]["values"] == results[0][step]["values"]


def test_process_whose_store_cannot_be_used_makes_no_other_process_wait(job: Job) -> None:
    shutil.rmtree(job.store(0))
    job.store(0).write_text("a file where the directory should be")
    results = job(2, CALL)
    assert outcomes(results) == [{"direct_hits": 0, "misses": 0}] * 2
    assert results[1][CALL]["stats"]["bypasses"] == ["multi_process"]


def test_precompiled_call_is_found_by_a_later_job(tmp_path: Path, job_in: Callable[..., Job]) -> None:
    job = job_in(tmp_path)
    assert [result["precompile train_step"]["outcome"] for result in job(2, "precompile train_step")] == ["miss"] * 2
    assert outcomes(job(2, "jit train_step"), "jit train_step") == [HIT, HIT]
