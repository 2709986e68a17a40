"""One call of a jitted function, taken apart the way JAX's own dispatch does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax._src import config, core, literals, tree_util
from jax._src.array import ArrayImpl
from jax._src.lib import jax_jit
from jax._src.random import prng
from jaxlib import _jax

from jitserve import _core
from jitserve._jax._absent import Absent, default_layout
from jitserve._outcome import BypassReason, Refusal
from jitserve._signals import pass_on

# What JAX takes as a host value: its own literals say their element type themselves.
_HOST_VALUES = frozenset({bool, int, float, complex, np.ndarray, literals.TypedNdArray, *literals.typed_scalar_types})


@dataclass(frozen=True, slots=True)
class Call:
    """The parts of one call.

    Attributes:
        fun: the user's function.
        info: JAX's parsed ``jit`` options (``PjitInfo``).
        args, kwargs: as the user passed them.
        leaves: the dynamic leaves, flattened; positional arguments first, then keyword arguments by sorted name.
        trees: one ``PyTreeDef`` for each dynamic argument.
        names: the names of the dynamic keyword arguments, for the last ``len(names)`` trees.
        statics: the values of the static positional arguments.
        named_statics: the static keyword arguments.
        signature: JAX's own description of all this, but for the leaves.
    """

    fun: Callable[..., Any]
    info: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leaves: list[Any]
    trees: list[Any]
    names: list[str]
    statics: list[Any]
    named_statics: list[tuple[str, Any]]
    signature: Any

    @property
    def static_positions(self) -> list[int]:
        """Where the static positional arguments are, in order. JAX counts negative numbers from the end."""
        count = len(self.args)
        return sorted({i % count for i in self.info.static_argnums if -count <= i < count})


def parse_call(fun: Callable[..., Any], info: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """Takes a call apart. What JAX raises for arguments that it does not take passes through."""
    signature, leaves = jax_jit.parse_arguments(
        args,
        tuple(kwargs.values()),
        tuple(kwargs.keys()),
        info.static_argnums,
        info.static_argnames,
        tree_util.tracing_registry,
    )
    positional = len(signature.static_args) - len(signature.static_arg_names)
    named = zip(signature.static_arg_names, signature.static_args[positional:], strict=True)
    return Call(
        fun=fun,
        info=info,
        args=args,
        kwargs=kwargs,
        leaves=leaves,
        trees=list(signature.dynamic_arg_treedefs),
        names=list(signature.dynamic_arg_names),
        statics=list(signature.static_args[:positional]),
        named_statics=list(named),
        signature=signature,
    )


def is_found_again(call: Call) -> bool:
    """Whether JAX finds what this call was traced to: not if static data in its trees differ in every flattening.

    Nor if they cannot be compared, as arrays cannot. JAX says so where it compares them: not in a first call.
    """
    try:
        return bool(parse_call(call.fun, call.info, call.args, call.kwargs).signature == call.signature)
    except Exception as error:  # noqa: BLE001 - of the user's `==`
        pass_on(error)
        return False


def call_number(call: Call) -> int:
    """By what JAX's caches tell calls of a function apart whose leaves are alike: equal for equal calls."""
    try:
        return hash((call.signature, config.trace_context()))
    except Exception as error:  # noqa: BLE001 - of a static argument; JAX raises it itself, in its own words
        pass_on(error)
        return 0


def check_leaves(leaves: list[Any]) -> None:
    """Stands aside for arguments whose abstract value says too little about what a call with them does.

    Raises:
        Refusal: with the position of the first such leaf.
    """
    for position, leaf in enumerate(leaves):
        kind = type(leaf)
        if kind is np.ndarray or kind is ArrayImpl or kind is prng.PRNGKeyArray:
            continue
        if kind in _HOST_VALUES or kind is Absent or issubclass(kind, np.generic):
            continue
        raise _refusal(kind, f"argument leaf {position}")


def _refusal(kind: type, path: str) -> Refusal:
    """By the class alone: an object of the user's may not let anybody ask for an attribute."""
    if issubclass(kind, core.Tracer):
        return Refusal(BypassReason.NESTED_TRACE, path, "a tracer is among the arguments")
    if issubclass(kind, core.Ref):
        return Refusal(BypassReason.REFS, path, "mutable arrays are left to JAX")
    name = f"{_MODULE(kind)}.{_QUALNAME(kind)}"
    return Refusal(BypassReason.UNSUPPORTED_ARGUMENT, path, f"arguments of type {name} are left to JAX")


_MODULE = type.__dict__["__module__"].__get__
_QUALNAME = type.__dict__["__qualname__"].__get__


def leaf_aval(leaf: Any) -> Any:
    """The abstract value that JAX gives to a leaf.

    Raises:
        Refusal: JAX takes no such value, for example a Python integer that does not fit; it says so itself.
    """
    if type(leaf) is Absent:
        return leaf.aval
    try:
        return core.shaped_abstractify(leaf)
    except Exception as error:  # noqa: BLE001 - OverflowError, TypeError, and what an object of the user's raises
        pass_on(error)
        raise Refusal(BypassReason.UNSUPPORTED_ARGUMENT, "argument", str(error)) from None


def leaf_placement(leaf: Any) -> tuple[Any, bool, Any]:
    """Sharding, committed-ness and layout of a leaf; ``(None, False, None)`` where it lives on the host."""
    if type(leaf) is Absent:
        return leaf.sharding, leaf.committed, leaf.layout
    if not isinstance(leaf, jax.Array):
        return None, False, None
    array = leaf._base_array if isinstance(leaf, prng.PRNGKeyArray) else leaf
    # A deleted array has forgotten its layout. The call is looked up as if it were alive: nobody reads what is gone,
    # and where it is needed the execution says so, in JAX's words.
    layout = default_layout(leaf.aval, leaf.sharding) if array.is_deleted() else array.format.layout
    return leaf.sharding, bool(leaf._committed), layout


# By what leaves are told apart. Some JAX crashes if a deleted array is asked for its layout; some platforms have none.
_SORTS = (
    (ArrayImpl, "is_deleted", ("aval", "sharding", "_committed"), "_pjrt_layout", _jax.JaxRuntimeError),
    (np.ndarray, None, ("dtype",), "shape", None),
)


def leaves_alike(leaves: list[Any]) -> list[int]:
    """For each leaf the position of the first one that has its abstract value and placement, cheap to find.

    -1: there is nothing cheap to go by.
    """
    return _core.first_alike(leaves, _SORTS)


def process_count() -> int:
    """How many processes take part in this JAX job."""
    return int(jax.process_count())


def flatten_functions(node_type: type) -> tuple[Any, ...]:
    """The functions that flatten and rebuild a registered tree node, run in every trace; none for builtin ones."""
    entry = tree_util._registry.get(node_type)
    return () if entry is None or node_type in _BUILTIN_NODES else (entry.to_iter, entry.from_iter)


def node_entries() -> list[object]:
    """What JAX's registry of nodes holds, in order of registration: other objects wherever something has changed."""
    return list(tree_util._registry.values())


def tree_nodes() -> list[tuple[type, tuple[Any, ...]]]:
    """All registered classes but the builtin ones, each with its functions as ``flatten_functions`` gives them."""
    found = list(tree_util._registry.items())
    builtin = set(map(id, _BUILTIN_NODES))  # a class that is asked for its hash may answer with code of the user's
    return [(cls, (entry.to_iter, entry.from_iter)) for cls, entry in found if id(cls) not in builtin]


_BUILTIN_NODES = frozenset({tuple, list, dict, type(None)})
