"""Traces that nobody records: they find in JAX's caches what a recorded trace of the function has left there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from jitserve import _jax

if TYPE_CHECKING:
    from jitserve._session import Session


def token_of_trace(session: Session, fun: Callable[..., Any]) -> object:
    """What JAX knows the context by that a function was last traced in, for a trace at top level that is not recorded.

    None: it was not traced in any of ours.
    """
    return session.contexts.borrow(fun) if _jax.at_top_level() else None


def where_traced(session: Session, fun: Callable[..., Any]) -> AbstractContextManager[Any]:
    """The context that a function was last traced in, if it was; for a trace at top level that is not recorded."""
    return within(token_of_trace(session, fun))


def where_lowered(session: Session, fun: Callable[..., Any]) -> AbstractContextManager[Any]:
    """Likewise for a lowering."""
    return within(session.contexts.borrow_to_lower(fun) if _jax.at_top_level() else None)


def within(token: object) -> AbstractContextManager[Any]:
    """The context that JAX knows by that; none of ours for None."""
    return contextlib.nullcontext() if token is None else _jax.own_context(token)
