"""What has changed of that which the trace of a stored entry read from outside, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jitserve import fingerprint
from jitserve._libraries import KIND as BINDINGS
from jitserve._libraries import libraries

if TYPE_CHECKING:
    from jitserve.store._tier import Store
    from jitserve.v1 import record_pb2 as pb

_KINDS = {
    fingerprint.DependencyKind.ANNOTATION: "the meaning of the annotation",
    fingerprint.DependencyKind.ENVIRONMENT: "environment variable",
    fingerprint.DependencyKind.FILE: "file",
    fingerprint.DependencyKind.HASH_SEED: "PYTHONHASHSEED, as it orders the sets of",
    fingerprint.DependencyKind.PACKAGE: "installed package",
}


def changed_dependencies(store: Store, variant: pb.Variant) -> Iterator[str]:
    """One sentence for each dependency of an entry that does not hold.

    Raises:
        StoreFault, RecordError: a record of what was read is damaged.
    """
    for item in variant.dependencies:
        if item.kind == BINDINGS:
            changed = libraries.changed(store, item, libraries.bound())
            yield from (f"what is bound in `{name}` changed" for name in changed)
            continue
        try:
            kind = fingerprint.DependencyKind(item.kind)
        except ValueError:
            yield f"{item.kind} `{item.name}` cannot be verified here"
            continue
        if not fingerprint.Dependency(kind, item.name, item.digest).holds():
            what = _KINDS[kind]
            yield f"{what} `{item.name}` changed, which the trace read"
