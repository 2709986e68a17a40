"""What is walked beside the function of a call: statics, trees, options, context, and intruders in libraries."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable

from jitserve import _jax, fingerprint
from jitserve._jax import types as jt
from jitserve.record import _places
from jitserve.record._plain import Unencodable

from ._libraries import Bound
from ._outcome import BypassReason, Refusal

Roots = list[tuple[str, object]]

_PLAIN = frozenset({bool, int, str, type(None)})


def further_roots(call: _jax.Call, bound: Bound) -> Roots:
    """What is walked beside the function, with labels.

    What is by default as it is has no root: options that were not given, contexts that nobody has entered. Neither has
    the configuration of JAX, which is an ingredient of its own.

    Raises:
        Refusal: UNKNOWN_CONTEXT_VALUE for a placement that has no safe encoding.
    """
    configured = _configured(_jax.config_count())
    context = [(name, value) for name, value in _jax.context_values() if name not in configured]
    return [*_arguments(call), *_labelled(_jax.given_options(call.info), context), *_patches(bound), *_nodes(bound)]


def describe_mesh(mesh: jt.Mesh) -> bytes:
    """Axes, types of axes and devices of a mesh.

    Raises:
        Refusal: UNKNOWN_CONTEXT_VALUE for axes with names that have no safe encoding.
    """
    try:
        return _places.encode_mesh(mesh).SerializeToString(deterministic=True)
    except Unencodable as error:
        raise Refusal(BypassReason.UNKNOWN_CONTEXT_VALUE, error.path, str(error)) from None


def with_defaults(roots: Iterable[tuple[str, object]], call: _jax.Call) -> Roots:
    """Those roots of a call, and the options that were not given: all that there is to tell people."""
    found = list(roots)
    labels = {label for label, _ in found}
    options = [(name, value) for name, value in _jax.option_fields(call.info) if f"option {name}" not in labels]
    return found + _labelled(options, [])


@functools.cache
def _configured(_count: int) -> frozenset[str]:
    """The names of the states that the ingredient of the configuration tells, of so many as there are by now."""
    return frozenset(name for name, _ in fingerprint.relevant_states(_jax.config_holders()))


def _arguments(call: _jax.Call) -> Roots:
    roots: Roots = [(f"static argument {_name(call, i)}", v) for i, v in enumerate(call.statics)]
    roots += [(f"static argument {name}", value) for name, value in call.named_statics]
    roots.append(("names of keyword arguments", tuple(call.names)))
    return roots + [(f"tree of argument {i}", _jax.describe_tree(tree)) for i, tree in enumerate(call.trees)]


def _labelled(options: Roots, context: Roots) -> Roots:
    named = [(f"option {name}", value) for name, value in options]
    named += [(f"context {name}", value) for name, value in context]
    return [(label, _describe(value)) for label, value in named]


def _patches(bound: Bound) -> Roots:
    return [(f"patched {place}", function) for place, function in bound.patches]


def _nodes(bound: Bound) -> Roots:
    return [(f"registered node {name}", functions) for name, functions in bound.nodes]


def _name(call: _jax.Call, index: int) -> str | int:
    """What a plain function calls its static positional argument of that index; the index for anything else."""
    positions = call.static_positions
    code = getattr(call.fun, "__code__", None) if type(call.fun) is types.FunctionType else None
    if code is None or len(positions) != len(call.statics) or positions[index] >= code.co_argcount:
        return index
    return str(code.co_varnames[positions[index]])


def _describe(value: object) -> object:
    """Options and context values as plain data, where the walk would see JAX's objects."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, jt.PyTreeDef):
        return _jax.describe_tree(value)
    if type(value) is tuple:
        return tuple(_describe(item) for item in value)
    try:
        if isinstance(value, jt.Sharding | jt.UnspecifiedValue):
            return ("sharding", _places.encode_sharding(value).SerializeToString(deterministic=True))
        if isinstance(value, jt.Mesh | jt.AbstractMesh):
            return ("mesh", _places.encode_mesh(value).SerializeToString(deterministic=True))
        if value is jt.AutoLayout or isinstance(value, jt.Layout):
            return ("layout", _places.encode_layout(value).SerializeToString(deterministic=True))
        if isinstance(value, jt.PartitionSpec):
            return ("spec", _places.encode_spec(value).SerializeToString(deterministic=True))
    except Unencodable as error:
        raise Refusal(BypassReason.UNKNOWN_CONTEXT_VALUE, error.path, str(error)) from None
    return value
