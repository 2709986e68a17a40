"""Framed records on a real file system; their format and crashes are tested in ``cpp/tests``."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jitserve import _core


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=5000))
def test_a_payload_comes_back(tmp_path: Path, payload: bytes) -> None:
    _core.write_record(tmp_path / "record", payload)
    assert _core.read_record(tmp_path / "record") == payload


def test_the_file_is_what_the_format_says(tmp_path: Path) -> None:
    path = tmp_path / "record"
    _core.write_record(path, b"payload")
    body = b"JSRV" + struct.pack("<IQ", 1, 7) + b"payload"
    assert path.read_bytes() == body + hashlib.sha256(body).digest()


def test_directories_are_made_and_everything_is_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "manifests" / "ab" / "record"
    _core.write_record(path, b"payload")
    modes = [p.stat().st_mode & 0o777 for p in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_a_record_is_replaced_and_no_temporary_file_stays(tmp_path: Path) -> None:
    _core.write_record(tmp_path / "record", b"one", scratch=tmp_path / "tmp")
    _core.write_record(tmp_path / "record", b"two", scratch=tmp_path / "tmp")
    assert _core.read_record(str(tmp_path / "record")) == b"two"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["record", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_missing_record_is_file_not_found_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        _core.read_record(tmp_path / "none")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == str(tmp_path / "none")


def test_every_flipped_byte_and_every_truncation_is_a_corrupt_record(tmp_path: Path) -> None:
    path = tmp_path / "record"
    _core.write_record(path, b"a payload")
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :])
        with pytest.raises(_core.CorruptRecord, match=str(path)):
            _core.read_record(path)
        path.write_bytes(good[:at])
        with pytest.raises(_core.CorruptRecord):
            _core.read_record(path)
    path.write_bytes(good + b"\0")
    with pytest.raises(_core.CorruptRecord, match="does not fit"):
        _core.read_record(path)


def test_a_directory_in_the_place_of_a_record_is_a_corrupt_record(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    with pytest.raises(_core.CorruptRecord, match="not a regular file"):
        _core.read_record(tmp_path / "record")


def test_too_big_a_payload_is_a_value_error_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="put big data into a blob"):
        _core.write_record(tmp_path / "record", bytes(_core.MAX_RECORD_PAYLOAD + 1))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_directory_is_not_a_directory_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as caught:
        _core.write_record(tmp_path / "file" / "record", b"payload")
    assert caught.value.filename is not None


def test_a_name_that_is_not_utf8_is_kept_as_it_is(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    _core.write_record(tmp_path / name, b"payload")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    with pytest.raises(FileNotFoundError) as caught:
        _core.read_record(tmp_path / (name + "2"))
    assert caught.value.filename == str(tmp_path / (name + "2"))


def test_corrupt_blob_and_corrupt_record_are_kinds_of_corruption() -> None:
    assert issubclass(_core.CorruptBlob, _core.Corruption)
    assert issubclass(_core.CorruptRecord, _core.Corruption)
    assert not issubclass(_core.Corruption, OSError)
