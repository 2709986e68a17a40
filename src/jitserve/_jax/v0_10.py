"""Private API of JAX 0.10.x, where it differs from the other lines."""

from __future__ import annotations

from typing import Any

from jax._src import core

programs = (core.Jaxpr, core.ClosedJaxpr)  # what stands for a traced program in another one


def is_high(jaxpr: Any) -> bool:
    """Whether JAX does not compile a traced program as it is, since it works on hijax types."""
    return bool(jaxpr.jaxpr.is_high)


def without_hijax(jaxpr: Any) -> Any:
    """What JAX compiles of a traced program that is not high: the program itself."""
    return jaxpr


def is_kept(jaxpr: Any) -> bool:
    """Whether JAX keeps for later calls what it has traced."""
    return not is_high(jaxpr)


def has_plain_layout(aval: Any) -> bool:
    """Avals of this line carry no layout."""
    del aval
    return True


def make_aval(shape: tuple[int, ...], dtype: Any, weak_type: bool, sharding: Any, memory_space: Any) -> Any:
    """A ``ShapedArray`` outside of any manual region."""
    return core.ShapedArray(shape, dtype, weak_type, sharding=sharding, memory_space=memory_space)


def has_plain_reduction(spec: Any) -> bool:
    """Partition specs of this line know one kind of reduction only."""
    del spec
    return True
