"""Sentences about ingredients that differ."""

from __future__ import annotations

import pytest

from jitserve._difference import comparable, count_equal, differences
from jitserve._ingredient import Ingredient as I

OLD, NEW = b"o" * 32, b"n" * 32

_SENTENCES = {
    "other contents of the same files": (
        I("toolchain.jaxlib", OLD, "107 files in /site/jaxlib", "environment"),
        I("toolchain.jaxlib", NEW, "107 files in /site/jaxlib", "environment"),
        "jaxlib changed",
    ),
    "another number of files": (
        I("toolchain.jaxlib", OLD, "107 files", "environment"),
        I("toolchain.jaxlib", NEW, "108 files", "environment"),
        "jaxlib changed: 107 files -> 108 files",
    ),
    "a part of the process's state": (
        I("numpy.getbufsize", b"", "8192", "state"),
        I("numpy.getbufsize", b"", "16", "state"),
        "process state numpy.getbufsize: 8192 -> 16",
    ),
    "a flag's value": (
        I("XLA_FLAGS --xla_a", b"", "1", "flag"),
        I("XLA_FLAGS --xla_a", b"", "2", "flag"),
        "XLA_FLAGS changed: --xla_a=1 -> 2",
    ),
    "options of XLA": (
        I("XLA options", OLD, "as XLA read its flags", "environment"),
        I("XLA options", NEW, "as XLA read its flags", "environment"),
        "XLA options changed",
    ),
    "a library": (
        I("code of library `flax.linen.linear`", OLD, "9 parts", "library"),
        I("code of library `flax.linen.linear`", NEW, "9 parts", "library"),
        "code of library `flax.linen.linear` changed",
    ),
    "an array's contents": (
        I("closure value `w` of `f`", OLD, "float32[100] array", "value"),
        I("closure value `w` of `f`", NEW, "float32[100] array", "value"),
        "closure value `w` of `f` changed (float32[100] array)",
    ),
    "where an argument lives": (
        I("`x`", b"", "float32[8]", "argument", ("on cpu:0",)),
        I("`x`", b"", "float32[8]", "argument", ("committed to cpu:0",)),
        "argument `x`: on cpu:0 -> committed to cpu:0",
    ),
    "several constants": (
        I("m.f", OLD, "helper", "function", ("constant 1", "constant 2", "name jnp.sin")),
        I("m.f", NEW, "helper", "function", ("constant 3", "constant 2", "constant 4", "name jnp.sin")),
        "helper `m.f` changed: constant 1 -> 3, constant 4 is new",
    ),
    "operators": (
        I("m.f", OLD, "helper", "function", ("constant 1", "operator +", "operator *", "operator +")),
        I("m.f", NEW, "helper", "function", ("constant 1", "operator +", "operator *", "operator -")),
        "helper `m.f` changed: operator + -> -",
    ),
    "attributes": (
        I("m.f", OLD, "helper", "function", ("attribute mean", "operator +")),
        I("m.f", NEW, "helper", "function", ("attribute sum", "operator +")),
        "helper `m.f` changed: attribute mean -> sum",
    ),
    "a constant beside operators": (
        I("m.f", OLD, "helper", "function", ("operator +",)),
        I("m.f", NEW, "helper", "function", ("constant 1", "operator +", "operator +")),
        "helper `m.f` changed: constant 1 is new",
    ),
    "only instructions": (
        I("m.f", OLD, "helper", "function", ("constant 1",)),
        I("m.f", NEW, "helper", "function", ("constant 1",)),
        "helper `m.f` changed",
    ),
}


@pytest.mark.parametrize("case", _SENTENCES)
def test_difference_is_written_as_a_sentence(case: str) -> None:
    old, new, sentence = _SENTENCES[case]
    assert differences([new], [old]) == [sentence]


def test_new_and_missing_ingredients_are_named() -> None:
    value = I("global `K` of `m.f`", b"", "3", "value")
    flag = I("XLA_FLAGS --xla_a", b"", "1", "flag")
    assert differences([value, flag], []) == ["XLA_FLAGS changed: now has --xla_a=1", "global `K` of `m.f`: new, 3"]
    assert differences([], [value]) == ["global `K` of `m.f`: gone, was 3"]


def test_part_of_the_state_that_another_jitserve_did_not_note_is_no_difference() -> None:
    state = I("numpy.getbufsize", b"", "8192", "state")
    assert differences([state], []) == differences([], [state]) == []


def test_causes_come_before_consequences() -> None:
    kinds = ["library", "value", "function", "argument", "config", "environment"]
    now, stored = ([I(kind, digest, kind, kind) for kind in kinds] for digest in (NEW, OLD))
    assert [line.split()[0] for line in differences(now, stored)] == [
        "environment",
        "config",
        "argument",
        "function",
        "value",
        "library",
    ]


def test_equal_ingredients_are_counted_by_digest_or_else_by_text() -> None:
    same = [I("a", OLD, "shown one way", "value"), I("b", b"", "3", "value"), I("c", b"", "3", "static")]
    other = [I("a", OLD, "shown another way", "value"), I("b", b"", "4", "value"), I("c", b"", "3", "static")]
    assert count_equal(same, other) == 2


def test_what_a_cut_record_does_not_hold_is_not_called_new() -> None:
    stored = [I("a", OLD, "", "value"), I("b", OLD, "", "value")]
    now = [I("a", NEW, "", "value"), I("added", NEW, "", "value"), I("b", OLD, "", "value"), I("c", OLD, "", "value")]
    assert comparable(now, stored) == now[:3]
    assert comparable([I("z", NEW, "", "value")], stored) == []
