"""Entries that were made together, as they are stored."""

from __future__ import annotations

from pathlib import Path

from jitserve._generation import generation_dependency, generation_of, other_dependencies
from jitserve._lookup import holds
from jitserve.record._manifest import merge, new_manifest, read_manifest
from jitserve.store._disk import DiskStore
from jitserve.v1 import record_pb2 as pb

READ = pb.Dependency(kind="environment", name="HOME", digest=bytes(32))


def made_together(generation: bytes) -> pb.Variant:
    return pb.Variant(dependencies=[READ, generation_dependency(generation)], program_key=generation)


def test_variant_of_one_process_is_of_no_generation() -> None:
    assert generation_of(pb.Variant(dependencies=[READ])) == b""


def test_generation_is_told_from_what_the_process_verifies_by_itself() -> None:
    variant = made_together(b"first")
    assert generation_of(variant) == b"first"
    assert other_dependencies(variant) == [READ]


def test_lookup_that_asks_no_other_process_never_takes_an_entry_made_together(tmp_path: Path) -> None:
    assert not holds(DiskStore(tmp_path / "store"), generation_dependency(b"first"))


def test_entry_of_a_later_generation_is_kept_beside_the_first_and_after_it() -> None:
    stored = merge(new_manifest(made_together(b"first")), new_manifest(made_together(b"second")))
    assert [generation_of(variant) for variant in read_manifest(stored).variants] == [b"first", b"second"]
