"""The cold side of a call, around the trace: the caller makes that from a frame of his own, as JAX does.

What the user's function is traced by, and so what its stack and its tracebacks look like, stays what it is without us.
"""

from __future__ import annotations

import contextlib
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from jitserve import _jax, fingerprint
from jitserve._audit import Audit
from jitserve._build import Trace, build
from jitserve._built import Plan
from jitserve._contexts import Context
from jitserve._given_up import Way, given_up
from jitserve._key import function_name
from jitserve._outcome import Outcome, Refusal
from jitserve._publish import publish
from jitserve._repeated import Made
from jitserve._unrecorded import token_of_trace, within

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Lease, Store

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Order(Generic[Answer]):
    """What there is to do.

    Attributes:
        call, session, store: whose call it is, and where it goes.
        plan: what to go by.
        plain: makes the call through plain JAX.
        bind: makes the call of what ``_jax.infer_params`` returned.
        refused: why the call got no key, if it got none.
        lease: on the call key, to be released when all is published.
    """

    call: _jax.Call
    session: Session
    store: Store
    plan: Plan
    plain: Callable[[], Answer]
    bind: Callable[[Any], Answer]
    refused: Refusal | None
    lease: Lease | None


class Cold(Generic[Answer]):
    """A call that has to be traced: within ``with``, by ``_jax.infer_params``, whose result goes to ``finish``.

    Args:
        order: what there is to do.
    """

    def __init__(self, order: Order[Answer]) -> None:
        self._order = order
        self._lease = order.lease
        self._context: Context | None = None
        self._token: object = None
        self._way: Way | None = None
        self._is_given_up = False
        self._stack = contextlib.ExitStack()
        self._listening = contextlib.ExitStack()
        self._audit: Audit | None = None
        self._started = 0.0

    def __enter__(self) -> Cold[Answer]:
        self._stack.callback(self._release)
        try:
            self._begin(sys._getframe(1))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)
        if self._way is not None and (error is not None or self._is_given_up):
            given_up.note(self._order.session, self._order.call, self._way)

    def finish(self, inferred: Any) -> tuple[Outcome, Answer]:
        """Lowers, compiles, publishes, and makes the call.

        Args:
            inferred: what ``_jax.infer_params`` returned.

        Raises:
            what XLA raises when it compiles, and what ``plain`` and ``bind`` raise.
        """
        order = self._order
        session, plan = order.session, order.plan
        self._way = Way(token=self._token)  # from here on, JAX has the trace, whatever becomes of the rest
        trace = Trace(_jax.Traced(inferred), time.perf_counter() - self._started, self._audit, self._listening)
        result = build(session, order.store, order.call, plan, trace)
        lease, self._lease = self._lease, None
        publish(session, order.store, result, lease)
        try:
            # What JAX does not find again its callback would trace and compile a second time.
            answer = order.plain() if _jax.is_found_again(order.call) else order.bind(inferred)
        finally:
            result.dispatched.set()
        self._stack.close()
        if plan.key is not None and self._context is not None:
            with session.guard("the context of a trace"):
                changing = () if self._audit is None else self._audit.changing
                # A call that is made again in this context may be traced again in it, and nobody would hear of that.
                ran = None if self._is_given_up else result.ran
                session.contexts.end(plan.key, self._context, ran, changing)
        refusal = result.refusal or order.refused
        if refusal is not None:
            session.repeated.note(order.call.fun, Made(self._token, refusal))
        return session.built(function_name(order.call), refusal, result), answer

    def _begin(self, base: types.FrameType) -> None:
        call, session, plan = self._order.call, self._order.session, self._order.plan
        self._is_given_up = given_up.has(session, call)
        if plan.key is None:
            # What gets no key is not found by one: like plain JAX, it may take inner traces from JAX's caches.
            self._token = token_of_trace(session, call.fun)
            self._stack.enter_context(within(self._token))
            self._listening.enter_context(fingerprint.Standby(base))
        else:
            self._context = Context()
            with session.guard("the context of a trace"):
                self._context = session.contexts.begin(plan.key, shared=not plan.generation)
            self._token = self._context.token
            self._stack.enter_context(within(self._token))
            with session.guard("the audit of a trace"):
                self._audit = Audit(call, plan.key, self._context.codes)
        self._stack.push(self._listening)
        if self._audit is not None:
            self._listening.push(self._audit.__exit__)
            self._audit.begin(base)
            # The arguments have been taken apart before anybody listened, which runs code of the user's, too.
            _jax.parse_call(call.fun, call.info, call.args, call.kwargs)
        self._started = time.perf_counter()

    def _release(self) -> None:
        if self._lease is not None:
            self._lease.release()
