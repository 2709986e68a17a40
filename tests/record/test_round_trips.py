"""Records give back what they were given, with exact types, and refuse what they cannot give back."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, NamedSharding, PartitionSpec, SingleDeviceSharding

from jitserve import _jax, fingerprint
from jitserve._errors import RecordError
from jitserve.record import _avals, _manifest, _places, _programs, _rebindings, _trees
from jitserve.record._plain import Unencodable
from jitserve.record._values import Scope, decode_value, encode_value
from jitserve.v1 import record_pb2 as pb

P = PartitionSpec
DEVICES = _jax.devices_by_id(None)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Config:
    width: int
    name: str


@dataclasses.dataclass
class WithMore:
    width: int


class Flags(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Items(list):  # type: ignore[type-arg]
    width: int = 2


class Attributed(tuple):  # type: ignore[type-arg]
    _fields = ()


class Plain:
    pass


def a_function(x: Any) -> Any:
    return x


def scope(*walked: object) -> Scope:
    walk = fingerprint.walk(None, [(f"object {i}", obj) for i, obj in enumerate(walked)])
    return Scope(walk=walk, class_digest=lambda cls: fingerprint.walk(cls).digest, devices=DEVICES)


def round_trip(value: Any, *walked: object) -> Any:
    context = scope(*walked)
    message = pb.Value()
    message.ParseFromString(encode_value(value, context, "value").SerializeToString())
    return decode_value(message, context.afresh())


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from True and 0.0 from -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        equal = left == right or (math.isnan(left) and math.isnan(right))
        return equal and math.copysign(1, left) == math.copysign(1, right)
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    return bool(left == right)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters()),
    st.binary(),
    st.just(Ellipsis),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=4), inner, max_size=4),
        st.tuples(inner, inner).map(lambda pair: Point(*pair)),
    ),
    max_leaves=12,
)


@given(values)
@settings(max_examples=200, deadline=None)
def test_value_comes_back_with_its_exact_type(value: Any) -> None:
    assert same(round_trip(value), value)


@pytest.mark.parametrize(
    "value",
    [
        Colour.BLUE,
        Config(3, "a"),
        np.dtype("float32"),
        jnp.dtype("bfloat16"),
        pytest.param(frozenset({"a", "b"}), id="frozenset"),  # its text has no order
        jax.tree.structure({"a": [1, None]}),
        P("x", None, ("y", "z")),
        int,
        collections.OrderedDict,
    ],
    ids=str,
)
def test_value_of_a_known_kind_comes_back_equal(value: Any) -> None:
    again = round_trip(value)
    assert type(again) is type(value)
    assert again == value


def test_lone_surrogates_come_back() -> None:
    assert round_trip("\ud800x") == "\ud800x"


@pytest.mark.parametrize(
    "value", [Plain(), a_function, lambda: 0, object(), np.ones(3)], ids=lambda value: type(value).__name__
)
def test_value_without_a_safe_encoding_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises(Unencodable, match=r"value\[1\]"):
        encode_value((1, value), scope(), "value")


def test_dataclass_with_more_than_its_fields_is_refused() -> None:
    value = WithMore(1)
    value.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(Unencodable):
        encode_value(value, scope(), "value")


def _attributed() -> Any:
    value = Attributed()
    value.extra = 2
    return value


@pytest.mark.parametrize(
    "value",
    [
        Flags.A | Flags.B,
        Items([1]),
        _attributed(),
        np.dtype("f4", metadata={"k": 2}),
        np.dtype(("f4", (2,))),
        pytest.param(functools.reduce(lambda inner, _: [inner], range(60), []), id="deep"),
        pytest.param(frozenset({Config(1, "a"), Config(2, "a")}), id="frozenset"),  # numbered in an order of its own
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_could_not_be_given_back_exactly_is_refused(value: Any) -> None:
    with pytest.raises(Unencodable):
        encode_value(value, scope(), "value")


@pytest.mark.parametrize("shared", [[1], {"a": 1}, Config(1, "a"), math.nan], ids=lambda value: type(value).__name__)
def test_shared_values_stay_shared_and_others_apart(shared: Any) -> None:
    first, (second,), third = round_trip((shared, [shared], copy.deepcopy(shared)))
    assert first is second
    assert (third is first) == (shared is math.nan)  # a copy of a number is the number


def test_cycle_comes_back_as_one() -> None:
    cycle: list[Any] = [{}]
    cycle[0]["again"] = cycle
    again = round_trip(cycle)
    assert again[0]["again"] is again


@pytest.mark.parametrize("walked", [a_function, Plain(), [1, 2]], ids=["function", "instance", "list"])
def test_object_of_the_call_comes_back_as_itself(walked: Any) -> None:
    assert round_trip((walked, 1), walked)[0] is walked


def test_class_of_this_process_with_another_content_is_not_taken_for_the_one_that_was_stored() -> None:
    context = scope()
    message = encode_value(Config(1, "a"), context, "value")
    changed = Scope(walk=context.walk, class_digest=lambda cls: b"\1" * 32, devices=DEVICES)
    with pytest.raises(RecordError, match="has changed"):
        decode_value(message, changed)


def test_class_that_is_not_loaded_here_is_not_imported() -> None:
    message = pb.Value(class_ref=pb.ClassRef(module="this.is.not.loaded", qualname="C", digest=b"\0" * 32))
    with pytest.raises(RecordError, match=r"this\.is\.not\.loaded\.C is not loaded"):
        decode_value(message, scope())


def test_index_beyond_the_walk_is_an_error() -> None:
    with pytest.raises(RecordError, match="object 7 of a walk"):
        decode_value(pb.Value(walked=7), scope())


TREES = [
    1,
    None,
    (),
    (1, [2, {"a": None, "b": (3,)}]),
    Point(1, [2]),
    collections.OrderedDict(b=1, a=2),
    collections.defaultdict(list, a=1),
    {1: 2, 3: 4},
    {("t", 1): 2},
]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_tree_comes_back_equal(tree: Any) -> None:
    structure = jax.tree.structure(tree)
    again = _trees.decode_tree(_trees.encode_tree(structure, scope()), scope())
    assert again == structure
    leaves = list(range(structure.num_leaves))
    assert same(jax.tree.unflatten(again, leaves), jax.tree.unflatten(structure, leaves))


@pytest.mark.parametrize(
    "nodes",
    [[], [pb.Node(), pb.Node()], [pb.Node(kind=pb.Node.TUPLE, arity=1)]],
    ids=["no root", "two roots", "missing child"],
)
def test_message_that_is_no_tree_is_an_error(nodes: list[pb.Node]) -> None:
    with pytest.raises(RecordError):
        _trees.decode_tree(pb.Tree(nodes=nodes), scope())


MESH = jax.make_mesh((1, 1), ("x", "y"))
AUTO = jax.make_mesh((1, 1), ("x", "y"), axis_types=(AxisType.Auto, AxisType.Auto))


@pytest.mark.parametrize(
    "sharding",
    [
        SingleDeviceSharding(jax.devices()[0]),
        SingleDeviceSharding(jax.devices()[0], memory_kind="unpinned_host"),
        NamedSharding(MESH, P("x", None)),
        NamedSharding(AUTO, P(("x", "y"))),
        NamedSharding(AUTO, P(P.UNCONSTRAINED, "y"), memory_kind="device"),
        NamedSharding(MESH.abstract_mesh, P("x")),
    ],
    ids=str,
)
def test_sharding_comes_back_equal(sharding: Any) -> None:
    again = _places.decode_sharding(_places.encode_sharding(sharding), DEVICES)
    assert again == sharding
    assert again.memory_kind == sharding.memory_kind
    assert getattr(again, "mesh", None) == getattr(sharding, "mesh", None)


def test_device_that_is_not_here_is_an_error_that_names_it() -> None:
    message = pb.Sharding(single_device=pb.SingleDevice(device_id=77))
    with pytest.raises(RecordError, match="device 77 is not here"):
        _places.decode_sharding(message, DEVICES)


@pytest.mark.parametrize(
    "value",
    [
        1,
        2.0,
        np.float32(1),
        np.ones((2, 3), np.int8),
        jnp.ones(3, jnp.bfloat16),
        jax.random.key(0),
        jax.random.key(0, impl="rbg"),
        jnp.zeros((0, 2), bool),
        jax.device_put(jnp.ones((2, 2)), NamedSharding(MESH, P("x"))),
    ],
    ids=repr,
)
def test_abstract_value_comes_back_as_the_very_same(value: Any) -> None:
    aval = _jax.leaf_aval(value)
    assert _avals.decode_aval(_avals.encode_aval(aval), DEVICES) is aval  # JAX interns them


def test_element_type_that_is_not_known_here_is_an_error() -> None:
    for name in ("key<nobody's>", "float77"):
        with pytest.raises(RecordError, match="is not known here"):
            _avals.decode_aval(pb.Aval(dtype=name, memory_space="Device"), DEVICES)


def variant(*dependencies: str, key: bytes = b"k") -> pb.Variant:
    items = [pb.Dependency(kind="environment", name=name, digest=b"d") for name in dependencies]
    return pb.Variant(program_key=key, dependencies=items)


def test_first_variant_with_given_dependencies_wins() -> None:
    first = _manifest.new_manifest(variant("A", key=b"1"))
    merged = _manifest.merge(first, _manifest.new_manifest(variant("A", key=b"2")))
    assert [item.program_key for item in _manifest.read_manifest(merged).variants] == [b"1"]


def test_variants_with_other_dependencies_are_kept_side_by_side_up_to_a_bound() -> None:
    merged: bytes | None = None
    for number in range(_manifest.MAX_VARIANTS + 3):
        merged = _manifest.merge(merged, _manifest.new_manifest(variant(f"V{number}")))
    assert merged is not None
    names = [item.dependencies[0].name for item in _manifest.read_manifest(merged).variants]
    assert names == [f"V{number}" for number in range(3, _manifest.MAX_VARIANTS + 3)]


@pytest.mark.parametrize("payload", [b"\xff\xff", pb.Manifest(schema=99).SerializeToString()], ids=["junk", "schema"])
def test_manifest_that_cannot_be_read_is_an_error_and_is_replaced_on_publishing(payload: bytes) -> None:
    with pytest.raises(RecordError):
        _manifest.read_manifest(payload)
    new = _manifest.new_manifest(variant())
    assert _manifest.merge(payload, new) == new


def test_program_of_another_schema_is_an_error() -> None:
    with pytest.raises(RecordError, match="schema 99"):
        _programs.read_program(pb.Program(schema=99).SerializeToString())


def test_refusals_are_merged_beside_the_variants() -> None:
    first = _manifest.new_manifest(variant("A", key=b"1"))
    refused = pb.Refused(dependencies=[pb.Dependency(kind="env", name="A")], reason="host_callback", path="program")
    other = pb.Refused(reason="effects")
    merged = _manifest.merge(first, _manifest.new_refused(refused))
    merged = _manifest.merge(
        merged, _manifest.new_refused(pb.Refused(dependencies=refused.dependencies, reason="refs"))
    )
    merged = _manifest.merge(merged, _manifest.new_refused(other))
    read = _manifest.read_manifest(merged)
    assert [item.program_key for item in read.variants] == [b"1"]
    assert list(read.refused) == [refused, other]


def test_rebound_variables_come_back_with_the_cells_of_this_process() -> None:
    def make() -> Any:
        first, second = 1, 2
        return lambda: (first, second)

    here, there = make(), make()
    walked = scope(here)
    number = walked.walk.index_of(here)
    assert number is not None
    rebound = [(number, 0, 1.5), (number, 1, ("a", None, True))]
    messages = _rebindings.encode_rebindings(rebound, walked)
    assert len(messages) == 2
    found = _rebindings.decode_rebindings(messages, scope(there))
    assert [(cell, value) for cell, value in found] == list(
        zip(there.__closure__, (1.5, ("a", None, True)), strict=True)
    )
    with pytest.raises(RecordError, match="no captured variable"):
        _rebindings.decode_rebindings(messages, scope("no function"))
    with pytest.raises(RecordError, match="no captured variable"):
        _rebindings.decode_rebindings(messages, scope(lambda: None))


def test_rebound_variables_are_stored_all_or_none() -> None:
    assert _rebindings.encode_rebindings([(0, 0, 1.5), (0, 1, object())], scope(lambda: None)) == []
