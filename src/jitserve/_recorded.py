"""A trace that nothing is stored of: listened to all the same, so that a later call may find it in JAX's caches."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING

from jitserve import _jax
from jitserve._audit import Audit
from jitserve._contexts import Context
from jitserve._key import CallKey, call_key, call_parts
from jitserve._outcome import Refusal
from jitserve._search import Search
from jitserve._stand_aside import stand_aside

if TYPE_CHECKING:
    from jitserve._session import Session


class Recorded:
    """What to trace in, as a context manager.

    Args:
        session: of this process.
        key: of the call that is traced, by a walk that is not pruned.
        context: what ``session.contexts.begin`` gave for it.
    """

    def __init__(self, session: Session, key: CallKey, context: Context) -> None:
        self._session = session
        self._key = key
        self._context = context
        self._stack = contextlib.ExitStack()
        self._audit: Audit | None = None

    def __enter__(self) -> None:
        self._stack.enter_context(_jax.own_context(self._context.token))
        with contextlib.suppress(Refusal), self._session.guard("the audit of a trace"):
            audit = Audit(self._key.parts.call, self._key, self._context.codes)
            self._stack.push(audit.__exit__)
            audit.begin(sys._getframe(1))
            self._audit = audit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)
        ran = None if self._audit is None or error is not None else self._judge(self._audit)
        with self._session.guard("the context of a trace"):
            self._session.contexts.end(self._key, self._context, ran, lowered=False)

    def _judge(self, audit: Audit) -> Mapping[int, types.CodeType] | None:
        with contextlib.suppress(Refusal), self._session.guard("the audit of a trace"):
            return audit.repeatable(self._session)
        return None


def recorded(session: Session, call: _jax.Call) -> Recorded | None:
    """Where to trace a call for its own sake (``f.trace(...)``, ``jax.eval_shape``), so that a later one may share it.

    Args:
        session: of this process.
        call: the call; ``jax.ShapeDtypeStruct`` may stand for an array.

    Returns:
        None where nobody needs to listen: no later call would share the trace, or it would not trace, or the last trace
        of the function cannot be shared, and this one is to be found where that is.
    """
    try:
        with session.guard("the preparation of a trace"):
            return _prepare(session, call)
    except Refusal:
        pass  # the call would be refused as well
    return None


def _prepare(session: Session, call: _jax.Call) -> Recorded | None:
    # A trace needs no devices, and must not be what starts them: that may yet have to be configured.
    if not _jax.has_backend() or _jax.process_count() > 1:
        return None
    if session.contexts.is_spoilt(call.fun) or session.contexts.is_changing(call.fun):
        return None
    call = dataclasses.replace(call, leaves=[_jax.stand_in(leaf) for leaf in call.leaves])
    store = session.store()
    if store is None or stand_aside(call) is not None:
        return None
    parts = call_parts(call, session.environment().now())
    if Search(session, store, parts, pruned=True).is_stored():
        return None
    key = call_key(parts)
    return Recorded(session, key, session.contexts.begin(key, shared=True))
