"""Verify mode: on a sample of direct hits, trace and lower all the same, and compare the program keys.

A difference means that the fingerprint missed something that the trace reads. It must never happen; when it does, the
entry is set aside, counted and reported, and the call goes through plain JAX.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import time
from typing import TYPE_CHECKING, Any

from jitserve import _jax
from jitserve._difference import differences
from jitserve._errors import WrongHitError
from jitserve._ingredients import ingredients_of
from jitserve._key import CallKey, call_key, function_name
from jitserve._outcome import Refusal
from jitserve._program_key import encode_compilation, program_key
from jitserve._session import kind_of, logger
from jitserve._signals import pass_on
from jitserve.record._ingredients import decode_ingredients
from jitserve.store._tier import Digest, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jitserve._ingredient import Ingredient
    from jitserve._lookup import Direct
    from jitserve._session import Session
    from jitserve.store._tier import Store

# The user's generator is theirs to seed: it is left as it is, and a seeded program verifies other calls in every run.
_random = random.SystemRandom()


def is_right(session: Session, store: Store, call: _jax.Call, key: CallKey, direct: Direct) -> bool:
    """Whether a direct hit is what a trace would have given. True without a look for those not in the sample.

    Raises:
        WrongHitError: it is not, and ``JITSERVE_STRICT`` is on.
        what the user's function raises when it is traced.
    """
    share = session.settings.verify_share
    if share <= 0.0 or _random.random() >= share:
        return True
    fresh = _fresh_program_key(session, call)
    if fresh == direct.program_key:
        return True
    session.wrong_hit()
    with session.guard("setting a wrong entry aside"):
        store.quarantine(Kind.MANIFEST, key.digest, "verify mode: a trace gives another program")
    told = " ".join(_told(session, store, call, key, direct, fresh))
    logger.error("%s", told)
    if session.settings.strict:
        raise WrongHitError(told)
    return False


def _fresh_program_key(session: Session, call: _jax.Call) -> bytes:
    with _jax.own_context(object()):
        lowered = _jax.trace(call).lower(quietly=True)  # whoever makes the call warns
        return program_key(session, lowered, encode_compilation(lowered))


def _told(session: Session, store: Store, call: _jax.Call, key: CallKey, direct: Direct, fresh: bytes) -> Iterator[str]:
    """Writes a report of a wrong hit. Yields what happened, what to look at first, and where the report is."""
    yield f"a direct hit of {function_name(call)} is not what a trace gives; its entry is set aside."
    try:
        here = ingredients_of(call, key)
        waived = "; ".join(f"{part.name}: {part.text}" for part in here if part.kind == "waived")
        yield (
            f"What you vouch for is the first suspect ({waived})."
            if waived
            else "Please report it: a bug of jitserve's."
        )
        # With the time, since every process of a container may be number 1.
        name = f"{key.digest.hex()}-{os.getpid()}-{time.time_ns()}.json"
        path = session.settings.store_dir / "wrong-hits" / name
        _write(path, _report(store, call, key, direct, fresh, here))
        yield f"The report is {path}."
    except Exception as error:  # noqa: BLE001 - the call goes on, and whoever reads the log knows the rest
        pass_on(error)
        if not isinstance(error, Refusal):
            session.fault(kind_of(error))
        yield f"The report could not be written: {type(error).__name__}: {error}."


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))


def _report(
    store: Store, call: _jax.Call, key: CallKey, direct: Direct, fresh: bytes, here: list[Ingredient]
) -> dict[str, Any]:
    stored = _stored_ingredients(store, direct)
    return {
        "function": function_name(call),
        "time": time.time(),
        "call_key": key.digest.hex(),
        "whole_walk_is_equal": call_key(key.parts).digest == direct.variant.whole_key,
        "stored_program_key": direct.program_key.hex(),
        "fresh_program_key": fresh.hex(),
        "differences": differences(here, stored),
        "ingredients_here": list(map(_as_dict, here)),
        "ingredients_stored": list(map(_as_dict, stored)),
        "variant": str(direct.variant),
    }


def _stored_ingredients(store: Store, direct: Direct) -> list[Ingredient]:
    if not direct.variant.HasField("ingredients"):
        return []
    blob = direct.variant.ingredients
    return decode_ingredients(bytes(store.fetch(Digest(blob.sha256, blob.size)))).ingredients


def _as_dict(part: Ingredient) -> dict[str, object]:
    return {**dataclasses.asdict(part), "digest": part.digest.hex()}
