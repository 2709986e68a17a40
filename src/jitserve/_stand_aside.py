"""The calls that are none of ours, whatever is stored: step 1 of docs/architecture.md."""

from __future__ import annotations

from jitserve import _jax
from jitserve._outcome import BypassReason, Refusal


def stand_aside(call: _jax.Call) -> Refusal | None:
    """Why this call is none of ours, if so."""
    try:
        if not _jax.at_top_level():
            raise Refusal(BypassReason.NESTED_TRACE, "call", "it is made while JAX traces")
        _jax.check_leaves(call.leaves)
        for mode in _jax.debug_modes():
            raise Refusal(BypassReason.DEBUG_MODE, mode, "it changes what a call does beside computing")
    except Refusal as refusal:
        return refusal.without_frames()
    return None
