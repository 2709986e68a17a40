"""Structures of trees as plain data, for the walk."""

from __future__ import annotations

from typing import Any

from jitserve import _jax

_BUILTIN_NODES = frozenset({tuple, list, dict, type(None)})


def describe_tree(tree: Any) -> tuple[object, ...]:
    """A tree structure for the walk: builtin nodes by name, others with their class, flatten functions and aux data.

    What a node consists of is followed by its children; leaves that follow each other are counted.

    Args:
        tree: a ``PyTreeDef``.
    """
    # Not `serialize_using_proto`: it takes a key that is a subclass of `str` for the string.
    nodes: list[object] = []
    _append_nodes([tree], nodes)
    return tuple(nodes)


def _append_nodes(trees: list[Any], nodes: list[object]) -> None:
    leaves = 0
    for tree in trees:
        if tree.num_nodes == 1 and tree.num_leaves == 1:
            leaves += 1
            continue
        if leaves:
            nodes.extend(("leaves", leaves))
            leaves = 0
        node_type, aux = tree.node_data()
        children = tree.children()
        if node_type in _BUILTIN_NODES:
            nodes.extend((len(children), node_type.__name__, tuple(aux) if type(aux) is list else aux))
        else:
            nodes.extend((len(children), node_type, aux, *_jax.flatten_functions(node_type)))
        _append_nodes(children, nodes)
    if leaves:
        nodes.extend(("leaves", leaves))
