"""An inner call: made while JAX traces something else, so that it becomes part of that program.

It is no lookup. But what it is traced to may serve other functions of this process that call the same, as it does with
plain JAX. The contexts that outer calls are traced in are theirs alone; so an inner call is traced in one by what it
can read itself, at the moment when it is made (``docs/cache-key.md``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from jitserve import _jax, fingerprint
from jitserve._key import CallKey, call_key, call_parts
from jitserve._outcome import Outcome, Refusal

if TYPE_CHECKING:
    from jitserve._session import Session

Answer = TypeVar("Answer")


class Inner(Generic[Answer]):
    """An inner call that is to be traced: within ``with``, by ``_jax.infer_params``, whose result goes to ``finish``.

    Args:
        session: of this process.
        call: the call.
        key: its key, by a walk that is not pruned.
        recording: that of the outer trace.
        bind: makes the call of what ``_jax.infer_params`` returned.
    """

    def __init__(
        self,
        session: Session,
        call: _jax.Call,
        key: CallKey,
        recording: fingerprint.Recording,
        bind: Callable[[Any], Answer],
    ) -> None:
        self._session = session
        self._call = call
        self._key = key
        self._bind = bind
        self._context = session.contexts.begin(key, shared=True)
        self._part = fingerprint.Part(recording, key.walk, self._context.codes)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Inner[Answer]:
        self._stack.enter_context(_jax.own_context(self._context.token))
        self._stack.enter_context(_jax.SharingOwnTraces())
        self._stack.enter_context(self._part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._stack.close()

    def finish(self, inferred: Any) -> tuple[Outcome, Answer]:
        """Makes the call, in the context of the outer trace.

        Args:
            inferred: what ``_jax.infer_params`` returned.

        Raises:
            as JAX's own callback.
        """
        self._stack.close()
        with self._session.guard("the end of an inner trace"):
            _jax.remember(self._call, inferred)
            self._offer(inferred)
        return Outcome.BYPASS, self._bind(inferred)

    def _offer(self, inferred: Any) -> None:
        """Gives the context to later calls, if nothing can be in it but what they would be traced to themselves."""
        ran = self._part.covered()
        # Rules for derivatives and the like run when the program is transformed, and nobody would hear of them.
        if ran is None or not _jax.is_plain_data(inferred[0]):
            return
        with contextlib.suppress(Refusal):
            if _key(self._session, self._key.parts.call).readable() == self._key.readable():
                self._part.when_settled(lambda undisturbed: self._end(ran if undisturbed else None))

    def _end(self, ran: Mapping[int, types.CodeType] | None) -> None:
        if ran is not None:
            with self._session.guard("the context of an inner trace"):
                self._session.contexts.end(self._key, self._context, ran, lowered=False)


def inner(session: Session, call: _jax.Call, bind: Callable[[Any], Answer]) -> Inner[Answer] | None:
    """How to trace an inner call; None where JAX is to do it as ever, in the context of the outer trace.

    Args:
        session: of this process.
        call: the call.
        bind: makes the call of what ``_jax.infer_params`` returned.
    """
    try:
        with session.guard("the preparation of an inner trace"):
            return _prepare(session, call, bind)
    except Refusal:
        pass
    return None


def _prepare(session: Session, call: _jax.Call, bind: Callable[[Any], Answer]) -> Inner[Answer] | None:
    if not _jax.is_tracing() or not _jax.has_backend() or _jax.process_count() > 1 or _jax.debug_modes():
        return None
    if session.store() is None or _jax.is_remembered(call):
        return None
    if _jax.is_jaxs_own(call.fun) or not fingerprint.may_listen():
        return None
    key = _key(session, dataclasses.replace(call, leaves=[_jax.without_trace(leaf) for leaf in call.leaves]))
    recording = fingerprint.recording_under_way()
    return None if recording is None else Inner(session, call, key, recording, bind)


def _key(session: Session, call: _jax.Call) -> CallKey:
    """The key of an inner call, as if it were made outside.

    Raises:
        Refusal: it gets none.
    """
    _jax.check_leaves(call.leaves)
    with _jax.own_context(None):
        return call_key(call_parts(call, session.environment().now()))
