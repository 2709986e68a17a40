"""Whatever breaks, the call gives what plain JAX gives, and what broke is counted under its name."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

SCRIPT = Path(__file__).with_name("one_call.py")
Answer = dict[str, Any]


def start(store: Path | str, *args: str, **environment: str) -> subprocess.Popen[str]:
    env = {**os.environ, "JITSERVE_ADDRESS": "none", **environment, "JITSERVE_DIR": str(store)}
    command = [sys.executable, str(SCRIPT), *args]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer_of(process: subprocess.Popen[str]) -> Answer:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    answer: Answer = json.loads(out.splitlines()[-1])
    return answer


def call(store: Path | str, *args: str, **environment: str) -> Answer:
    return answer_of(start(store, *args, **environment))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return call(tmp_path_factory.mktemp("reference"), JITSERVE_DISABLE="1")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store that holds the call."""
    store = empty_store(tmp_path / "store")
    answer = call(store)
    assert answer["stats"]["misses"] == 1
    return store


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory whose path leaves room for the name of a socket."""
    with tempfile.TemporaryDirectory(prefix="jitserve-") as path:
        yield Path(path)


def is_direct(answer: Answer) -> bool:
    return bool(answer["stats"]["direct_hits"] == 1 and answer["traced"] + answer["lowered"] + answer["compiled"] == 0)


def test_disabled_by_the_environment_jit_is_jax_jit(reference: Answer) -> None:
    assert reference["is_jax"]
    assert reference["stats"]["lookups"] == 0


def test_process_that_ends_without_flushing_has_published_what_it_compiled(filled: Path, reference: Answer) -> None:
    answer = call(filled)
    assert is_direct(answer)
    assert answer["digests"] == reference["digests"]


def test_process_that_is_killed_before_it_published_leaves_nothing_half_done(tmp_path: Path, reference: Answer) -> None:
    call(tmp_path, "--exit-at-once")
    assert call(tmp_path)["digests"] == reference["digests"]
    assert is_direct(call(tmp_path))


def test_directory_that_cannot_be_used_gives_plain_jax_and_one_warning(tmp_path: Path, reference: Answer) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a directory")
    answer = call(in_the_way / "store")
    assert answer["digests"] == reference["digests"]
    assert len(answer["warnings"]) == 1
    assert "JITSERVE_DIR" in answer["warnings"][0]
    assert answer["stats"]["faulted"] == 1
    assert answer["stats"]["misses"] == 0


def test_jax_of_an_unknown_line_gives_plain_jax_and_one_warning_that_names_it(
    tmp_path: Path, reference: Answer
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import jax\njax.__version__ = '0.99.3'\n")
    answer = call(empty_store(tmp_path / "store"), PYTHONPATH=str(tmp_path))
    assert answer["is_jax"]
    assert answer["digests"] == reference["digests"]
    assert len(answer["warnings"]) == 1
    assert "0.99.3" in answer["warnings"][0]
    assert "0.12.x" in answer["warnings"][0]


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.chmod(0o600)
    path.write_bytes(data)


def files_of(store: Path, directory: str) -> list[Path]:
    return [path for path in (store / directory).rglob("*") if path.is_file() and not path.name.startswith(".")]


@pytest.mark.parametrize("directory", ["manifests", "programs", "blobs"])
def test_flipped_byte_is_noticed_counted_and_mended(filled: Path, directory: str, reference: Answer) -> None:
    for path in files_of(filled, directory):
        damaged(path)
    answer = call(filled)
    assert answer["digests"] == reference["digests"]
    assert answer["stats"]["direct_hits"] == 0
    assert any(kind.startswith("corrupt") for kind in answer["stats"]["faults"])
    call(filled)
    assert is_direct(call(filled))


@pytest.mark.parametrize("directory", ["programs", "blobs"])
def test_missing_files_are_a_miss_that_mends_the_store(filled: Path, directory: str, reference: Answer) -> None:
    for path in files_of(filled, directory):
        path.unlink()
    assert call(filled)["digests"] == reference["digests"]
    call(filled)
    assert is_direct(call(filled))


def test_socket_file_that_nobody_listens_on_costs_nothing(filled: Path, short_dir: Path, reference: Answer) -> None:
    path = short_dir / "daemon.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    answer = call(filled, JITSERVE_ADDRESS=str(path))
    assert is_direct(answer)
    assert answer["digests"] == reference["digests"]


def daemon_on(store: Path, path: Path) -> subprocess.Popen[str]:
    """A running daemon; returns when it serves."""
    command = ["jitserve-daemon", "--store", str(store), "--socket", str(path), "--metrics-address", "none"]
    executable = Path(sys.executable).with_name(command[0])
    process = subprocess.Popen([str(executable), *command[1:]], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "serving" in line:
            return process
    raise AssertionError("the daemon did not start")


def test_daemon_shares_what_one_process_compiled(tmp_path: Path, short_dir: Path, reference: Answer) -> None:
    path = short_dir / "daemon.sock"
    with daemon_on(empty_store(tmp_path / "store"), path) as daemon:
        first = call(tmp_path / "store", JITSERVE_ADDRESS=str(path))
        second = call(tmp_path / "store", JITSERVE_ADDRESS=str(path))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    assert first["stats"]["misses"] == 1
    assert is_direct(second)
    assert second["digests"] == first["digests"] == reference["digests"]


def test_daemon_that_was_killed_is_not_missed(tmp_path: Path, short_dir: Path, reference: Answer) -> None:
    path = short_dir / "daemon.sock"
    with daemon_on(empty_store(tmp_path / "store"), path) as daemon:
        call(tmp_path / "store", JITSERVE_ADDRESS=str(path))
        daemon.kill()
    answer = call(tmp_path / "store", JITSERVE_ADDRESS=str(path))
    assert is_direct(answer)
    assert answer["digests"] == reference["digests"]


@pytest.mark.parametrize("with_daemon", [False, True], ids=["embedded", "daemon"])
def test_four_processes_that_start_together_compile_once(
    with_daemon: bool, tmp_path: Path, short_dir: Path, reference: Answer
) -> None:
    path = short_dir / "daemon.sock"
    daemon = daemon_on(empty_store(tmp_path / "store"), path) if with_daemon else None
    address = str(path) if with_daemon else "none"
    processes = [start(tmp_path / "store", JITSERVE_ADDRESS=address) for _ in range(4)]
    answers = [answer_of(process) for process in processes]
    if daemon is not None:
        daemon.terminate()
        daemon.communicate(timeout=30)
    seen = [answer["stats"] for answer in answers]
    assert sum(answer["compiled"] for answer in answers) == 1, seen
    assert sum(stats["misses"] for stats in seen) == 1, seen
    assert sum(stats["direct_hits"] for stats in seen) == 3, seen
    assert {tuple(answer["digests"]) for answer in answers} == {tuple(reference["digests"])}


@pytest.mark.parametrize("state", ["cold", "warm"])
def test_threads_that_call_at_once_all_get_the_result(state: str, tmp_path: Path, reference: Answer) -> None:
    if state == "warm":
        call(tmp_path)
    answer = call(tmp_path, "--threads", "8")
    assert answer["digests"] == reference["digests"]
    assert answer["stats"]["faults"] == {}


DEEP = """
import json, sys
import jitserve, numpy as np
tree = np.ones(3)
for k in range(int(sys.argv[1])):
    tree = {"a": tree} if k % 100 == 0 else (tree,)
jitserve.jit(lambda t: t)(tree)
jitserve.flush()
print(json.dumps(jitserve.stats().as_dict()))
"""


def test_deep_trees_are_found_like_others(tmp_path: Path) -> None:
    depth = 3000 if sys.version_info >= (3, 12) else 900  # JAX itself can take no deeper ones
    env = {**os.environ, "JITSERVE_ADDRESS": "none", "JITSERVE_DIR": str(empty_store(tmp_path / "store"))}
    command = [sys.executable, "-c", DEEP, str(depth)]
    for outcome in ("misses", "direct_hits"):
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
        assert done.stderr == ""
        stats = json.loads(done.stdout)
        assert (stats[outcome], stats["faults"]) == (1, {})
