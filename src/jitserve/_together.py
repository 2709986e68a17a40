"""Calls that devices of several processes take part in: looked up here, agreed upon, and loaded by all or by none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve import _jax
from jitserve._agreement import Decision, Ready, Verb, decide, subject
from jitserve._errors import AgreementError
from jitserve._generation import generation_of, other_dependencies
from jitserve._key import CallKey, function_name
from jitserve._lookup import Direct, direct_of, holds, load_executable, prewarmed
from jitserve._outcome import Refusal
from jitserve._session import logger
from jitserve.record._manifest import read_manifest
from jitserve.store._tier import Kind

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the processes agreed on, and, if that is to load, what this one has loaded.

    ``refused`` says why this process could not agree to load what it has; None where it could, or has nothing.
    """

    decision: Decision
    direct: Direct | None
    refused: Refusal | None = None


def agree(session: Session, store: Store, call: _jax.Call, key: CallKey | None, processes: frozenset[int]) -> Agreed:
    """Finds and loads this process's own entry, and then decides with the others what becomes of the call.

    Args:
        key: the call key; None for a call that was refused one.
        processes: whose devices the call names.
    """
    try:
        with session.guard("agreeing with the other processes"):
            return _agree(session, store, call, key, processes)
    except Refusal:
        pass  # of the arguments, and so in all processes alike
    return Agreed(Decision(Verb.PLAIN), None)


def decline(session: Session, call: _jax.Call, processes: frozenset[int]) -> None:
    """Tells the others that this process goes through plain JAX, whatever they have: nobody waits for it."""
    try:
        with session.guard("telling the other processes"):
            decide(subject(call, function_name(call), processes), Verb.PLAIN, 0.0)
    except Refusal:
        pass  # of the arguments, and so in all processes alike


def _agree(session: Session, store: Store, call: _jax.Call, key: CallKey | None, processes: frozenset[int]) -> Agreed:
    about = subject(call, function_name(call), processes)
    direct = _find(session, store, key) if key is not None else None
    vote: Ready | Verb = Verb.PLAIN if key is None else Verb.COMPILE
    refused = None if key is None or direct is None else prewarmed(key, direct.variant)
    if refused is not None:
        vote = Verb.PLAIN
    elif direct is not None:
        vote = Ready(generation_of(direct.variant), _jax.processes_of(direct.loaded.executable))
    try:
        decision = decide(about, vote, session.settings.agreement_timeout_s)
    except AgreementError as error:
        session.fault("agreement")
        logger.warning("%s goes through plain JAX, the job's processes cannot agree: %s", function_name(call), error)
        return Agreed(Decision(Verb.PLAIN), None, refused)
    return Agreed(decision, direct if decision.verb is Verb.LOAD else None, refused)


def _find(session: Session, store: Store, key: CallKey) -> Direct | None:
    """The newest entry of this process that loads. Nothing is compiled: the others might have nothing to compile."""
    try:
        with session.guard("the lookup"):
            started = time.perf_counter()
            payload = store.lookup(Kind.MANIFEST, key.digest)
            variants = [] if payload is None else read_manifest(payload).variants
            for variant in reversed(variants):
                if generation_of(variant) and all(holds(store, item) for item in other_dependencies(variant)):
                    found = load_executable(session, store, variant.program_key)
                    if found is not None and _jax.process_index() in _jax.processes_of(found.executable):
                        return direct_of(key, variant, found, started)
    except Refusal:
        pass  # as in an ordinary lookup: the cold side finds out and says so
    return None
