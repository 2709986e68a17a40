"""The record of ingredients: bounded, and readable again."""

from __future__ import annotations

import pytest

from jitserve._errors import RecordError
from jitserve._footprint import WHOLE
from jitserve._ingredient import Ingredient
from jitserve.record._ingredients import LIMIT, Recorded, decode_ingredients, encode_ingredients


def test_ingredients_come_back_as_they_were() -> None:
    parts = [
        Ingredient("jax_enable_x64", b"", "False", "config"),
        Ingredient("net.norm", b"\x01" * 32, "helper", "function", ("constant 1", "name jnp.sin")),
    ]
    assert decode_ingredients(encode_ingredients("net.step", parts)) == Recorded(parts, 0, WHOLE)


def test_record_is_cut_at_its_limit_and_says_how_much_is_missing() -> None:
    parts = [Ingredient(f"global `K{i}` of `f`", b"\x01" * 32, "x" * 100, "value") for i in range(10_000)]
    data = encode_ingredients("f", parts)
    recorded = decode_ingredients(data)
    kept, left_out = recorded.ingredients, recorded.left_out
    assert 0.9 * LIMIT < len(data) <= LIMIT
    assert kept == parts[: len(kept)]
    assert len(kept) + left_out == len(parts)


def test_text_that_is_no_unicode_is_kept_readable() -> None:
    parts = decode_ingredients(encode_ingredients("f", [Ingredient("a", b"", "'\udc80'", "static")])).ingredients
    assert parts[0].text == "'?'"


@pytest.mark.parametrize("data", [b"\xff", b"", b"\x08\x63"])
def test_what_is_no_record_of_ingredients_is_refused(data: bytes) -> None:
    with pytest.raises(RecordError):
        decode_ingredients(data)
