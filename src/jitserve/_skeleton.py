"""The structures of arguments for people to read: what they are made of, and apart from that the static data in them.

What a library keeps in a node of a tree is what most edits of a program change: flax keeps the model and the optimizer
there, equinox the options of every layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jitserve import _jax, fingerprint
from jitserve._arguments import dynamic_arguments

_NAMELESS = {list: "[{}]", tuple: "({})"}


def skeleton(tree: Any) -> str:
    """A structure without its static data. Runs no code of the user's, as the text of a ``PyTreeDef`` does.

    Args:
        tree: a ``PyTreeDef``.
    """
    texts: list[str] = []
    for node in reversed(_nodes(tree)):  # after its children, of which the first was put there last
        children = [texts.pop() for _ in node.children()]
        texts.append(_text(node, children))
    return texts[0]


def _text(node: Any, children: list[str]) -> str:
    if node.node_data() is None:
        return "*"
    node_type, data = node.node_data()
    if node_type is type(None):
        return "None"
    if node_type is dict:
        keys = (fingerprint.text_of(key)[0] for key in data)
        return f"{{{', '.join(f'{key}: {child}' for key, child in zip(keys, children, strict=True))}}}"
    return _NAMELESS.get(node_type, f"{node_type.__qualname__}({{}})").replace("{}", ", ".join(children))


@dataclass(frozen=True, slots=True)
class StaticParts:
    """What the nodes of the arguments hold besides their children, each thing once.

    Attributes:
        values: the label, what a person calls it, and the data; also the nodes' classes, and how they are taken apart.
        places: for each argument with such nodes, its name and which of the data is where.
    """

    values: tuple[tuple[str, str, object], ...]
    places: tuple[tuple[str, bytes], ...]


def static_parts(call: _jax.Call) -> StaticParts:
    """The static parts of a call's arguments.

    Args:
        call: the call.

    Raises:
        Refusal: something of them cannot be fingerprinted.
    """
    values: list[tuple[str, str, object]] = []
    places: list[tuple[str, bytes]] = []
    classes: dict[type, int] = {}
    numbers: dict[bytes, int] = {}
    for (argument, _), tree in zip(dynamic_arguments(call), call.trees, strict=True):
        found: list[str] = []
        for node_type, data in _custom_nodes(tree):
            name = f"argument `{argument}`, static data of {node_type.__qualname__}"
            if node_type not in classes:
                classes[node_type] = len(classes)
                parts = (node_type, *_jax.flatten_functions(node_type))
                values += [(f"node class {classes[node_type]}.{k}", f"{name}, class", v) for k, v in enumerate(parts)]
            digest = fingerprint.walk(None, [(str(classes[node_type]), data)], deferred=True).digest
            if digest not in numbers:
                numbers[digest] = len(numbers)
                if data is not None:
                    values.append((f"node data {numbers[digest]}", name, data))
            found.append(str(numbers[digest]))
        if found:
            places.append((f"places of static data in argument `{argument}`", " ".join(found).encode()))
    return StaticParts(tuple(values), tuple(places))


def _custom_nodes(tree: Any) -> Iterator[tuple[type, object]]:
    for node in _nodes(tree):
        data = node.node_data()
        if data is not None and data[0] not in (tuple, list, dict, type(None)):
            yield data


def _nodes(tree: Any) -> list[Any]:
    """The nodes and leaves of a tree from the top, however deep it is."""
    found, left = [], [tree]
    while left:
        node = left.pop()
        found.append(node)
        left.extend(reversed(node.children()))
    return found
