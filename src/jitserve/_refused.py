"""Calls whose programs cannot be stored: found out by the first process, and known to those that come later.

That a program calls back into Python shows only when it has been traced and lowered under the recorder. A later process
with the same call key goes through plain JAX at once. To stand aside is always right, so that nothing has to be proved.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jitserve import fingerprint
from jitserve._key import CallKey
from jitserve._lookup import holds
from jitserve._outcome import BypassReason, Refusal
from jitserve.record._manifest import new_refused, read_manifest
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store

# Of the program, so that every process with the same key comes to them again.
_LASTING = frozenset((BypassReason.HOST_CALLBACK, BypassReason.EFFECTS, BypassReason.REFS))


def known_refusal(session: Session, store: Store, key: CallKey) -> Refusal | None:
    """Why this process, or one before it, could not store the program of a call; None where none has said so.

    Args:
        key: the key that the program would have been published under.
    """
    mine = session.refusal_of(key.digest)
    if mine is not None and mine.reason is BypassReason.CONVENTION_UNSERIALIZABLE:
        return mine  # JAX's dispatcher asks for some of these every time: nothing is to be traced and compiled again
    with session.guard("the lookup"):
        payload = store.lookup(Kind.MANIFEST, key.digest)
        for item in [] if payload is None else read_manifest(payload).refused:
            if item.reason in _REASONS and all(holds(store, dependency) for dependency in item.dependencies):
                return Refusal(_REASONS[item.reason], item.path, item.detail)
    return None


_REASONS = {reason.value: reason for reason in _LASTING}


def refused_manifest(refusal: Refusal, dependencies: Iterable[fingerprint.Dependency]) -> bytes:
    """The manifest that tells later processes; empty where they had better find out for themselves.

    Args:
        refusal: what the look at the program came to.
        dependencies: what its trace read from outside.
    """
    if refusal.reason not in _LASTING:
        return b""
    read = [pb.Dependency(kind=item.kind.value, name=item.name, digest=item.digest) for item in dependencies]
    return new_refused(
        pb.Refused(dependencies=read, reason=refusal.reason.value, path=refusal.path, detail=refusal.detail)
    )
