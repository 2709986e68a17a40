"""Traces that nobody records: they find in JAX's caches what a recorded trace of the function has left there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from jitserve import _jax

if TYPE_CHECKING:
    from jitserve._session import Session


def where_traced(session: Session, fun: Callable[..., Any]) -> AbstractContextManager[Any]:
    """The context that a function was last traced in, if it was; for a trace at top level that is not recorded."""
    return _within(session.contexts.borrow(fun) if _jax.at_top_level() else None)


def where_lowered(session: Session, fun: Callable[..., Any]) -> AbstractContextManager[Any]:
    """Likewise for a lowering."""
    return _within(session.contexts.borrow_to_lower(fun) if _jax.at_top_level() else None)


def _within(token: object) -> AbstractContextManager[Any]:
    return contextlib.nullcontext() if token is None else _jax.own_context(token)
