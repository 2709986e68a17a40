"""Tree structures as plain data, read at once: a ``PyTreeDef`` that is asked for its children makes one of each."""

from __future__ import annotations

import contextlib
from typing import Any

import jax
from jax._src import tree_util

from jitserve import _core

from ._call import flatten_functions


def describe_tree(tree: Any) -> tuple[object, ...]:
    """A tree structure for the walk: builtin nodes by name, others with their class, flatten functions and aux data.

    What a node consists of is followed by its children; leaves that follow each other are counted.

    Args:
        tree: a ``PyTreeDef``.

    Raises:
        RecursionError: it is deeper than JAX itself can go.
    """
    return _core.describe_tree(_nodes(tree), _LEAF, _BUILTIN, flatten_functions)


def _nodes(tree: Any) -> list[tuple[int, int, Any, Any, int, int]]:
    """Its nodes as a ``PyTreeDef`` is pickled: children before their parent."""
    # Not `serialize_using_proto`: it takes a key that is a subclass of `str` for the string.
    with contextlib.suppress(ValueError):  # it is no tree of arguments, which lack what they need to be pickled
        tree = _LEAF_OF_ARGUMENTS.compose(tree)
    nodes: list[tuple[int, int, Any, Any, int, int]] = tree.__getstate__()[1]
    return nodes


def _kind(value: object) -> int:
    return _nodes(jax.tree.structure(value))[-1][0]


_LEAF_OF_ARGUMENTS = tree_util.tracing_registry.flatten(0)[1]
_LEAF = _kind(0)
_EMPTY: tuple[object, ...] = ((), [], {}, None)
_BUILTIN = {_kind(value): type(value).__name__ for value in _EMPTY}
