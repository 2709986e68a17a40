"""The file beside the daemon's socket, and addresses."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from jitserve._errors import SettingsError
from jitserve.store._sidecar import Sidecar, parse_address, read_sidecar, sidecar_path, write_sidecar


@pytest.mark.parametrize("text", ["/run/x.sock", "unix:/run/x.sock", "unix:///run/x.sock"])
def test_address_of_a_unix_socket_is_understood(text: str) -> None:
    assert parse_address(text) == Path("/run/x.sock")


@pytest.mark.parametrize("text", ["localhost:9000", "x.sock", "unix:x.sock", "unix://host/x.sock", "dns:///host"])
def test_address_of_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(SettingsError, match="use unix:/path or /path"):
        parse_address(text)


def test_socket_path_that_is_too_long_is_refused_with_its_length() -> None:
    assert parse_address("/" + "x" * 106)
    with pytest.raises(SettingsError, match="has 108 bytes, the path of a unix socket at most 107"):
        parse_address("/" + "x" * 107)


def here(directory: Path) -> Sidecar:
    facts = directory.stat()
    return Sidecar(str(directory), 7, facts.st_dev, facts.st_ino, "127.0.0.1:9")


def test_sidecar_is_read_as_written_and_private(tmp_path: Path) -> None:
    socket = tmp_path / "daemon.sock"
    write_sidecar(socket, here(tmp_path))
    assert read_sidecar(socket) == here(tmp_path)
    assert stat.S_IMODE(sidecar_path(socket).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [sidecar_path(socket)]


def test_sidecar_names_the_directory_and_not_just_its_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    sidecar = here(tmp_path / "a")
    assert sidecar.is_here()
    (tmp_path / "a").rename(tmp_path / "b")
    assert not sidecar.is_here()
    (tmp_path / "a").mkdir()
    assert not sidecar.is_here(), "another directory of the same name, as in another container"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"store": "relative", "pid": 1, "device": 1, "inode": 1}',
        b'{"store": "/x", "pid": "1", "device": 1, "inode": 1}',
        b'{"store": 7, "pid": 1, "device": 1, "inode": 1}',
        b"[" * 100_000,
    ],
)
def test_sidecar_that_makes_no_sense_is_no_sidecar(tmp_path: Path, content: bytes) -> None:
    socket = tmp_path / "daemon.sock"
    sidecar_path(socket).write_bytes(content)
    sidecar_path(socket).chmod(0o600)
    assert read_sidecar(socket) is None


def test_sidecar_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    socket = tmp_path / "daemon.sock"
    write_sidecar(socket, here(tmp_path))
    sidecar_path(socket).chmod(0o620)
    assert read_sidecar(socket) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_sidecar_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    socket = tmp_path / "daemon.sock"
    write_sidecar(socket, here(tmp_path))
    os.chown(sidecar_path(socket), 12345, -1)
    assert read_sidecar(socket) is None


def test_sidecar_that_is_a_link_or_a_pipe_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text(json.dumps({"store": "/x", "pid": 1, "device": 1, "inode": 1}))
    sidecar_path(tmp_path / "link").symlink_to(target)
    os.mkfifo(sidecar_path(tmp_path / "pipe"), 0o600)
    assert read_sidecar(tmp_path / "link") is None
    assert read_sidecar(tmp_path / "pipe") is None
