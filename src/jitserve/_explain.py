"""``jitserve.explain``: what would become of a call, without making it."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import jax

from jitserve import _jax, fingerprint
from jitserve._advice import advice_for
from jitserve._errors import RecordError, StoreFault
from jitserve._explanation import Explanation
from jitserve._footprint import WHOLE, Footprint
from jitserve._ingredients import ingredients_of
from jitserve._key import CallKey, CallParts, call_key, call_parts, function_name
from jitserve._lookup import prewarmed
from jitserve._missed import edited, missed
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._outdated import changed_dependencies
from jitserve._refused import known_refusal
from jitserve._session import Session, current_session
from jitserve._signals import pass_on
from jitserve._stand_aside import keeps_changing, stand_aside
from jitserve.record import _programs
from jitserve.record._footprints import read_footprints
from jitserve.record._manifest import read_manifest
from jitserve.store._tier import Kind

if TYPE_CHECKING:
    from jitserve._ingredient import Ingredient
    from jitserve.store._tier import Store
    from jitserve.v1 import record_pb2 as pb

# What ``nnx.jit`` and ``eqx.filter_jit`` return.
_JITTING = frozenset((("flax.nnx.transforms.compilation", "JitWrapped"), ("equinox._jit", "_JitWrapper")))
_STORING = "; this process is still storing what it has compiled, jitserve.flush() waits for it"


def explain(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Explanation:
    """Says what ``f(*args, **kwargs)`` would come to now: a hit, a miss and how it differs from what is stored, or why
    jitserve would stand aside.

        print(jitserve.explain(train_step, state, batch))

    It neither executes nor traces ``f``, changes nothing, and counts nothing. A process that has made a call of this
    signature before answers it from its own memory, whatever ``explain`` says.

    Args:
        f: what ``jitserve.jit`` returned, or a plain function, which is explained as if it had been jitted.
        args, kwargs: as for the call; ``jax.ShapeDtypeStruct`` may stand for an array, as for ``precompile``.

    Returns:
        An ``Explanation``; print it.

    Raises:
        what JAX raises for arguments that cannot be taken apart. Trouble with the cache is never raised: it is part of
        the answer.
    """
    try:
        stock = _jitted(f)
    except Refusal as refusal:
        return dataclasses.replace(_bypass(type(f).__qualname__, refusal, ()), advice="")  # which is about arguments
    call = _jax.parse_call(_jax.user_function(stock), _jax.options(stock), args, kwargs)
    name = function_name(call)
    session = current_session()
    trouble = [*_jits_another(f), *_cannot_be_made(call)]
    try:
        call = dataclasses.replace(call, leaves=[_jax.stand_in(leaf) for leaf in call.leaves])
        return dataclasses.replace(_explain(session, call, name, trouble), trouble=tuple(trouble))
    except Refusal as refusal:
        return _bypass(name, refusal, tuple(trouble))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the cache, the user asked for an answer
        trouble.append(f"{type(error).__name__}: {error}")
        summary = "the cache is broken; the call would go on through plain JAX"
        return Explanation(name, Outcome.FAULT, summary, trouble=tuple(trouble))


def _jitted(f: Callable[..., Any]) -> Any:
    """What ``f`` is, or becomes when it is jitted.

    Raises:
        Refusal: UNSUPPORTED_ARGUMENT, it cannot be jitted since an object of the user's raises an error.
        TypeError: JAX's own, for what is not callable.
    """
    with contextlib.suppress(Exception):  # an object may let nobody ask
        if hasattr(f, "_jit_info"):
            return f
    try:
        return _jax.stock_jit(f)
    except Exception as error:
        pass_on(error)
        if not callable(f):
            raise
        detail = f"jit would raise {type(error).__name__}: {error}"
        raise Refusal(BypassReason.UNSUPPORTED_ARGUMENT, "function", detail) from None


def _jits_another(f: object) -> list[str]:
    kind = type(f)
    if (kind.__module__, kind.__qualname__) not in _JITTING:
        return []
    what = "jits a function of its own when it is called, which is not what is explained here; JITSERVE_LOG=debug tells"
    return [f"a {kind.__qualname__} of {kind.__module__.partition('.')[0]} {what}"]


def _cannot_be_made(call: _jax.Call) -> Iterator[str]:
    """Why the call would raise an error before anything of the function ran."""
    try:
        hash(call.signature)
    except Exception as error:  # noqa: BLE001 - whatever a static argument raises
        pass_on(error)
        yield f"the call would raise {type(error).__name__}: {error}"
    function = call.fun.__func__ if type(call.fun) is types.MethodType else call.fun
    if type(function) is not types.FunctionType or hasattr(function, "__signature__"):
        return  # what such a callable takes, only a call of it shows
    try:
        inspect.signature(call.fun, follow_wrapped=False).bind(*call.args, **call.kwargs)
    except TypeError as error:
        yield f"the call would raise TypeError: {error}"


def _explain(session: Session, call: _jax.Call, name: str, trouble: list[str]) -> Explanation:
    if session.settings.disabled:
        raise Refusal(BypassReason.STORE_DISABLED, "call", "JITSERVE_DISABLE is set: jitserve.jit is jax.jit")
    if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
        raise Refusal(BypassReason.DISABLE_JIT, "call", "jax_disable_jit is on")
    refused = stand_aside(call)
    if refused is not None:
        raise refused
    store = session.store()
    if store is None:
        return Explanation(name, Outcome.FAULT, "the store cannot be used; the call would go on through plain JAX")
    refused = keeps_changing(session, call) if _jax.process_count() == 1 else None
    if refused is not None:
        raise refused
    parts = call_parts(call, session.environment().now())
    is_storing = not session.writer.flush(0.0)  # asked before the lookup, which may find half of it
    found = _found_by_footprint(store, parts, trouble)
    if found is not None and found.outcome is not Outcome.MISS:
        return dataclasses.replace(found, function=name, waived=_waived(ingredients_of(call, call_key(parts))))
    key = call_key(parts)
    if found is not None:
        found = edited(store, name, key, trouble) or found
    else:
        refused = session.refusal_of(key.digest) or known_refusal(session, store, key)
        if refused is not None:
            raise refused
        found = missed(store, name, key, trouble)
        found = dataclasses.replace(found, hazards=_hazards(session, key), key=key.digest.hex())
    summary = f"{found.summary}{_STORING if is_storing else ''}"
    return dataclasses.replace(found, function=name, summary=summary, waived=_waived(ingredients_of(call, key)))


def _waived(ingredients: list[Ingredient]) -> tuple[str, ...]:
    return tuple(f"{part.name}: {part.text}" for part in ingredients if part.kind == "waived")


def _found_by_footprint(store: Store, parts: CallParts, trouble: list[str]) -> Explanation | None:
    """What is stored under the call's own keys; the first hit, or else the entry of which least has changed since.

    Raises:
        Refusal: an entry holds that is not for this call.
    """
    outdated, refused = None, None
    for footprint in _footprints(store, parts, trouble):
        try:
            key = call_key(parts, footprint)
        except Refusal:
            continue
        try:
            found = _found(store, key, trouble)
        except Refusal as refusal:
            refused = refused or refusal
            continue
        if found is not None and found.outcome is not Outcome.MISS:
            return found
        if outdated is None or (found is not None and len(found.differences) < len(outdated.differences)):
            outdated = found
    if refused is not None:
        raise refused
    return outdated


def _footprints(store: Store, parts: CallParts, trouble: list[str]) -> list[Footprint]:
    """The footprints that calls of the function are stored under, in the order in which a call looks for them."""
    if _jax.process_count() > 1:
        return [WHOLE]
    try:
        payload = store.lookup(Kind.FOOTPRINTS, parts.root_key)
        return [] if payload is None else read_footprints(payload)[::-1]
    except (StoreFault, RecordError) as error:
        trouble.append(str(error))
        return []


def _found(store: Store, key: CallKey, trouble: list[str]) -> Explanation | None:
    """What the entry under the call's own key comes to; None where there is none, or none with a program.

    Raises:
        Refusal: as in a lookup.
    """
    outdated: list[tuple[str, ...]] = []
    try:
        payload = store.lookup(Kind.MANIFEST, key.digest)
        for variant in [] if payload is None else read_manifest(payload).variants:
            changed = tuple(dict.fromkeys(changed_dependencies(store, variant)))
            record = None if changed else store.lookup(Kind.PROGRAM, variant.program_key)
            refused = None if changed else prewarmed(key, variant)
            if refused is not None:
                raise refused
            if record is not None:
                found = _hit(variant, _programs.read_program(record))
                return dataclasses.replace(found, key=key.digest.hex())
            if changed:
                outdated.append(changed)
            else:
                trouble.append("the entry is there, and its program is not")
    except (StoreFault, RecordError) as error:
        trouble.append(str(error))
    if not outdated:
        return None
    summary = "the entry is there, but something that its trace read from outside has changed"
    name = key.digest.hex()
    return Explanation("", Outcome.MISS, summary, key=name, nearest=name, differences=min(outdated, key=len))


def _hazards(session: Session, key: CallKey) -> tuple[str, ...]:
    earlier = (made.refusal for made in session.repeated.of(key.parts.call.fun))
    told = [
        *(_earlier(refusal) for refusal in earlier if refusal.reason is BypassReason.TRACE_SIDE_EFFECT),
        *map(_hazard, key.walk.hazards),
        *map(_excused, key.walk.unread.excused),
    ]
    return tuple(dict.fromkeys(told))


def _earlier(refusal: Refusal) -> str:
    return f"{refusal.reason.value} at {refusal.path}, as an earlier call of this process did: {refusal.detail}"


def _hazard(hazard: fingerprint.Hazard) -> str:
    return f"{hazard.refusal.reason.value} in {hazard.place()}: {hazard.refusal.detail}"


def _excused(binding: fingerprint.Excused) -> str:
    return f"{binding.refusal.reason.value} at {binding.refusal.path}, if it is read: {binding.refusal.detail}"


def _hit(variant: pb.Variant, program: pb.Program) -> Explanation:
    costs = f"spares {variant.costs.trace_s + variant.costs.lower_s:.2g} s of tracing and lowering"
    if program.HasField("executable"):
        summary = f"{costs}, {program.compile_s:.2g} s of compilation"
        return Explanation("", Outcome.DIRECT_HIT, summary)
    return Explanation("", Outcome.PROGRAM_HIT, f"{costs}; XLA could not store the executable, it is compiled again")


def _bypass(name: str, refusal: Refusal, trouble: tuple[str, ...]) -> Explanation:
    return Explanation(
        function=name,
        outcome=Outcome.BYPASS,
        summary=refusal.detail,
        reason=refusal.reason,
        path=refusal.path,
        place=refusal.place,
        advice=advice_for(refusal.reason, f"{refusal.path} {refusal.detail}"),
        trouble=trouble,
    )
