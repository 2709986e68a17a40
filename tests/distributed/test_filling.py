"""Jobs of two and of four processes: plain, with an empty store, with a filled one, with one that others filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.distributed.conftest import Job, Results

pytestmark = pytest.mark.timeout(240)
TOGETHER = ("all_sum", "train_step", "made_by_option", "captured_mesh")
CALLS = (*TOGETHER, "local", "hidden_mesh")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, job_in: Callable[..., Job]) -> Job:
    return job_in(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def plain(job: Job) -> Results:
    return job(2, *(f"plain {name}" for name in CALLS), devices=2)


@pytest.fixture(scope="module")
def cold(job: Job) -> Results:
    return job(2, *(f"jit {name}" for name in CALLS), devices=2)


@pytest.fixture(scope="module")
def warm(job: Job, cold: Results) -> Results:
    return job(2, *(f"jit {name}" for name in CALLS), devices=2)


@pytest.fixture(scope="module")
def four_processes(job: Job, warm: Results) -> tuple[Results, Results]:
    """A job of another size on the same store, with as many devices in all; and the same again."""
    steps = [f"jit {name}" for name in TOGETHER]
    return job(4, *steps), job(4, *steps)


def values(results: Results, step: str) -> list[Any]:
    return [result[step]["values"] for result in results]


@pytest.mark.parametrize("name", CALLS)
def test_every_process_gets_what_plain_jax_gives_when_the_store_is_empty(
    name: str, plain: Results, cold: Results
) -> None:
    assert values(cold, f"jit {name}") == values(plain, f"plain {name}")


@pytest.mark.parametrize("name", [*TOGETHER, "local"])
def test_every_process_compiles_once_when_the_store_is_empty(name: str, cold: Results) -> None:
    for result in cold:
        stats = result[f"jit {name}"]["stats"]
        assert (stats["misses"], stats["direct_hits"], stats["bypasses"], stats["faults"]) == (1, 0, [], [])


@pytest.mark.parametrize("name", CALLS)
def test_every_process_gets_what_plain_jax_gives_when_the_store_is_filled(
    name: str, plain: Results, warm: Results
) -> None:
    assert values(warm, f"jit {name}") == values(plain, f"plain {name}")


@pytest.mark.parametrize("name", [*TOGETHER, "local"])
def test_every_process_hits_without_trace_lowering_or_compilation_when_the_store_is_filled(
    name: str, warm: Results
) -> None:
    for result in warm:
        stats = result[f"jit {name}"]["stats"]
        assert (stats["direct_hits"], stats["misses"], stats["bypasses"], stats["faults"]) == (1, 0, [], [])
        assert result[f"jit {name}"]["events"] == []


def test_program_whose_processes_show_only_in_the_trace_is_left_to_jax(cold: Results, warm: Results) -> None:
    for result in [*cold, *warm]:
        assert result["jit hidden_mesh"]["stats"]["bypasses"] == ["multi_process"]
        assert result["jit hidden_mesh"]["stats"]["direct_hits"] == 0


@pytest.mark.parametrize("name", TOGETHER)
def test_job_of_another_size_finds_nothing_of_the_first_and_then_its_own(
    name: str, four_processes: tuple[Results, Results]
) -> None:
    first, second = four_processes
    assert [result[f"jit {name}"]["stats"]["misses"] for result in first] == [1] * 4
    assert [result[f"jit {name}"]["stats"]["direct_hits"] for result in second] == [1] * 4
    assert [result[f"jit {name}"]["events"] for result in second] == [[]] * 4
    assert values(second, f"jit {name}") == values(first, f"jit {name}")
