"""The heart: what happens on a call that the dispatcher has not seen. The numbers are those of docs/architecture.md."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from jitserve import _jax, _patience
from jitserve._agreement import Verb
from jitserve._built import Build, Plan
from jitserve._cold import Cold, Order
from jitserve._given_up import Way, given_up
from jitserve._inner import Inner, inner
from jitserve._key import CallKey, CallParts, call_parts, function_name
from jitserve._left_behind import leave_behind
from jitserve._lookup import Direct
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._refused import known_refusal
from jitserve._repeated import Made
from jitserve._search import Found, Search
from jitserve._stand_aside import keeps_changing, stand_aside
from jitserve._together import agree, decline
from jitserve._unrecorded import where_traced, within
from jitserve._users import users_own
from jitserve._verify import is_right

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Lease, Store

Answer = TypeVar("Answer")
Resolved: TypeAlias = tuple[Outcome, Answer] | Cold[Answer] | Inner[Answer]


def resolve(
    session: Session,
    call: _jax.Call,
    plain: Callable[[], Answer],
    execute: Callable[[_jax.Call, Direct], Answer],
    bind: Callable[[Any], Answer],
) -> Resolved[Answer]:
    """Answers a call from the store, or else through plain JAX, and then stores what was compiled.

    Args:
        session: of this process.
        call: the call.
        plain: makes the same call through plain JAX.
        execute: makes the call with an executable that was found before tracing.
        bind: makes the call of what ``_jax.infer_params`` returned: an inner call, or one that ``plain`` would trace a
            second time.

    Returns:
        what became of the call, and what ``plain`` or ``execute`` returned; for a call that has to be traced, what to
        do that with.
    """
    refused = stand_aside(call)  # 1
    if refused is not None:
        return _bypass(session, call, refused, plain, bind)
    again = _again(session, call, plain, execute)
    if again is not None:
        return again
    processes = _processes(session, call)
    store = session.store()
    if store is None:
        return _fault(session, call, processes), plain()
    refused = None if processes else keeps_changing(session, call)
    if refused is not None:
        return _compile(_Keyed(session, store, call, None, plain, execute, bind), None, refused, None)
    parts, refused = _parts(session, call)  # 2
    if parts is None and refused is None:
        return _fault(session, call, processes), plain()
    search = None if parts is None else _search(session, store, parts)
    keyed = _Keyed(session, store, call, search, plain, execute, bind)
    found = search.find() if search is not None else None  # 3, 4, 5, 6, 7
    if found is not None:
        return _hit(keyed, found)
    key, refused = (None, refused) if search is None else search.whole()
    if key is None and refused is None:
        return _fault(session, call, processes), plain()
    processes |= _captured_processes(key)
    key, refused = _unless_prewarmed(search, key, refused)
    if processes:
        return _resolve_together(keyed, processes, key, refused)
    known = None if key is None else known_refusal(session, store, key)
    if key is not None and known is not None:
        session.built(function_name(call), known, Build(call_key=key.digest))
        session.repeated.note(call.fun, Made(None, known))
        return Outcome.BYPASS, plain()
    return _compile_once(keyed, key, refused)


@dataclass(frozen=True, slots=True)
class _Keyed(Generic[Answer]):
    """A call, where to look for it (unless it was refused a key), and the ways to make it."""

    session: Session
    store: Store
    call: _jax.Call
    search: Search | None
    plain: Callable[[], Answer]
    execute: Callable[[_jax.Call, Direct], Answer]
    bind: Callable[[Any], Answer]


def _bypass(
    session: Session,
    call: _jax.Call,
    refused: Refusal,
    plain: Callable[[], Answer],
    bind: Callable[[Any], Answer],
) -> Resolved[Answer]:
    session.bypass(function_name(call), refused)
    nested = refused.reason is BypassReason.NESTED_TRACE
    step = inner(session, call, bind) if nested else None
    if step is not None:
        return step
    # What JAX explains is what it has traced before.
    is_debugged = refused.reason is BypassReason.DEBUG_MODE
    with where_traced(session, call.fun) if is_debugged else contextlib.nullcontext():
        return Outcome.BYPASS, plain()


def _again(
    session: Session, call: _jax.Call, plain: Callable[[], Answer], execute: Callable[[_jax.Call, Direct], Answer]
) -> tuple[Outcome, Answer] | None:
    """Makes a call as it was made before, if it is one that JAX's dispatcher asks for again and again."""
    made = _made_before(session, call)
    if made is not None:
        session.bypass(function_name(call), made.refusal)
        with within(made.token):
            return Outcome.BYPASS, plain()
    way = given_up.way_of(session, call)
    if way is None:
        return None
    # It counts as nothing: with the dispatcher, which remembers other calls, they do not count either.
    if way.direct is not None:
        return way.direct.loaded.outcome, execute(call, way.direct)
    with within(way.token):
        return Outcome.BYPASS, plain()


def _made_before(session: Session, call: _jax.Call) -> Made | None:
    """A call that was refused, and that JAX has in its caches: it is made again without another look."""
    for made in session.repeated.of(call.fun):
        with session.guard("the look for an earlier call"), within(made.token):
            if _jax.process_count() == 1 and _jax.is_remembered(call):
                return made
    return None


