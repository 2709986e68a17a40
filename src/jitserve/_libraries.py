"""What somebody has changed inside the libraries: code of others there is a part of every key, and every entry depends
on the library's own being bound where it was bound for its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve import _core, fingerprint
from jitserve.record._bindings import decode_bindings, encode_bindings
from jitserve.store._tier import Digest
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve.store._tier import DataPlane

KIND = "bindings"
_KEPT = 16  # records, of about 70 KB each: calls that are made one after the other mostly share theirs

Digests = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Bound:
    """What is bound inside the libraries at one moment.

    Attributes:
        patches: code of others in the libraries, by the name of the place, sorted.
        nodes: what others have registered classes of the libraries with, as nodes of trees, by class, sorted.
        digests: by the name of the module, or of the primitive.
    """

    patches: tuple[tuple[str, object], ...]
    nodes: tuple[tuple[str, object], ...]
    digests: Digests


class Libraries:
    """The libraries of this process. Everything is looked at again when it is asked for, and only what has changed."""

    def __init__(self) -> None:
        self._bindings = fingerprint.Bindings()
        self._intruders = fingerprint.Intruders(self._bindings)
        self._nodes = fingerprint.TreeNodes()
        self._encoded: tuple[Digests, bytes] | None = None
        self._recorded: dict[bytes, Digests] = {}
        self._version: tuple[Digests, int] = {}, 0
        self._compared: tuple[Digests, dict[bytes, list[str]]] = {}, {}
        self._bound: tuple[tuple[int, int], Bound] | None = None

    def bound(self) -> Bound:
        """What is bound now. The same object until something changes."""
        generation = self._bindings.look(), self._nodes.look()
        if self._bound is None or self._bound[0] != generation:
            patches, nodes = tuple(self._intruders.find()), tuple(self._nodes.find())
            self._bound = generation, Bound(patches, nodes, self._bindings.digests())
        return self._bound[1]

    def digests(self) -> Digests:
        """The digests of what is bound now. The same object until something changes."""
        return self.bound().digests

    def version(self, bound: Bound | None = None) -> bytes:
        """32 bytes, of this process only, that are new whenever something is bound otherwise than it was.

        Args:
            bound: what ``bound()`` has just returned, if the caller knows it.
        """
        now = (bound or self.bound()).digests
        before, number = self._version
        if before is not now:
            self._version = now, number + bool(fingerprint.differing(before, now))
        return _core.sha256(str(self._version[1]).encode())

    def record(self, before: Digests) -> bytes:
        """What was bound for a trace that ends now, as a blob.

        Args:
            before: what was bound when it began; what has been imported since is added.
        """
        now = self.digests()
        if self._encoded is None or self._encoded[0] is not before or now is not before:
            self._encoded = before, encode_bindings({**now, **before})
        return self._encoded[1]

    def changed(self, store: DataPlane, item: pb.Dependency, bound: Bound) -> list[str]:
        """The names of the modules and primitives where something is bound otherwise; empty: the dependency holds.

        Args:
            store: holds what was recorded.
            item: the dependency.
            bound: what is bound in this process.

        Raises:
            StoreFault: what was recorded cannot be read.
            RecordError: it is no such record.
        """
        now, compared = self._compared
        if now is not bound.digests:
            now, compared = self._compared = bound.digests, {}
        if item.digest not in compared:
            compared[item.digest] = fingerprint.differing(self._read(store, item), now)
        return compared[item.digest]

    def _read(self, store: DataPlane, item: pb.Dependency) -> Digests:
        if item.digest not in self._recorded:
            payload = store.fetch(Digest(item.digest, int(item.name)))
            if len(self._recorded) >= _KEPT:
                self._recorded.pop(next(iter(self._recorded)), None)
            self._recorded[item.digest] = decode_bindings(bytes(payload))
        return self._recorded[item.digest]


libraries = Libraries()


def bindings_dependency(record: bytes) -> pb.Dependency:
    """The dependency on what is in a record, whose blob has to be stored, too."""
    return pb.Dependency(kind=KIND, name=str(len(record)), digest=_core.sha256(record))
