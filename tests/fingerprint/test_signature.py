"""The signature of a call, and the trees of its arguments: what differs is told apart, what is alike is not."""

from __future__ import annotations

import collections
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src import tree_util
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

from jitserve import _jax
from jitserve._jax import describe_tree
from jitserve._outcome import BypassReason, Refusal
from jitserve._signature import signature
from jitserve.fingerprint import walk

Pair = collections.namedtuple("Pair", "left right")


def _leaves() -> dict[str, Any]:
    """One leaf of each sort, made anew."""
    device = jax.devices()[0]
    mesh = Mesh(np.array([device]), ("x",))
    array = np.arange(6, dtype=np.float32)
    return {
        "host": array,
        "host, another shape": array.reshape(2, 3),
        "host, another type": array.astype(np.int32),
        "host, another byte count": array.astype(np.float16),
        "host scalar": np.float32(1),
        "python int": 1,
        "python float": 1.0,
        "python bool": True,
        "device": jnp.asarray(array),
        "device, another shape": jnp.asarray(array.reshape(2, 3)),
        "device, another type": jnp.asarray(array.astype(np.int32)),
        "device, committed": jax.device_put(array, device),
        "device, in a mesh": jax.device_put(array, NamedSharding(mesh, PartitionSpec())),
        "device, along a mesh": jax.device_put(array, NamedSharding(mesh, PartitionSpec("x"))),
        "device, weak": jnp.asarray(2.0),
        "device, strong": jnp.asarray(2.0, jnp.float32),
        "key": jax.random.key(0),
    }


def test_signatures_of_equal_leaves_are_equal() -> None:
    again = _leaves()
    for name, leaf in _leaves().items():
        assert signature([leaf]) == signature([again[name]]), name


def test_signatures_of_leaves_of_different_sorts_differ() -> None:
    found = {name: signature([leaf]) for name, leaf in _leaves().items()}
    assert not [(a, b) for a, b in itertools.combinations(found, 2) if found[a] == found[b]]


@pytest.mark.parametrize("position", [0, 4, 9])
def test_leaf_is_told_apart_among_others(position: int) -> None:
    names = list(_leaves())
    for other in names:
        leaves = [_leaves()["device"] for _ in range(10)]
        changed = [*leaves[:position], _leaves()[other], *leaves[position + 1 :]]
        assert (signature(changed) == signature(leaves)) == (other == "device"), other


def test_order_of_leaves_counts_and_their_identity_does_not() -> None:
    leaves = [*_leaves().values(), *reversed(_leaves().values())]
    assert signature(leaves) == signature([*_leaves().values(), *reversed(_leaves().values())])
    assert signature(leaves) != signature([*_leaves().values(), *_leaves().values()])


def test_leaf_without_an_encoding_is_refused() -> None:
    structured = np.zeros(2, np.dtype([("a", np.int32)]))
    with pytest.raises(Refusal) as caught:
        signature([np.zeros(2), structured])
    assert caught.value.reason is BypassReason.UNSUPPORTED_ARGUMENT


_TREES: list[Any] = [
    1,
    None,
    (),
    [],
    {},
    (1,),
    [1],
    {"a": 1},
    {"b": 1},
    (1, 1),
    (1, (1,)),
    ((1,), 1),
    ((1, 1),),
    (1, 1, 1),
    (1, (1, 1), 1),
    ((1, 1), (1, 1)),
    (1, (1, 1, 1)),
    ((1, 1, 1), 1),
    (None, 1),
    (1, None),
    ((), 1),
    (1, ()),
    Pair(1, 1),
    Pair((1,), 1),
    {"a": 1, "b": (1, 1)},
    {"a": (1, 1), "b": 1},
]


def _digest(tree: Any) -> bytes:
    return walk(None, [("tree", describe_tree(jax.tree.structure(tree)))]).digest


def test_trees_that_differ_are_told_apart() -> None:
    digests = [_digest(tree) for tree in _TREES]
    assert [_digest(jax.tree.map(lambda _: 2, tree)) for tree in _TREES] == digests
    assert len(set(digests)) == len(_TREES)


def _described(trees: list[Any]) -> list[object]:
    """What ``describe_tree`` has to say, by asking each node for its children."""
    described: list[object] = []
    for is_leaf, group in itertools.groupby(trees, key=lambda tree: tree.num_nodes == tree.num_leaves == 1):
        if is_leaf:
            described += "leaves", len(list(group))
            continue
        for tree in group:
            cls, aux = tree.node_data()
            plain = cls in (tuple, list, dict, type(None))
            entry = tree_util._registry.get(cls)
            functions = () if plain or entry is None else (entry.to_iter, entry.from_iter)
            described += len(tree.children()), cls.__name__ if plain else cls
            described += tuple(aux) if cls is dict else aux, *functions
            described += _described(tree.children())
    return described


@pytest.mark.parametrize("tree", _TREES, ids=repr)
def test_tree_of_an_argument_is_described_node_by_node(tree: Any) -> None:
    stock = jax.jit(lambda tree: tree)
    (argument,) = _jax.parse_call(_jax.user_function(stock), _jax.options(stock), (tree,), {}).trees
    assert _jax.describe_tree(argument) == tuple(_described([argument]))
    own = jax.tree.structure((tree, [tree, {"a": tree}]))
    assert _jax.describe_tree(own) == tuple(_described([own]))


def test_sharding_that_is_equal_to_a_known_one_and_has_no_safe_encoding_is_refused() -> None:
    device = jax.devices()[0]
    array = np.arange(6, dtype=np.float32)
    signature([jax.device_put(array, device)])  # the first of the two is remembered
    sharding: Any = SingleDeviceSharding(device)
    sharding._device_backend = True  # as `jit(backend=...)` makes it; no part of its equality
    assert sharding == SingleDeviceSharding(device)
    with pytest.raises(Refusal) as refusal:
        signature([jax.device_put(array, sharding)])
    assert refusal.value.reason is BypassReason.UNSUPPORTED_ARGUMENT


def test_leaves_that_are_grouped_have_one_signature_and_the_position_of_the_first() -> None:
    leaves = [*_leaves().values(), *_leaves().values(), *_leaves().values()]
    groups = _jax.leaves_alike(leaves)
    single = [signature([leaf]) for leaf in leaves]
    assert all(first == i or groups[first] == first for i, first in enumerate(groups) if first >= 0)
    assert all(single[first] == single[i] for i, first in enumerate(groups) if first >= 0)
    kinds = len(_leaves())
    host = [first for leaf, first in zip(leaves, groups, strict=True) if type(leaf) is np.ndarray]
    assert host[: len(host) // 3] * 3 == host  # those of NumPy by their shapes and element types
    assert max(groups) >= kinds  # arrays of JAX that were made apart are not asked whether they are equal


def test_the_same_array_twice_is_one_group_and_a_deleted_one_is_none() -> None:
    array, gone = jnp.ones(3), jnp.ones(3)
    gone.delete()
    assert _jax.leaves_alike([array, gone, array, gone]) == [0, -1, 0, -1]
