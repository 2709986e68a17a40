"""The arguments of a call as a person names them: by parameter, and by the path inside its tree."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import jax

from jitserve import _jax
from jitserve._ingredient import Ingredient


def root_labels(call: _jax.Call) -> dict[str, str]:
    """How a person would call the roots of a call's walk, by the labels that they have there."""
    names = _parameter_names(call)
    statics = [names[i] for i in call.static_positions]
    labels = {f"static argument {i}": f"static argument `{name}`" for i, name in enumerate(statics)}
    named = statics + [name for name, _ in call.named_statics]
    labels |= {f"static argument {name}": f"static argument `{name}`" for name in named}
    trees = [f"structure of argument `{name}`" for name, _ in dynamic_arguments(call)]
    labels |= {f"tree of argument {i}": text for i, text in enumerate(trees)}
    return labels | {"<root>": "called object `self`"}  # of what is called and is no function


def leaf_ingredients(call: _jax.Call) -> list[Ingredient]:
    """One ingredient for each dynamic leaf: its abstract value, and where it lives."""
    leaves = call.leaves
    names = list(_leaf_names(call))
    if len(names) != len(leaves):  # a tree that flattens in another way each time
        names = [f"leaf {i}" for i in range(len(leaves))]
    return [_leaf(f"`{name}`", leaf) for name, leaf in zip(names, leaves, strict=True)]


def _leaf(name: str, leaf: Any) -> Ingredient:
    aval = _jax.leaf_aval(leaf)
    sharding, committed, layout = _jax.leaf_placement(leaf)
    space = "" if aval.memory_space.name == "Device" else f"<{aval.memory_space.name.lower()}>"
    text = f"{aval.dtype}{space}[{','.join(map(str, aval.shape))}]{', weakly typed' if aval.weak_type else ''}"
    if sharding is None:
        return Ingredient(name, b"", text, "argument", ("on the host",))
    place = f"{'committed to' if committed else 'on'} {_where(sharding)}"
    return Ingredient(name, b"", text, "argument", (place, *_special(layout)))


def _where(sharding: Any) -> str:
    if isinstance(sharding, jax.sharding.SingleDeviceSharding) and sharding.memory_kind in (None, "device"):
        device: Any = next(iter(sharding.device_set))
        return f"{device.platform}:{device.id}"
    return str(sharding)


def _special(layout: Any) -> Iterator[str]:
    """The layout, if it is another than row by row."""
    order = getattr(layout, "major_to_minor", None)
    if layout is not None and (order != tuple(range(len(order or ()))) or getattr(layout, "tiling", ())):
        yield str(layout)


def _leaf_names(call: _jax.Call) -> Iterator[str]:
    for name, argument in dynamic_arguments(call):
        for path, _ in jax.tree_util.tree_flatten_with_path(argument)[0]:
            yield f"{name}{jax.tree_util.keystr(path)}"


def dynamic_arguments(call: _jax.Call) -> Iterator[tuple[str, Any]]:
    """Names and values of the arguments that are not static, in the order of their trees."""
    statics = call.static_positions
    for i, (name, value) in enumerate(zip(_parameter_names(call), call.args, strict=True)):
        if i not in statics:
            yield name, value
    for name in call.names:
        yield name, call.kwargs[name]


def _parameter_names(call: _jax.Call) -> list[str]:
    """A name for each positional argument."""
    names: list[str] = []
    try:
        parameters = list(inspect.signature(call.fun).parameters.values())
    except (TypeError, ValueError):  # an extension's function need not tell
        parameters = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(len(call.args) - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    names += [f"argument {i}" for i in range(len(names), len(call.args))]
    return names[: len(call.args)]