def _processes(session: Session, call: _jax.Call) -> frozenset[int]:
    """The processes that the call names; empty for a local call, as is every call of a job of one process."""
    with session.guard("the look for other processes"):
        return _jax.processes_named(call) if _jax.process_count() > 1 else frozenset()
    return frozenset()


def _captured_processes(key: CallKey | None) -> frozenset[int]:
    """The processes whose devices the function itself knows; empty where they are those of this process."""
    captured = frozenset() if key is None else key.walk.processes
    return captured if captured and not captured <= {_jax.process_index()} else frozenset()


def _unless_prewarmed(
    search: Search | None, key: CallKey | None, refused: Refusal | None
) -> tuple[CallKey | None, Refusal | None]:
    """No key where an entry was found that is not for this call: the audit of a trace would refuse it as well."""
    prewarmed = None if search is None else search.prewarmed
    return (key, refused) if prewarmed is None else (None, prewarmed)


def _search(session: Session, store: Store, parts: CallParts) -> Search:
    if _jax.process_count() > 1:
        return Search(session, store, parts, pruned=False)
    dropped = False
    with session.guard("the look for cleared caches"):
        dropped = session.answered.is_dropped(parts.call, parts.root_key)
    return Search(session, store, parts, pruned=True, dropped=dropped)


def _fault(session: Session, call: _jax.Call, processes: frozenset[int]) -> Outcome:
    session.faulted()
    if processes:
        decline(session, call, processes)
    return Outcome.FAULT


def _resolve_together(
    keyed: _Keyed[Answer], processes: frozenset[int], key: CallKey | None, refused: Refusal | None
) -> Resolved[Answer]:
    """For a call that names devices of other processes: there is no lease, and every process does the same."""
    session, call = keyed.session, keyed.call
    agreed = agree(session, keyed.store, call, key, processes)
    if key is not None and agreed.direct is not None:
        leave_behind(session, key, agreed.direct)  # the others load by now, whatever it comes to here
        return _answer(keyed, agreed.direct)
    if agreed.decision.verb is Verb.COMPILE:
        return _compile(keyed, key, refused, None, agreed.decision.generation)
    reason = "the processes of the job did not agree to use the cache"
    refused = refused or agreed.refused or Refusal(BypassReason.MULTI_PROCESS, "call", reason)
    session.bypass(function_name(call), refused)
    return Outcome.BYPASS, keyed.plain()


def _compile_once(keyed: _Keyed[Answer], key: CallKey | None, refused: Refusal | None) -> Resolved[Answer]:
    """Compiles, unless another process does so first; what is to be traced again does not wait for others."""
    if keyed.search is None or key is None or keyed.search.dropped:
        return _compile(keyed, key, refused, None)
    lease = _lease(keyed, key)  # 8
    if keyed.search.has_changed():
        # Somebody else has compiled it meanwhile. Loading needs no lease: those who waited load side by side.
        _release(lease)
        lease = None
        found = keyed.search.find()
        if found is not None:
            return _hit(keyed, found)
    return _compile(keyed, key, refused, lease)  # 9, 10, 11


def _hit(keyed: _Keyed[Answer], found: Found) -> Resolved[Answer]:
    session, direct = keyed.session, found.direct
    if is_right(session, keyed.store, keyed.call, found.key, direct) and leave_behind(session, found.key, direct):
        return _answer(keyed, direct)
    key, refused = keyed.search.whole() if keyed.search is not None else (None, None)
    return _compile(keyed, key, refused, None)


def _answer(keyed: _Keyed[Answer], direct: Direct) -> tuple[Outcome, Answer]:
    keyed.session.hit(direct.loaded.outcome, direct.load_s, direct.saved_s)
    keyed.session.made(function_name(keyed.call), direct.loaded.outcome)
    with users_own:  # who makes warnings errors gets this one
        _jax.warn_again(direct.warnings)
    way = Way(direct=direct)
    try:
        answer = keyed.execute(keyed.call, direct)
    except BaseException:
        given_up.note(keyed.session, keyed.call, way)
        raise
    if given_up.has(keyed.session, keyed.call):
        given_up.note(keyed.session, keyed.call, way)
    return direct.loaded.outcome, answer


def _parts(session: Session, call: _jax.Call) -> tuple[CallParts | None, Refusal | None]:
    try:
        with session.guard("the fingerprint"):
            return call_parts(call, session.environment().now()), None
    except Refusal as refusal:
        return None, refusal.without_frames()
    return None, None


def _lease(keyed: _Keyed[Answer], key: CallKey) -> Lease | None:
    with keyed.session.guard("the lease"):
        return _patience.acquire(keyed.session, keyed.store, key.digest, function_name(keyed.call))
    return None


def _release(lease: Lease | None) -> None:
    if lease is not None:
        lease.release()


def _compile(
    keyed: _Keyed[Answer], key: CallKey | None, refused: Refusal | None, lease: Lease | None, generation: bytes = b""
) -> Cold[Answer]:
    known = None if generation or keyed.search is None else keyed.search.known
    plan = Plan(key, known, generation)
    return Cold(Order(keyed.call, keyed.session, keyed.store, plan, keyed.plain, keyed.bind, refused, lease))
