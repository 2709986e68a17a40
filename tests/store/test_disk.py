"""The disk tier: records and blobs, by one process and by many."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from actors import actors, key

from jitserve._errors import StoreFault
from jitserve.record._manifest import new_manifest, read_manifest
from jitserve.store._disk import DiskStore
from jitserve.store._tier import RECORD_LIMIT, Digest, Kind
from jitserve.v1 import record_pb2


def manifest(name: str) -> bytes:
    """A manifest with one variant, told apart by its dependency."""
    dependency = record_pb2.Dependency(kind="env", name=name, digest=bytes(32))
    return new_manifest(record_pb2.Variant(dependencies=[dependency], program_key=bytes(32), function=name))


def variants(payload: bytes | None) -> set[str]:
    assert payload is not None
    return {variant.function for variant in read_manifest(payload).variants}


def quarantined(store: DiskStore) -> list[Path]:
    return sorted(path for path in store.layout.quarantine.glob("*/*") if path.name != "why")


def test_lookup_of_an_absent_key_is_a_miss(store: DiskStore) -> None:
    assert store.lookup(Kind.MANIFEST, key(1)) is None
    assert store.lookup(Kind.PROGRAM, key(1)) is None


def test_published_records_are_seen_through_another_store_object(store: DiskStore) -> None:
    store.publish(Kind.PROGRAM, key(1), b"program")
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    other = DiskStore(store.layout.root)
    assert other.lookup(Kind.PROGRAM, key(1)) == b"program"
    assert variants(other.lookup(Kind.MANIFEST, key(1))) == {"a"}


def test_publish_program_twice_keeps_the_first(store: DiskStore) -> None:
    store.publish(Kind.PROGRAM, key(1), b"first")
    store.publish(Kind.PROGRAM, key(1), b"second")
    assert store.lookup(Kind.PROGRAM, key(1)) == b"first"


def test_publish_manifest_twice_keeps_the_variants_of_both(store: DiskStore) -> None:
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    store.publish(Kind.MANIFEST, key(1), manifest("b"))
    assert variants(store.lookup(Kind.MANIFEST, key(1))) == {"a", "b"}


def test_publish_manifest_by_many_processes_at_once_keeps_the_variants_of_all(store: DiskStore) -> None:
    with actors(6, JITSERVE_DIR=str(store.layout.root)) as crowd:
        for number, actor in enumerate(crowd):
            actor.start("publish", key=key(1).hex(), payload=manifest(f"process {number}").hex())
        for actor in crowd:
            actor.result()
    assert variants(store.lookup(Kind.MANIFEST, key(1))) == {f"process {number}" for number in range(6)}


def test_publish_under_the_lease_of_the_same_key_does_not_wait_for_it(store: DiskStore) -> None:
    lease = store.acquire(key(1), 0.0)
    assert lease is not None
    with lease:
        store.publish(Kind.MANIFEST, key(1), manifest("a"))
    assert variants(store.lookup(Kind.MANIFEST, key(1))) == {"a"}


def test_publish_too_large_is_refused_by_name(store: DiskStore) -> None:
    with pytest.raises(StoreFault) as caught:
        store.publish(Kind.PROGRAM, key(1), bytes(RECORD_LIMIT + 1))
    assert caught.value.kind == "bad_record"
    assert store.lookup(Kind.PROGRAM, key(1)) is None


def test_publish_that_cannot_be_merged_leaves_what_was_there(tmp_path: Path) -> None:
    def picky(old: bytes | None, new: bytes) -> bytes:
        if old is not None:
            raise ValueError("these two do not go together")
        return new

    store = DiskStore(tmp_path / "store", merge=picky)
    store.publish(Kind.MANIFEST, key(1), b"old")
    with pytest.raises(StoreFault, match="do not go together") as caught:
        store.publish(Kind.MANIFEST, key(1), b"new")
    assert caught.value.kind == "bad_record"
    assert store.lookup(Kind.MANIFEST, key(1)) == b"old"


def test_blob_comes_back_as_it_was_put(store: DiskStore) -> None:
    for data in (b"", b"x", bytes(range(256)) * 5000):
        digest = store.put(data)
        assert digest.size == len(data)
        assert store.fetch(digest) == data


def test_fetched_blob_outlives_its_file(store: DiskStore) -> None:
    digest = store.put(b"still here")
    view = store.fetch(digest)
    store.layout.blob(digest).unlink()
    assert view == b"still here"
    assert view.readonly


def test_fetch_of_an_absent_blob_is_a_fault_of_its_own_kind(store: DiskStore) -> None:
    with pytest.raises(StoreFault) as caught:
        store.fetch(Digest(bytes(32), 7))
    assert caught.value.kind == "missing_blob"


def test_damaged_blob_is_quarantined_and_can_be_put_again(store: DiskStore) -> None:
    digest = store.put(b"abcdef")
    store.layout.blob(digest).write_bytes(b"abcdeF")
    with pytest.raises(StoreFault) as caught:
        store.fetch(digest)
    assert caught.value.kind == "corrupt_blob"
    assert [path.read_bytes() for path in quarantined(store)] == [b"abcdeF"]
    assert store.put(b"abcdef") == digest
    assert store.fetch(digest) == b"abcdef"


def test_flipped_byte_anywhere_in_a_manifest_is_found_and_the_record_set_aside(store: DiskStore) -> None:
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    path = store.layout.record(Kind.MANIFEST, key(1))
    intact = path.read_bytes()
    for offset in range(len(intact)):
        damaged = bytearray(intact)
        damaged[offset] ^= 0x40
        path.write_bytes(damaged)
        with pytest.raises(StoreFault) as caught:
            store.lookup(Kind.MANIFEST, key(1))
        assert caught.value.kind == "corrupt_record", offset
        assert store.lookup(Kind.MANIFEST, key(1)) is None, offset
    assert len(quarantined(store)) == len(intact)
    assert all((path.parent / "why").read_text().startswith("lookup: ") for path in quarantined(store))


@pytest.mark.parametrize("cut", [0, 1, -1])
def test_truncated_or_padded_record_is_found(store: DiskStore, cut: int) -> None:
    store.publish(Kind.PROGRAM, key(1), b"program")
    path = store.layout.record(Kind.PROGRAM, key(1))
    intact = path.read_bytes()
    path.write_bytes(intact[: len(intact) // 2 * cut] if cut >= 0 else intact + b"\0")
    with pytest.raises(StoreFault) as caught:
        store.lookup(Kind.PROGRAM, key(1))
    assert caught.value.kind == "corrupt_record"


def test_publish_over_a_damaged_record_heals_it(store: DiskStore) -> None:
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    store.layout.record(Kind.MANIFEST, key(1)).write_bytes(b"rubbish")
    store.publish(Kind.MANIFEST, key(1), manifest("b"))
    assert variants(store.lookup(Kind.MANIFEST, key(1))) == {"b"}
    assert [path.read_bytes() for path in quarantined(store)] == [b"rubbish"]


def test_quarantined_record_is_not_served_and_not_lost(store: DiskStore) -> None:
    store.publish(Kind.PROGRAM, key(1), b"program")
    store.quarantine(Kind.PROGRAM, key(1), "it does not load")
    store.quarantine(Kind.PROGRAM, key(1), "nothing there any more")
    assert store.lookup(Kind.PROGRAM, key(1)) is None
    (path,) = quarantined(store)
    assert b"program" in path.read_bytes()
    assert (path.parent / "why").read_text() == "it does not load\n"


def test_usage_counts_entries_blobs_and_quarantine(store: DiskStore) -> None:
    assert store.usage().entries == store.usage().bytes == 0
    digest = store.put(b"12345")
    store.publish(Kind.PROGRAM, key(1), b"program")
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    store.publish(Kind.MANIFEST, key(2), manifest("a"))
    store.quarantine(Kind.MANIFEST, key(2), "")
    usage = store.usage()
    assert (usage.entries, usage.manifests, usage.programs, usage.blobs, usage.quarantined) == (2, 1, 1, 1, 1)
    files = [
        store.layout.blob(digest),
        store.layout.record(Kind.PROGRAM, key(1)),
        store.layout.record(Kind.MANIFEST, key(1)),
    ]
    assert usage.bytes == sum(path.stat().st_size for path in files)


def test_everything_in_the_store_is_for_its_owner_only(store: DiskStore) -> None:
    store.put(b"12345")
    store.publish(Kind.MANIFEST, key(1), manifest("a"))
    store.quarantine(Kind.MANIFEST, key(1), "")
    with store.acquire(key(1), 0.0) or pytest.fail("not free"):
        paths = [store.layout.root, *store.layout.root.rglob("*")]
        modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}


@pytest.mark.parametrize("bad", [b"", b"short", bytes(33)])
def test_key_of_another_length_is_a_bug_of_the_caller(store: DiskStore, bad: bytes) -> None:
    with pytest.raises(ValueError, match=f"this one has {len(bad)}"):
        store.lookup(Kind.MANIFEST, bad)
