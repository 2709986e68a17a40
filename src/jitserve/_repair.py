"""A program whose executable did not load was compiled again from its StableHLO: it gets the new executable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitserve import _jax
from jitserve._outcome import Refusal
from jitserve._writer import Job
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store


def republish(session: Session, store: Store, program_key: bytes, program: pb.Program, executable: Any) -> None:
    """Has the program published again in the background, with the bytes of ``executable``, which has not run yet.

    Where those cannot be had, the program is published without: it serves as before, through its StableHLO. The record
    that named the broken executable was set aside.
    """
    try:
        data = _jax.serialize(executable)
    except Refusal:
        data = None
    repaired = pb.Program()
    repaired.CopyFrom(program)
    repaired.ClearField("executable")

    def run() -> None:
        with session.guard("repairing a program"):
            if data is not None:
                digest = store.put(data)
                repaired.executable.CopyFrom(pb.Blob(sha256=digest.hash, size=digest.size))
            store.publish(Kind.PROGRAM, program_key, repaired.SerializeToString(deterministic=True))

    if not session.writer.submit(Job(len(data or b""), run, lambda: None)):
        session.fault("writer_full")
