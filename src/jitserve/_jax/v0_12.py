"""Private API of JAX 0.12.x, where it differs from the other lines."""

from __future__ import annotations

from typing import Any

from jax._src.interpreters import partial_eval as pe

from jitserve._jax.v0_11 import has_plain_layout as has_plain_layout
from jitserve._jax.v0_11 import has_plain_reduction as has_plain_reduction
from jitserve._jax.v0_11 import is_kept as is_kept
from jitserve._jax.v0_11 import make_aval as make_aval
from jitserve._jax.v0_11 import programs as programs


def is_high(jaxpr: Any) -> bool:
    """Whether JAX does not compile a traced program as it is, since it takes or returns hijax types."""
    return any(aval.is_high for aval in (*jaxpr.in_avals, *jaxpr.out_avals))


def without_hijax(jaxpr: Any) -> Any:
    """What JAX compiles of a traced program that is not high.

    One with hijax types, or primitives, in its midst (``jnp.searchsorted``) is first brought down to ordinary ones. It
    is JAX's own function that does so, which remembers the result: the ordinary call finds it.
    """
    return pe.lower_jaxpr2(jaxpr) if jaxpr.is_high else jaxpr
