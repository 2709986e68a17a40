"""Where functions of JAX's own are traced: in contexts that all recorded traces share (``_jax/_own_traces.py``)."""

from __future__ import annotations

from collections.abc import Hashable

from jitserve._libraries import libraries
from jitserve._outcome import Refusal
from jitserve._session import current_session


def place_of_own_trace(statics: Hashable) -> object:
    """The token of the context to trace a function of JAX's own in; None where that is not to be shared.

    Args:
        statics: distinguishes calls that JAX's caches take for equal.
    """
    session = current_session()
    try:
        with session.guard("the trace of a function of JAX's own"):
            bound = libraries.bound()
            if bound.patches:
                return None  # code of somebody else's may run in it
            return session.contexts.of_jax((libraries.version(bound), *session.environment().changing(), statics))
    except Refusal:
        pass
    return None
