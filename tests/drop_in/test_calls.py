"""The same call in a process without jitserve, in one that fills the store, and in one that finds it filled."""

from __future__ import annotations

from typing import Any

import pytest

# The names only: the programs themselves want eight devices, which the children have.
from tests.drop_in import names

Results = dict[str, Any]


def visible(result: dict[str, Any]) -> dict[str, Any]:
    """What a user can see of a call."""
    return {key: value for key, value in result.items() if key not in ("events", "stats")}


@pytest.mark.parametrize("name", names.DIRECT)
def test_call_made_cold_gives_what_plain_jax_gives(name: str, plain: Results, cold: Results) -> None:
    assert "error" not in plain[name]
    assert visible(cold[name]) == visible(plain[name])


@pytest.mark.parametrize("name", names.DIRECT)
def test_call_made_warm_gives_what_plain_jax_gives(name: str, plain: Results, warm: Results) -> None:
    assert visible(warm[name]) == visible(plain[name])


@pytest.mark.parametrize("name", names.DIRECT)
def test_call_made_warm_neither_traces_nor_lowers_nor_compiles(name: str, warm: Results) -> None:
    assert warm[name]["stats"]["bypasses"] == {}
    assert warm[name]["stats"]["direct_hits"] == 1
    assert warm[name]["events"] == []
    assert warm[name]["stats"]["faults"] == {}


@pytest.mark.parametrize(("name", "reason"), names.BYPASSED.items())
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_call_that_cannot_be_stored_is_left_to_jax_with_its_reason(
    name: str, reason: str, state: str, plain: Results, request: pytest.FixtureRequest
) -> None:
    results = request.getfixturevalue(state)
    assert visible(results[name]) == visible(plain[name])
    assert reason in results[name]["stats"]["bypasses"]
    assert results[name]["stats"]["direct_hits"] == 0


@pytest.mark.parametrize("name", names.FAILING)
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_error_of_the_user_is_raised_as_plain_jax_raises_it(
    name: str, state: str, plain: Results, request: pytest.FixtureRequest
) -> None:
    results = request.getfixturevalue(state)
    assert "error" in plain[name]
    assert visible(results[name]) == visible(plain[name])
    # Only what executing raises comes after a hit.
    assert results[name]["stats"]["direct_hits"] == int(name == "deleted argument" and state == "warm")


def test_every_lookup_has_exactly_one_outcome(cold: Results, warm: Results) -> None:
    for stats in (cold["stats"], warm["stats"]):
        outcomes = ("direct_hits", "program_hits", "lowered_hits", "misses", "faulted")
        assert stats["lookups"] == sum(stats[name] for name in outcomes) + sum(stats["bypasses"].values())
        assert stats["faults"] == {}


def test_everything_that_can_be_stored_is_published_once(cold: Results, warm: Results) -> None:
    # And the call with the deleted argument: it is compiled, and then raises, so that it has no outcome.
    assert cold["stats"]["published"] == cold["stats"]["misses"] + cold["stats"]["lowered_hits"] + 1
    assert warm["stats"]["published"] == 0


def test_table_of_names_is_that_of_the_programs(plain: Results) -> None:
    assert set(plain) == {*names.DIRECT, *names.BYPASSED, *names.FAILING}
