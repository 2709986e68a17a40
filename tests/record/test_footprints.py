"""Footprints: what is merged, what is chosen, and that a function of ever other code comes to rest."""

from __future__ import annotations

import pytest

from jitserve._errors import RecordError
from jitserve._footprint import WHOLE, Footprint
from jitserve.record._footprints import MAX_FOOTPRINTS, choose, merge, new_footprints, read_footprints

A, B = Footprint(frozenset({"m:f", "m:g"})), Footprint(frozenset({"m:f"}))


def test_record_gives_back_what_was_written_in_order() -> None:
    assert read_footprints(new_footprints([WHOLE, B, A])) == [WHOLE, B, A]


def test_merging_adds_what_is_new_and_keeps_the_newest() -> None:
    merged = merge(new_footprints([A]), new_footprints([A, B]))
    assert read_footprints(merged) == [A, B]
    many = [Footprint(frozenset({f"m:{i}"})) for i in range(MAX_FOOTPRINTS + 2)]
    stored = None
    for footprint in many:
        stored = merge(stored, new_footprints([footprint]))
    assert stored is not None
    assert read_footprints(stored) == many[-MAX_FOOTPRINTS:]


def test_damaged_record_is_replaced_and_damaged_news_are_refused() -> None:
    assert merge(b"\xff\xff", new_footprints([A])) == new_footprints([A])
    with pytest.raises(RecordError, match="not a record of footprints"):
        merge(None, b"\xff\xff")


def test_record_of_another_schema_is_refused() -> None:
    with pytest.raises(RecordError, match="schema"):
        read_footprints(b"\x08\x63")


def test_trace_is_stored_by_its_own_footprint_while_there_is_room() -> None:
    assert choose([], B) == B
    assert choose([A], B) == B
    assert choose([A], WHOLE) == WHOLE


def test_function_of_a_hundred_modes_comes_to_rest_at_footprints_that_have_them_all() -> None:
    modes = [Footprint(frozenset({"m:f", f"m:mode{i}"})) for i in range(100)]
    known: list[Footprint] = []
    for _ in range(3):
        for ran in modes:
            chosen = choose(known, ran)
            assert chosen.functions is not None
            assert ran.functions is not None
            assert chosen.functions >= ran.functions
            known = read_footprints(merge(new_footprints(known), new_footprints([chosen])))
    assert all(choose(known, ran) in known for ran in modes)


def test_digest_tells_footprints_apart_and_does_not_depend_on_order() -> None:
    assert len({A.digest(), B.digest(), WHOLE.digest(), Footprint(frozenset()).digest()}) == 4
    assert Footprint(frozenset({"m:g", "m:f"})).digest() == A.digest()
