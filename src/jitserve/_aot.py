"""Ahead of time, ``jitserve.jit(f).lower(...).compile()``: traced and lowered, but not compiled again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from jitserve import _jax
from jitserve._build import find_or_compile
from jitserve._built import Build
from jitserve._outcome import BypassReason, Refusal
from jitserve._publish import publish
from jitserve._recorded import recorded
from jitserve._session import current_session
from jitserve._signals import pass_on
from jitserve._unrecorded import where_lowered, where_traced


def compile_lowered(lowered: _jax.Lowered) -> Any:
    """Takes the executable of a lowered program from the store, or compiles and stores it.

    Returns:
        JAX's executable; None where jitserve stands aside and JAX is to compile as it would without us.

    Raises:
        what XLA raises when it compiles.
    """
    session = current_session()
    store = session.store()
    if store is None:
        session.faulted()
        return None
    result = Build()
    try:
        _check(lowered)
        find_or_compile(session, store, lowered, result)
    except Refusal as refusal:
        result.refusal = refusal.without_frames()
    result.dispatched.set()  # by the user, some time
    publish(session, store, result, None)
    session.built(lowered.name, result.refusal, result)
    return lowered.executable


def place_of_lowering(fun: Callable[..., Any]) -> AbstractContextManager[Any]:
    """The context to lower a function in: with what its last call has left in JAX's caches."""
    return where_lowered(current_session(), fun)


def place_of_trace(jitted: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AbstractContextManager[Any]:
    """The context to trace a function in: listened to, if a later call could share the trace."""
    session, fun = current_session(), _jax.user_function(jitted)
    if not _jax.at_top_level():
        return contextlib.nullcontext()
    try:
        call = _jax.parse_call(fun, _jax.options(jitted), args, kwargs)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the arguments, JAX says it itself
        pass_on(error)
        return contextlib.nullcontext()
    return recorded(session, call) or where_traced(session, fun)


def _check(lowered: _jax.Lowered) -> None:
    for mode in _jax.debug_modes():
        raise Refusal(BypassReason.DEBUG_MODE, mode, "it changes what a call does beside computing")
    if len(lowered.processes()) > 1:
        raise Refusal(BypassReason.MULTI_PROCESS, lowered.name, "devices of several processes take part in it")
    lowered.check()
    _jax.check_targets(lowered.targets())
