"""Category D of the catalogue: static arguments and auxiliary data. JAX's own equality is too weak for a key."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import math
import pathlib
import struct
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walked_program import digest_of_value, load

from jitserve import fingerprint
from jitserve._outcome import BypassReason, Refusal


@dataclasses.dataclass(frozen=True)
class Point:
    x: float


class Number(enum.IntEnum):
    ONE = 1


class Plain(enum.Enum):
    ONE = 1


class Text(str):
    pass


_PAIRWISE_DIFFERENT = {
    "D90-numbers": (1, True, 1.0, np.int64(1), np.int32(1), np.float32(1), 1 + 0j),
    "D91-tuples": ((1,), (True,), (1.0,), [1], (1, 1), ((1,),)),
    "D91-dataclasses": (Point(1), Point(1.0), Point(True)),
    "D94-texts": ("a", b"a", Text("a"), bytearray(b"a")),
    "D95-enums": (Number.ONE, 1, Plain.ONE, "ONE"),
    "D101-dtypes": tuple(
        np.dtype(text)
        for text in ("<f4", ">f4", "<i4", "<u4", "V4", [("a", "<i2"), ("b", "<i2")], [("b", "<i2"), ("a", "<i2")])
    ),
    "D103-dict-order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "D106-paths": (pathlib.PurePosixPath("a"), pathlib.Path("a"), pathlib.Path("b"), "a"),
    "D106-times": (
        datetime.date(2020, 1, 1),
        datetime.datetime(2020, 1, 1),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2020, 1, 1, fold=1),
        datetime.timedelta(1),
    ),
    "D106-decimals": (decimal.Decimal("1"), decimal.Decimal("1.0"), fractions.Fraction(1), 1),
    "D109-large-integers": (2**70, 2**70 + 1, -(2**70)),
    "D-ranges": (range(3), range(0, 3, 2), slice(3), slice(0, 3), (0, 3, 1)),
    "D-signed-zeros": (0.0, -0.0, 0j, -0j),
    "D-nothing": (None, ..., NotImplemented, (), [], {}, "", b"", set(), frozenset()),
    "D-empty-arrays": (np.zeros((0, 2)), np.zeros((2, 0)), np.zeros(0, "i4")),
    "D-trees": tuple(
        map(
            jax.tree.structure,
            ((1, 2), [1, 2], (1, None), {"a": 1, "b": 2}, {"a": 1, 1.0: 2} if False else {"c": 1, "b": 2}),
        )
    ),
}


@pytest.mark.parametrize("name", _PAIRWISE_DIFFERENT)
def test_static_values_that_are_not_the_same_differ(name: str) -> None:
    digests = [digest_of_value(value) for value in _PAIRWISE_DIFFERENT[name]]
    assert len(set(digests)) == len(digests)


def test_static_nan_of_the_same_bits_agrees_D93() -> None:
    payload = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]
    assert digest_of_value(math.nan) == digest_of_value(float("nan"))
    assert digest_of_value(payload) != digest_of_value(math.nan)


def test_static_value_of_equal_fields_agrees() -> None:
    assert digest_of_value(Point(1.5)) == digest_of_value(Point(float("1.5")))


def test_static_function_counts_by_its_body_and_closure_D98() -> None:
    sources = (
        "f = lambda x: x",
        "f = lambda x: -x",
        "def m(k): return lambda x: x * k\nf = m(1)",
        "def m(k): return lambda x: x * k\nf = m(2)",
    )
    digests = {digest_of_value(load(source)["f"]) for source in sources}
    assert len(digests) == len(sources)


def test_static_bound_method_counts_by_its_object_D99() -> None:
    source = "class C:\n def g(self, x): return x * self.k\nc = C(); c.k = {}"
    assert digest_of_value(load(source.format(1))["c"].g) != digest_of_value(load(source.format(2))["c"].g)


def test_auxiliary_data_counts_by_its_type_D110() -> None:
    source = (
        "@jax.tree_util.register_pytree_node_class\nclass N:\n def __init__(s, a): s.a = a\n"
        " def tree_flatten(s): return (), s.a\n @classmethod\n def tree_unflatten(c, a, _): return c(a)\n"
    )
    namespace = load(source)
    trees = [jax.tree.structure(namespace["N"](aux)) for aux in (1, 1.0, True)]
    assert len({digest_of_value(tree) for tree in trees}) == 3


def test_static_set_is_accepted_for_membership_and_refused_when_its_order_can_be_seen_D102() -> None:
    modes = frozenset(("a", "b"))
    membership = load("def f(x, modes): return x if 'a' in modes else -x")["f"]
    iteration = load("def f(x, modes): return [x for mode in modes]")["f"]
    assert fingerprint.walk(membership, [("static argument modes", modes)]).digest
    with pytest.raises(Refusal) as caught:
        fingerprint.walk(iteration, [("static argument modes", modes)])
    assert caught.value.reason is BypassReason.HASH_ORDER


def test_static_object_of_an_extension_is_refused_D107() -> None:
    with pytest.raises(Refusal) as caught:
        digest_of_value(memoryview(bytearray(b"a")))
    assert caught.value.reason is BypassReason.UNKNOWN_OBJECT


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


def _spelled(value: Any) -> Any:
    """A value in a form that equals another one if and only if the two are the same, types and bits included."""
    kind = type(value)
    if kind is float:
        return kind.__name__, struct.pack("<d", value)
    if kind is complex:
        return kind.__name__, struct.pack("<dd", value.real, value.imag)
    if kind in (list, tuple):
        return kind.__name__, tuple(map(_spelled, value))
    if kind is dict:
        return kind.__name__, tuple((_spelled(key), _spelled(item)) for key, item in value.items())
    if kind is frozenset:
        return kind.__name__, tuple(sorted(value))
    return kind.__name__, value


@given(left=_VALUES, right=_VALUES)
def test_digests_are_equal_if_and_only_if_the_values_are_the_same(left: Any, right: Any) -> None:
    assert (digest_of_value(left) == digest_of_value(right)) is (_spelled(left) == _spelled(right))


@given(values=st.lists(_VALUES, min_size=2, max_size=4))
def test_how_values_are_grouped_is_part_of_the_digest(values: list[Any]) -> None:
    for position in range(1, len(values)):
        split = (tuple(values[:position]), tuple(values[position:]))
        assert digest_of_value(split) != digest_of_value(tuple(values))


def test_order_of_insertion_into_a_set_does_not_matter() -> None:
    digests = {digest_of_value(frozenset(order)) for order in itertools.permutations((1, 2.5, 3 + 1j))}
    assert len(digests) == 1
