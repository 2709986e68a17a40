"""Executables that JAX compiles by itself (eager operations, libraries, ``pmap``), in our store.

They are found by the key of JAX's own cache. That key names the toolchain by version strings only, so it becomes one
ingredient of ours, beside the environment of this process.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from jitserve import _core, _jax
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._session import current_session
from jitserve._writer import Job
from jitserve.record._manifest import SCHEMA
from jitserve.record._programs import read_program
from jitserve.store._tier import Digest, Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store


class StoredEntries:
    """Serves JAX's compilation cache from the store of this process's session. Implements ``_jax.Entries``."""

    def __init__(self) -> None:
        # Keys that were found. JAX hands over an executable for one of them only where what it got did not load.
        self._found: set[str] = set()

    def get(self, key: str) -> bytes | None:
        """The stored value; counts one outcome."""
        session = current_session()
        started = time.perf_counter()
        try:
            found = _find(session, key)
        except Refusal as refusal:
            session.bypass("jax", refusal)
            return None
        if found is None:
            session.faulted()
            return None
        value, compile_s = found
        if value is None:
            session.miss()
            return None
        self._found.add(key)
        load_s = time.perf_counter() - started
        session.hit(Outcome.LOWERED_HIT, load_s, compile_s - load_s)
        return value

    def put(self, key: str, value: bytes, compile_s: float) -> None:
        """Has the value published in the background."""
        session = current_session()
        # A refusal was counted by `get`.
        with contextlib.suppress(Refusal), session.guard("keeping an executable"):
            store = session.store()
            if store is not None and _jax.process_count() == 1:
                entry_key = _entry_key(session, key)
                broken = key in self._found
                self._found.discard(key)
                _submit(session, store, entry_key, value, compile_s, broken=broken)


def _find(session: Session, key: str) -> tuple[bytes | None, float] | None:
    """The value and its compile seconds; ``(None, 0.0)`` for a miss, None where something broke.

    Raises:
        Refusal: MULTI_PROCESS, or a configuration that cannot be digested.
    """
    if _jax.process_count() > 1:
        raise Refusal(BypassReason.MULTI_PROCESS, "jax", "several processes compute together")
    store = session.store()
    if store is None:
        return None
    with session.guard("the lookup of an executable"):
        payload = store.lookup(Kind.PROGRAM, _entry_key(session, key))
        if payload is None:
            return None, 0.0
        program = read_program(payload)
        value = store.fetch(Digest(program.executable.sha256, program.executable.size))
        return bytes(value), program.compile_s
    return None


def _entry_key(session: Session, key: str) -> bytes:
    tokens = _core.Tokens()
    tokens.begin("jitserve.jax_cache", 3)
    tokens.int_(SCHEMA)
    tokens.str_(key)
    tokens.digest_(session.environment().now().digest)
    return tokens.finish()


def _submit(session: Session, store: Store, key: bytes, value: bytes, compile_s: float, *, broken: bool) -> None:
    def run() -> None:
        with session.guard("publishing an executable"):
            if broken:
                session.fault("load_failure")
                store.quarantine(Kind.PROGRAM, key, "the executable does not load")
            digest = store.put(value)
            blob = pb.Blob(sha256=digest.hash, size=digest.size)
            program = pb.Program(schema=SCHEMA, executable=blob, compile_s=compile_s)
            store.publish(Kind.PROGRAM, key, program.SerializeToString(deterministic=True))

    if not session.writer.submit(Job(len(value), run, lambda: None)):
        session.fault("writer_full")
