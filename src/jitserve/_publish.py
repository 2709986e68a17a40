"""Publishing what a cold call built: blobs first, then the program, the manifest, and the footprint to find it by."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from jitserve._build import release
from jitserve._built import Build
from jitserve._outcome import Refusal
from jitserve._writer import Job
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Lease, Store


_HEAD_START_S = 0.1  # for a call that waits until its program has run


def publish(session: Session, store: Store, result: Build, lease: Lease | None) -> None:
    """Hands a build to the background writer, which releases the leases when it is done.

    The writer gets bytes, or an executable to take them of: it must not keep the user's objects alive.
    """

    def finish() -> None:
        release(result)
        if lease is not None:
            lease.release()

    def run() -> None:
        try:
            with session.guard("publishing"):
                _write(session, store, result)
        finally:
            finish()

    if result.program is None and not result.manifests and not result.refused:
        finish()
        return
    size = len(result.executable or b"") + len(result.stablehlo)
    if not session.writer.submit(Job(size, run, finish)):
        session.fault("writer_full")


def _write(session: Session, store: Store, result: Build) -> None:
    if result.program is not None:
        if result.later is not None:
            # It holds the interpreter's lock: while the program runs, nobody needs that.
            result.dispatched.wait(_HEAD_START_S)
            with contextlib.suppress(Refusal):  # a program hit will compile it from its StableHLO
                result.executable = result.later()
            result.later = None
        if result.executable is not None:
            result.program.executable.CopyFrom(_put(store, result.executable))
        result.program.stablehlo.CopyFrom(_put(store, result.stablehlo))
        store.publish(Kind.PROGRAM, result.stored_key, result.program.SerializeToString(deterministic=True))
    if result.ingredients:
        _put(store, result.ingredients)
    for bindings in result.bindings:
        _put(store, bindings)
    for key, manifest in result.manifests.items():
        store.publish(Kind.MANIFEST, key, manifest)
    if result.footprints:
        store.publish(Kind.FOOTPRINTS, result.root_key, result.footprints)
    if result.refused:
        store.publish(Kind.MANIFEST, result.call_key, result.refused)
    if result.manifests:
        session.published()


def _put(store: Store, data: bytes) -> pb.Blob:
    digest = store.put(data)
    return pb.Blob(sha256=digest.hash, size=digest.size)
