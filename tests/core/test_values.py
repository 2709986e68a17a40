"""Comparing values without asking any object: what is the same has the same digest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitserve import _core

_CONSTANTS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=2), st.binary(max_size=2))
_VALUES = st.recursive(_CONSTANTS, lambda inner: st.lists(inner, max_size=3).map(tuple))


def _with_types(value: Any) -> object:
    return tuple(map(_with_types, value)) if type(value) is tuple else (type(value).__name__, value)


@given(_VALUES, _VALUES)
def test_values_are_the_same_if_they_are_equal_and_of_the_same_types_at_every_depth(value: Any, other: Any) -> None:
    assert _core.is_same(value, other) == (_with_types(value) == _with_types(other))


@given(_VALUES)
def test_copies_of_constants_and_tuples_are_the_same(value: Any) -> None:
    assert _core.is_same(value, eval(repr(value)))


def test_an_object_is_the_same_as_itself_only_and_is_not_asked() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("it is asked")

        __hash__ = None  # type: ignore[assignment]

    one, other = Hostile(), Hostile()
    assert _core.is_same((1, one), (1, one))
    assert not _core.is_same((1, one), (1, other))


@pytest.mark.parametrize("kind", [str, int, bytes, tuple])
def test_values_of_subclasses_are_not_the_same_since_their_comparison_is_the_users(kind: type) -> None:
    subclass = type("Sub", (kind,), {"__eq__": lambda self, other: True, "__hash__": None})
    assert not _core.is_same((subclass(),), (subclass(),))
    assert not _core.is_same((subclass(),), (kind(),))


def test_zeros_of_either_sign_and_other_floats_are_not_the_same() -> None:
    assert not _core.is_same((0.0,), (-0.0,))
    assert not _core.is_same((float("1.5"),), (float("1.5"),))


def test_tuples_that_are_nested_too_deeply_differ_instead_of_ending_the_process() -> None:
    left: tuple[Any, ...] = ()
    right: tuple[Any, ...] = ()
    for _ in range(100_000):
        left, right = (left,), (right,)
    assert not _core.is_same(left, right)
