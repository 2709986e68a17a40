"""The call key: everything that a trace of this call could read, digested before there is a trace.

``docs/cache-key.md`` lists the ingredients. Two calls with equal keys lower to the same program.
"""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass
from typing import Any

from jitserve import _core, _jax, fingerprint
from jitserve._footprint import WHOLE, Footprint
from jitserve._signals import pass_on
from jitserve.record._manifest import SCHEMA

from ._environment import Surroundings
from ._libraries import Bound, libraries
from ._roots import describe_mesh, further_roots
from ._signature import signature

_SIGNATURE = "signature"
_DEVICES = "mesh"


@dataclass(frozen=True, slots=True)
class CallParts:
    """What goes into the keys of one call, but for the walk.

    Attributes:
        call: the call.
        roots: what is walked beside the function, with labels.
        bound: what is bound inside the libraries.
        ingredients: of the key, but for the function, by name.
        surroundings: those of them that are no matter of the call.
        root_key: 32 bytes over the ingredients and the function's own name and code: where its footprints are stored.
    """

    call: _jax.Call
    roots: tuple[tuple[str, object], ...]
    bound: Bound
    ingredients: tuple[fingerprint.Ingredient, ...]
    surroundings: Surroundings
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
        return _digest(
            "jitserve.readable", self.walk.digest, avals, self.parts.surroundings.digest, libraries.version()
        )


def call_parts(call: _jax.Call, surroundings: Surroundings) -> CallParts:
    """Describes all of a call but what a trace can read through its function.

    Args:
        call: the call.
        surroundings: the environment of this process now.

    Raises:
        Refusal: an argument, an option or the context cannot be fingerprinted soundly.
    """
    fingerprint.prepare_libraries()
    leaves = fingerprint.Ingredient(_SIGNATURE, signature(call.leaves), f"{len(call.leaves)} leaves")
    root_key = _digest("jitserve.root", _root_digest(call), leaves.digest, surroundings.digest)
    bound = libraries.bound()
    roots = tuple(further_roots(call, bound))
    return CallParts(call, roots, bound, (leaves, *_devices(), *surroundings.ingredients), surroundings, root_key)


def call_key(parts: CallParts, footprint: Footprint = WHOLE) -> CallKey:
    """Computes the key of a call, from what its function can read now.

    Args:
        parts: of the call.
        footprint: what to prune the walk to.

    Raises:
        Refusal: something that a trace could read cannot be fingerprinted soundly.
    """
    # deferred: the audit watches every trace that is published
    walk = fingerprint.walk(
        parts.call.fun, parts.roots, deferred=True, footprint=footprint.functions, unread=footprint.unread
    )
    ingredients = (
        fingerprint.Ingredient("function", walk.digest, function_name(parts.call)),
        *parts.ingredients,
    )
    placed = [part.digest for part in parts.ingredients if part.name in (_SIGNATURE, _DEVICES)]
    digest = _digest("jitserve.call", walk.digest, *placed, parts.surroundings.digest, footprint.digest())
    return CallKey(digest, walk, parts, footprint, ingredients)


def _devices() -> tuple[fingerprint.Ingredient, ...]:
    """The mesh that the call is compiled for. It is not for the walk: a trace cannot see its devices."""
    mesh = _jax.concrete_mesh()
    if mesh is None:
        return ()
    return (fingerprint.Ingredient(_DEVICES, _core.sha256(describe_mesh(mesh)), _jax.mesh_text(mesh)),)


def _digest(tag: str, *parts: bytes) -> bytes:
    tokens = _core.Tokens()
    tokens.begin(tag, len(parts) + 1)
    tokens.int_(SCHEMA)
    for part in parts:
        tokens.digest_(part)
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
    module, name = _attribute(call.fun, "__module__"), _attribute(call.fun, "__qualname__")
    name = name or type(call.fun).__qualname__
    return f"{module}.{name}" if isinstance(module, str) else str(name)


def _attribute(obj: object, name: str) -> object:
    try:
        return getattr(obj, name, None)
    except Exception as error:  # noqa: BLE001 - of a called object, which may answer with code of the user's
        pass_on(error)
        return None
