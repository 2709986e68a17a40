"""The calls that are none of ours, whatever is stored: step 1 of docs/architecture.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitserve import _jax
from jitserve._key import function_name
from jitserve._outcome import BypassReason, Refusal

if TYPE_CHECKING:
    from jitserve._session import Session


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


def keeps_changing(session: Session, call: _jax.Call) -> Refusal | None:
    """Why no key of this call would be found again, if an earlier trace in this process has shown it."""
    if not session.contexts.is_changing(call.fun):
        return None
    detail = "a trace has shown that every trace changes what the function reads"
    return Refusal(BypassReason.TRACE_SIDE_EFFECT, function_name(call), detail)
