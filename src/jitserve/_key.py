"""The call key: everything that a trace of this call could read, digested before there is a trace.

``docs/cache-key.md`` lists the ingredients. Two calls with equal keys lower to the same program.
"""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass, replace
from typing import Any

from jitserve import _core, _jax, fingerprint
from jitserve._footprint import WHOLE, Footprint
from jitserve._jax import types as jt
from jitserve.record import _places
from jitserve.record._manifest import SCHEMA
from jitserve.record._plain import Unencodable

from ._libraries import libraries
from ._outcome import BypassReason, Refusal
from ._signature import signature
from ._treedef import describe_tree

_SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class CallParts:
    """What goes into the keys of one call, but for the walk.

    Attributes:
        call: the call.
        roots: what is walked beside the function, with labels.
        ingredients: of the key, but for the function, by name.
        root_key: 32 bytes over the ingredients and the function's own name and code: where its footprints are stored.
    """

    call: _jax.Call
    roots: tuple[tuple[str, object], ...]
    ingredients: tuple[fingerprint.Ingredient, ...]
    root_key: bytes


@dataclass(frozen=True, slots=True)
class CallKey:
    """The key of one call, by a footprint.

    Attributes:
        digest: 32 bytes.
        walk: the walk of the function and of everything else that is an object; records refer to its objects.
        parts: the other ingredients.
        footprint: what the walk was pruned to.
        ingredients: the parts of the key by name.
    """

    digest: bytes
    walk: fingerprint.Walk
    parts: CallParts
    footprint: Footprint
    ingredients: tuple[fingerprint.Ingredient, ...]

    @property
    def roots(self) -> tuple[tuple[str, object], ...]:
        """What was walked beside the function, with labels."""
        return self.parts.roots

    def readable(self) -> bytes:
        """Digest of all that a trace of the call can read: of the key, but for where the arguments lie."""
        avals = signature(self.parts.call.leaves, placed=False)
        parts = tuple(replace(p, digest=avals) if p.name == _SIGNATURE else p for p in self.ingredients)
        bound = fingerprint.Ingredient("bindings", libraries.version(), "")
        return _digest("jitserve.readable", (*parts, bound))


def call_parts(call: _jax.Call, environment: tuple[fingerprint.Ingredient, ...]) -> CallParts:
    """Describes all of a call but what a trace can read through its function.

    Args:
        call: the call.
        environment: the ingredients of this process's environment.

    Raises:
        Refusal: an argument, an option or the context cannot be fingerprinted soundly.
    """
    parts = (
        fingerprint.Ingredient(_SIGNATURE, signature(call.leaves), f"{len(call.leaves)} leaves"),
        *environment,
    )
    root_key = _digest("jitserve.root", (fingerprint.Ingredient("function", _root_digest(call), ""), *parts))
    return CallParts(call, _further_roots(call), parts, root_key)


def call_key(parts: CallParts, footprint: Footprint = WHOLE) -> CallKey:
    """Computes the key of a call, from what its function can read now.

    Args:
        parts: of the call.
        footprint: what to prune the walk to.

    Raises:
        Refusal: something that a trace could read cannot be fingerprinted soundly.
    """
    # deferred: the audit watches every trace that is published
    walk = fingerprint.walk(parts.call.fun, parts.roots, deferred=True, footprint=footprint.functions)
    ingredients = (
        fingerprint.Ingredient("function", walk.digest, function_name(parts.call)),
        *parts.ingredients,
    )
    footprint_part = fingerprint.Ingredient("footprint", footprint.digest(), "")
    digest = _digest("jitserve.call", (*ingredients, footprint_part))
    return CallKey(digest, walk, parts, footprint, ingredients)


def _digest(tag: str, parts: tuple[fingerprint.Ingredient, ...]) -> bytes:
    tokens = _core.Tokens()
    tokens.begin(tag, len(parts) + 1)
    tokens.int_(SCHEMA)
    for part in parts:
        tokens.str_(part.name)
        tokens.digest_(part.digest)
    return tokens.finish()


def _root_digest(call: _jax.Call) -> bytes:
    """Which function it is: its name, its code, and the code of what it wraps. What else it reads is for the walk."""
    tokens = _core.Tokens()
    tokens.begin("root", 1)
    tokens.str_(function_name(call))
    found: Any = call.fun
    for _ in range(_WRAPPERS):
        if type(found) is types.MethodType:
            found = found.__func__
        elif type(found) is functools.partial:
            found = found.func
        elif type(found) is types.FunctionType:
            tokens.digest_(_core.code_digest(found.__code__))
            found = found.__dict__.get("__wrapped__")
        else:
            break
    return tokens.finish()


_WRAPPERS = 8


def function_name(call: _jax.Call) -> str:
    """The function's name for people."""
    module = getattr(call.fun, "__module__", None)
    name = getattr(call.fun, "__qualname__", None) or type(call.fun).__qualname__
    return f"{module}.{name}" if isinstance(module, str) else str(name)


def _further_roots(call: _jax.Call) -> tuple[tuple[str, object], ...]:
    """The static values, the trees of the arguments, the options, the context, and what libraries were patched with."""
    roots: list[tuple[str, object]] = [(f"static argument {_name(call, i)}", v) for i, v in enumerate(call.statics)]
    roots += [(f"static argument {name}", value) for name, value in call.named_statics]
    roots.append(("names of keyword arguments", tuple(call.names)))
    roots += [(f"tree of argument {i}", describe_tree(tree)) for i, tree in enumerate(call.trees)]
    roots += [(f"option {name}", _describe(value)) for name, value in _jax.option_fields(call.info)]
    roots += [(f"context {name}", _describe(value)) for name, value in _jax.context_values()]
    roots += [(f"patched {place}", function) for place, function in libraries.patches()]
    return tuple(roots)


def _name(call: _jax.Call, index: int) -> str | int:
    """What a plain function calls its static positional argument of that index; the index for anything else."""
    positions = sorted(call.info.static_argnums)
    code = getattr(call.fun, "__code__", None) if type(call.fun) is types.FunctionType else None
    if code is None or len(positions) != len(call.statics) or not 0 <= positions[index] < code.co_argcount:
        return index
    return str(code.co_varnames[positions[index]])


def _describe(value: object) -> object:
    """Options and context values as plain data, where the walk would see JAX's objects."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, jt.PyTreeDef):
        return describe_tree(value)
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


_PLAIN = frozenset({bool, int, str, type(None)})
