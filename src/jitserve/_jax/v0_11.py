"""Private API of JAX 0.11.x, where it differs from the other lines."""

from __future__ import annotations

from typing import Any

from jax._src import core
from jax._src.layout import AutoLayout
from jax._src.partition_spec import UnreducedKind

programs = (core.Jaxpr,)  # what stands for a traced program in another one


def is_high(jaxpr: Any) -> bool:
    """Whether JAX does not compile a traced program as it is, since it works on hijax types."""
    return bool(jaxpr.is_high)


def without_hijax(jaxpr: Any) -> Any:
    """What JAX compiles of a traced program that is not high: the program itself."""
    return jaxpr


def is_kept(jaxpr: Any) -> bool:
    """Whether JAX keeps for later calls what it has traced: it does of every program."""
    del jaxpr
    return True


def has_plain_layout(aval: Any) -> bool:
    """Whether the layout of an aval is left to the compiler."""
    return aval.layout is AutoLayout


def make_aval(shape: tuple[int, ...], dtype: Any, weak_type: bool, sharding: Any, memory_space: Any) -> Any:
    """A ``ShapedArray`` outside of any manual region."""
    return core.ShapedArray(shape, dtype, weak_type, sharding=sharding, memory_space=memory_space)


def has_plain_reduction(spec: Any) -> bool:
    """Whether unreduced axes of a partition spec are to be summed, the only kind that is recorded."""
    return not spec.unreduced or spec.unreduced_kind is UnreducedKind.sum
