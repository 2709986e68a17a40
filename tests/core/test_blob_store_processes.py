"""The blob store among processes: writers of the same blobs, readers during replacement, a writer that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jitserve import _core

_BLOBS = [bytes([n]) * (1000 * n + 1) for n in range(20)]

# All blobs, by a process of its own, in an order of its own; prints how many opened as they should.
_PUT_ALL = """
import random, sys
from jitserve import _core
store, blobs = _core.BlobStore(sys.argv[1]), [bytes([n]) * (1000 * n + 1) for n in range(20)]
random.Random(int(sys.argv[2])).shuffle(blobs)
sys.stdin.readline()  # all start together
print(sum(bytes(store.open(*store.put(blob))) == blob for blob in blobs))
"""

# Replaces one blob again and again: by removal, and by damage that the next put repairs.
_REPLACE = """
import os, sys
from jitserve import _core
store, data = _core.BlobStore(sys.argv[1]), b"data" * 5000
name = store.put(data)
print("ready", flush=True)
for _ in range(100):
    store.remove(*name)
    store.put(data)
"""

# Is stopped by its parent while it writes.
_WRITE_FOR_EVER = """
import itertools, os, sys
from jitserve import _core
store = _core.BlobStore(sys.argv[1])
for n in itertools.count():
    digest, size = store.put(b"%d" % n * 1000)
    print(digest.hex(), size, flush=True)
"""


def _start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_put_the_same_blobs_at_once_all_succeed(tmp_path: Path) -> None:
    processes = [_start(_PUT_ALL, tmp_path, seed) for seed in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0].strip() for process in processes] == ["20"] * 4
    store = _core.BlobStore(tmp_path)
    assert all(bytes(store.open(_core.sha256(blob), len(blob))) == blob for blob in _BLOBS)
    assert len([p for p in (tmp_path / "blobs").rglob("*") if p.is_file()]) == len(_BLOBS)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_reader_during_replacement_sees_the_blob_or_nothing(tmp_path: Path) -> None:
    data = b"data" * 5000
    store, name = _core.BlobStore(tmp_path), (_core.sha256(data), len(data))
    process = _start(_REPLACE, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    seen, held = 0, []
    while process.poll() is None:
        try:
            held.append(store.open(*name))
        except FileNotFoundError:
            continue
        seen += 1
        del held[:-50]
    process.communicate()
    assert process.returncode == 0
    assert seen > 0
    assert all(bytes(blob) == data for blob in held)


def test_a_killed_writer_leaves_only_whole_blobs(tmp_path: Path) -> None:
    process = _start(_WRITE_FOR_EVER, tmp_path)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().split() for _ in range(20)]
    process.kill()
    acknowledged += [line.split() for line in process.communicate()[0].splitlines()]
    store = _core.BlobStore(tmp_path)
    for fields in acknowledged:
        if len(fields) == 2:  # the last line may be torn; the blobs may not
            store.open(bytes.fromhex(fields[0]), int(fields[1]))
    for path in (tmp_path / "blobs").glob("*/*"):
        digest, size = path.name.split("-")
        assert len(store.open(bytes.fromhex(digest), int(size))) == int(size)
