"""The blob store of one process, on a real file system; crashes are tested in ``cpp/tests``."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from jitserve import _core


@pytest.fixture
def store(tmp_path: Path) -> _core.BlobStore:
    return _core.BlobStore(tmp_path / "store")


def _path(store: _core.BlobStore, name: tuple[bytes, int]) -> Path:
    return Path(store.path(*name))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 3_000_000])
def test_a_blob_comes_back_under_its_sha256_and_size(store: _core.BlobStore, size: int) -> None:
    data = os.urandom(size)
    name = store.put(data)
    assert name == (hashlib.sha256(data).digest(), size)
    blob = store.open(*name)
    assert bytes(blob) == data
    assert len(blob) == size


def test_the_file_lies_where_an_operator_expects_it(tmp_path: Path, store: _core.BlobStore) -> None:
    digest = hashlib.sha256(b"data").hexdigest()
    name = store.put(b"data")
    assert _path(store, name) == tmp_path / "store" / "blobs" / digest[:2] / f"{digest}-4"
    assert _path(store, name).read_bytes() == b"data"


def test_files_and_directories_are_for_the_owner_only(tmp_path: Path, store: _core.BlobStore) -> None:
    previous = os.umask(0)
    try:
        store.put(b"data")
    finally:
        os.umask(previous)
    paths = [tmp_path / "store", *(tmp_path / "store").rglob("*")]
    assert {p.stat().st_mode & 0o777 for p in paths if p.is_dir()} == {0o700}
    assert {p.stat().st_mode & 0o777 for p in paths if p.is_file()} == {0o600}


def test_making_a_store_touches_no_file(tmp_path: Path) -> None:
    store = _core.BlobStore(tmp_path / "store")
    assert not store.has(bytes(32), 1)
    assert list(tmp_path.iterdir()) == []


def test_a_numpy_array_can_be_put_as_it_is(store: _core.BlobStore) -> None:
    data = np.arange(1000.0)
    assert bytes(store.open(*store.put(data))) == data.tobytes()


def test_a_blob_is_a_read_only_buffer_that_keeps_its_mapping_alive(store: _core.BlobStore) -> None:
    view = memoryview(store.open(*store.put(b"some bytes")))
    gc.collect()
    assert view.readonly
    assert bytes(view) == b"some bytes"
    assert np.frombuffer(view, np.uint8).sum() == sum(b"some bytes")
    with pytest.raises(TypeError):
        view[0] = 1


def test_a_blob_stays_readable_after_its_file_was_removed(store: _core.BlobStore) -> None:
    name = store.put(b"data" * 10_000)
    blob = store.open(*name)
    assert store.remove(*name)
    assert bytes(blob) == b"data" * 10_000


def test_a_blob_that_is_there_is_not_written_again(store: _core.BlobStore) -> None:
    name = store.put(b"data")
    inode = _path(store, name).stat().st_ino
    assert store.put(b"data") == name
    assert _path(store, name).stat().st_ino == inode


def test_no_temporary_file_stays(tmp_path: Path, store: _core.BlobStore) -> None:
    store.put(b"data")
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_missing_blob_is_file_not_found_with_its_path(store: _core.BlobStore) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        store.open(bytes(32), 5)
    assert caught.value.filename == store.path(bytes(32), 5)
    assert caught.value.errno == errno.ENOENT


def test_a_blob_of_the_same_digest_and_another_size_is_another_blob(store: _core.BlobStore) -> None:
    digest, size = store.put(b"data")
    assert not store.has(digest, size + 1)
    with pytest.raises(FileNotFoundError):
        store.open(digest, size + 1)


def test_removing_says_whether_there_was_something(store: _core.BlobStore) -> None:
    name = store.put(b"data")
    assert store.has(*name)
    assert store.remove(*name)
    assert not store.has(*name)
    assert not store.remove(*name)


def test_every_flipped_byte_is_a_corrupt_blob_until_the_next_put(store: _core.BlobStore) -> None:
    data = b"a small blob"
    name = store.put(data)
    for at in range(len(data)):
        _path(store, name).write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with pytest.raises(_core.CorruptBlob, match="digest mismatch"):
            store.open(*name)
        store.put(data)
        assert bytes(store.open(*name)) == data


def test_every_truncation_is_a_corrupt_blob_until_the_next_put(store: _core.BlobStore) -> None:
    data = b"a small blob"
    name = store.put(data)
    for size in range(len(data)):
        _path(store, name).write_bytes(data[:size])
        assert not store.has(*name)
        with pytest.raises(_core.CorruptBlob, match=f"blob of {size} bytes, expected 12"):
            store.open(*name)
        store.put(data)
        assert bytes(store.open(*name)) == data


def test_a_replaced_corrupt_blob_does_not_change_under_who_has_the_old_file_open(store: _core.BlobStore) -> None:
    data = b"data" * 2000
    name = store.put(data)
    blob = store.open(*name)
    _path(store, name).unlink()
    _path(store, name).write_bytes(b"x" * len(data))
    store.put(data)
    assert bytes(blob) == data
    assert bytes(store.open(*name)) == data


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "fifo"])
def test_something_else_under_the_name_of_a_blob_is_a_corrupt_blob(store: _core.BlobStore, make: object) -> None:
    name = store.put(b"data")
    _path(store, name).unlink()
    make(_path(store, name))  # type: ignore[operator]
    assert not store.has(*name)
    with pytest.raises(_core.CorruptBlob, match="not a regular file"):
        store.open(*name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_directory_is_a_permission_error_with_a_path(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o500)
    with pytest.raises(PermissionError) as caught:
        _core.BlobStore(tmp_path / "store").put(b"data")
    assert str(caught.value.filename).startswith(str(tmp_path))


def test_a_file_in_the_place_of_the_store_is_a_not_a_directory_error(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    with pytest.raises(NotADirectoryError) as caught:
        _core.BlobStore(tmp_path / "store").put(b"data")
    assert str(caught.value.filename).startswith(str(tmp_path))


def test_a_store_in_a_place_where_nobody_can_write_is_an_os_error() -> None:
    with pytest.raises(OSError, match="mkdir|no such file") as caught:
        _core.BlobStore("/proc/self/jitserve").put(b"data")
    assert caught.value.filename is not None


def test_a_relative_root_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = _core.BlobStore("store").put(b"data")
    assert bytes(_core.BlobStore(tmp_path / "store").open(*name)) == b"data"


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_a_digest_of_another_length_is_a_value_error(store: _core.BlobStore, digest: bytes) -> None:
    for method in (store.open, store.has, store.path, store.remove):
        with pytest.raises(ValueError, match="a digest has 32 bytes"):
            method(digest, 1)


def test_a_blob_that_somebody_made_huge_is_corrupt_and_is_not_read(store: _core.BlobStore) -> None:
    name = store.put(b"data")
    os.truncate(_path(store, name), 1 << 40)
    with pytest.raises(_core.CorruptBlob):
        store.open(*name)
    assert store.put(b"data") == name
    assert bytes(store.open(*name)) == b"data"
