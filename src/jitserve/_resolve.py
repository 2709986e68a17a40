"""The heart: what happens on a call that the dispatcher has not seen. The numbers are those of docs/architecture.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from jitserve import _jax
from jitserve._build import build
from jitserve._key import CallKey, call_key, function_name
from jitserve._lookup import Direct, look_up
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._publish import publish
from jitserve._verify import is_right
from jitserve.store._tier import Kind

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Lease, Store

Answer = TypeVar("Answer")


def resolve(
    session: Session, call: _jax.Call, plain: Callable[[], Answer], execute: Callable[[_jax.Call, Direct], Answer]
) -> tuple[Outcome, Answer]:
    """Answers a call from the store, or else through plain JAX, and then stores what was compiled.

    Args:
        session: of this process.
        call: the call.
        plain: makes the same call through plain JAX.
        execute: makes the call with an executable that was found before tracing.

    Returns:
        what became of the call, and what ``plain`` or ``execute`` returned.
    """
    refused = stand_aside(call)  # 1
    if refused is not None:
        session.bypass(function_name(call), refused)
        return Outcome.BYPASS, plain()
    store = session.store()
    if store is None:
        session.faulted()
        return Outcome.FAULT, plain()
    key, refused = _key(session, call)  # 2, 3
    if key is None and refused is None:
        session.faulted()
        return Outcome.FAULT, plain()
    direct = look_up(session, store, key) if key else None  # 4, 5, 6, 7
    lease = None
    if key is not None and direct is None:
        lease = _lease(session, store, key)  # 8
        if _is_published(session, store, key):
            # Somebody else compiled it meanwhile. Loading needs no lease: those who waited load side by side.
            _release(lease)
            lease = None
            direct = look_up(session, store, key)
    if direct is not None and key is not None and is_right(session, store, call, key, direct):
        session.hit(direct.loaded.outcome, direct.load_s, direct.saved_s)
        _jax.warn_again(direct.warnings)
        return direct.loaded.outcome, execute(call, direct)
    return _compile(session, store, call, key, refused, lease, plain)  # 9, 10, 11


def stand_aside(call: _jax.Call) -> Refusal | None:
    """Why this call is none of ours, if so."""
    try:
        if not _jax.at_top_level():
            raise Refusal(BypassReason.NESTED_TRACE, "call", "it is made while JAX traces")
        _jax.check_leaves(call.leaves)
        for mode in _jax.debug_modes():
            raise Refusal(BypassReason.DEBUG_MODE, mode, "it changes what a call does beside computing")
        if _jax.process_count() > 1:
            raise Refusal(BypassReason.MULTI_PROCESS, "call", "several processes compute together")
    except Refusal as refusal:
        return refusal.without_frames()
    return None


def _key(session: Session, call: _jax.Call) -> tuple[CallKey | None, Refusal | None]:
    try:
        with session.guard("the fingerprint"):
            return call_key(call, session.environment().ingredients()), None
    except Refusal as refusal:
        return None, refusal.without_frames()
    return None, None


def _lease(session: Session, store: Store, key: CallKey) -> Lease | None:
    with session.guard("the lease"):
        return store.acquire(key.digest, session.settings.lease_timeout_s)
    return None


def _is_published(session: Session, store: Store, key: CallKey) -> bool:
    with session.guard("the lookup"):
        return store.lookup(Kind.MANIFEST, key.digest) is not None
    return False


def _release(lease: Lease | None) -> None:
    if lease is not None:
        lease.release()


def _compile(
    session: Session,
    store: Store,
    call: _jax.Call,
    key: CallKey | None,
    refused: Refusal | None,
    lease: Lease | None,
    plain: Callable[[], Answer],
) -> tuple[Outcome, Answer]:
    try:
        with _jax.fresh_context(object()):
            result = build(session, store, call, key)
            publish(session, store, result, lease)
            lease = None
            answer = plain()
        return session.built(function_name(call), result.refusal or refused, result), answer
    finally:
        _release(lease)
