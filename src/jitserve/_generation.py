"""Generations: entries that the processes of a distributed job made together, and that all of them load or none."""

from __future__ import annotations

from jitserve.v1 import record_pb2 as pb

# The kind of the dependency that such an entry has besides others: that every process has its own of the same making.
_KIND = "generation"


def generation_dependency(generation: bytes) -> pb.Dependency:
    """Marks a variant as one of a set. Readers that do not ask the others see a dependency that they cannot verify."""
    return pb.Dependency(kind=_KIND, name="all processes", digest=generation)


def generation_of(variant: pb.Variant) -> bytes:
    """The set that a variant is one of; empty for a variant of one process."""
    return b"".join(dependency.digest for dependency in variant.dependencies if dependency.kind == _KIND)


def other_dependencies(variant: pb.Variant) -> list[pb.Dependency]:
    """What a process has to verify by itself."""
    return [dependency for dependency in variant.dependencies if dependency.kind != _KIND]
