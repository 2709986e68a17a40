"""Generations: entries that the processes of a distributed job made together, and that all of them load or none."""

from __future__ import annotations

from jitserve.v1 import record_pb2 as pb

# The kind of the one dependency that such an entry has: that every other process has its own of the same making.
_KIND = "generation"


def generation_dependency(generation: bytes) -> pb.Dependency:
    """Marks a variant as one of a set. Readers that do not ask the others see a dependency that they cannot verify."""
    return pb.Dependency(kind=_KIND, name="all processes", digest=generation)


def generation_of(variant: pb.Variant) -> bytes:
    """The set that a variant is one of; empty for a variant of one process, or with other dependencies besides."""
    if [dependency.kind for dependency in variant.dependencies] != [_KIND]:
        return b""
    return bytes(variant.dependencies[0].digest)
