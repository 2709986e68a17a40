"""Which directories can be a store, and which are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from actors import actors, key

from jitserve._errors import StoreFault
from jitserve.store._disk import DiskStore
from jitserve.store._layout import VERSION_TEXT
from jitserve.store._tier import Kind


def refusal(root: Path) -> StoreFault:
    with pytest.raises(StoreFault) as caught:
        DiskStore(root)
    return caught.value


def test_first_use_creates_the_store_with_its_version(tmp_path: Path) -> None:
    root = tmp_path / "not" / "yet" / "there"
    DiskStore(root)
    assert (root / "VERSION").read_text() == VERSION_TEXT


def test_first_use_by_many_processes_at_once_gives_one_good_store(tmp_path: Path) -> None:
    with actors(5, JITSERVE_DIR=str(tmp_path / "store")) as crowd:
        assert {actor.tier for actor in crowd} == {"DiskStore"}
        assert [actor.do("lookup", key=key(1).hex()) for actor in crowd] == [None] * 5
    assert (tmp_path / "store" / "VERSION").read_text() == VERSION_TEXT
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


@pytest.mark.parametrize("text", ["", "jitserve store 2\n", "something else"])
def test_store_of_another_version_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    DiskStore(tmp_path).publish(Kind.PROGRAM, key(1), b"program")
    (tmp_path / "VERSION").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    fault = refusal(tmp_path)
    assert fault.kind == "foreign_schema"
    assert repr(text.encode())[2:-1] in fault.message
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("what", ["pipe", "endless", "link"])
def test_version_that_is_no_regular_file_is_refused_and_not_read(tmp_path: Path, what: str) -> None:
    DiskStore(tmp_path)
    version = tmp_path / "VERSION"
    version.rename(tmp_path / "moved")
    if what == "pipe":
        os.mkfifo(version, 0o600)  # nobody ever writes into it
    else:
        version.symlink_to("/dev/zero" if what == "endless" else tmp_path / "moved")
    fault = refusal(tmp_path)
    assert fault.kind == "unreadable"
    assert f"{version} is no regular file" in fault.message


def test_version_of_any_length_is_told_from_ours(tmp_path: Path) -> None:
    DiskStore(tmp_path)
    os.truncate(tmp_path / "VERSION", 1 << 40)
    assert refusal(tmp_path).kind == "foreign_schema"


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_directory_that_everybody_can_write_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    fault = refusal(tmp_path)
    assert fault.kind == "untrusted_directory"
    assert str(tmp_path / "jitserve") in fault.message
    assert list(tmp_path.iterdir()) == []
    DiskStore(tmp_path / "jitserve")


def test_path_below_a_file_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fault = refusal(tmp_path / "file" / "store")
    assert fault.kind == "unwritable"
    assert "JITSERVE_DIR" in fault.message


def test_path_that_is_a_file_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file").kind == "unwritable"


def test_missing_subdirectory_comes_back(tmp_path: Path) -> None:
    DiskStore(tmp_path)
    os.rmdir(tmp_path / "leases")
    lease = DiskStore(tmp_path).acquire(key(1), 0.0)
    assert lease is not None
    lease.release()
