"""Tree structures (``PyTreeDef``) to messages and back, node by node in post-order."""

from __future__ import annotations

from typing import Any

from jitserve._errors import RecordError
from jitserve._jax import types as jt
from jitserve.record._values import Scope, decode_value, encode_value
from jitserve.v1 import record_pb2 as pb

_BUILTIN: dict[type, pb.Node.Kind] = {tuple: pb.Node.TUPLE, list: pb.Node.LIST, type(None): pb.Node.NONE}


def encode_tree(tree: Any, scope: Scope, path: str = "result") -> pb.Tree:
    """Encodes a tree structure.

    Raises:
        Unencodable: a node type or its auxiliary data has no safe encoding.
    """
    return encode_nested(tree, scope.afresh(), path)


def encode_nested(tree: Any, scope: Scope, path: str) -> pb.Tree:
    """A tree structure that is part of a record."""
    nodes, left = [], [(tree, path)]
    while left:  # however deep the tree is
        node, where = left.pop()
        children = node.children()
        nodes.append((node.node_data(), len(children), where))
        left += [(child, f"{where}.{index}") for index, child in enumerate(children)]
    return pb.Tree(nodes=[_encode_node(data, arity, scope, where) for data, arity, where in reversed(nodes)])


def _encode_node(data: tuple[type, Any] | None, arity: int, scope: Scope, path: str) -> pb.Node:
    if data is None:
        return pb.Node(kind=pb.Node.LEAF)
    node_type, aux = data
    if node_type in _BUILTIN:
        return pb.Node(kind=_BUILTIN[node_type], arity=arity)
    if node_type is dict:
        keys = [encode_value(key, scope, f"{path} key") for key in aux]
        return pb.Node(kind=pb.Node.DICT, arity=arity, keys=keys)
    # Named tuples come here too: their node data is the class and no auxiliary data.
    encoded = encode_value(node_type, scope, path)
    return pb.Node(kind=pb.Node.CUSTOM, arity=arity, node_type=encoded, aux=encode_value(aux, scope, f"{path} aux"))


def decode_tree(message: pb.Tree, scope: Scope) -> Any:
    """The tree structure, with node types and auxiliary data of this process.

    Raises:
        RecordError: a class is not here, or the message is not a tree.
    """
    return decode_nested(message, scope.afresh())


def decode_nested(message: pb.Tree, scope: Scope) -> Any:
    """A tree structure that is part of a record."""
    stack: list[Any] = []
    for node in message.nodes:
        if node.arity > len(stack):
            raise RecordError("a tree node has more children than there are nodes before it")
        children = stack[len(stack) - node.arity :]
        del stack[len(stack) - node.arity :]
        stack.append(_decode_node(node, children, scope))
    if len(stack) != 1:
        raise RecordError(f"a tree record with {len(stack)} roots")
    return stack[0]


def _decode_node(node: pb.Node, children: list[Any], scope: Scope) -> Any:
    if node.kind == pb.Node.LEAF:
        return jt.make_tree(None, children)
    if node.kind == pb.Node.DICT:
        return jt.make_tree((dict, [decode_value(key, scope) for key in node.keys]), children)
    if node.kind == pb.Node.CUSTOM:
        cls = decode_value(node.node_type, scope)
        return jt.make_tree((cls, decode_value(node.aux, scope)), children)
    for builtin, kind in _BUILTIN.items():
        if node.kind == kind:
            return jt.make_tree((builtin, None), children)
    raise RecordError(f"a tree node of unknown kind {node.kind}")
