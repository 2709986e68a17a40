"""What a process says of trouble with its store: once, and never by failing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = """
import json, resource, sys
import jax.numpy as jnp, jitserve
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for k in (1.0, 2.0, 3.0):
    def double(x, k=k): return jnp.tanh(x) * k
    value = jitserve.jit(double)(jnp.ones(3))
    jitserve.flush()
print(json.dumps({"value": value.tolist(), "stats": jitserve.stats().as_dict()}))
"""


def call(limit: int, store: Path) -> tuple[dict[str, object], list[str]]:
    """What three calls came to where no file can grow beyond ``limit`` bytes, and what was said on standard error."""
    env = {**os.environ, "JITSERVE_DIR": str(store), "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, "-c", CALLS, str(limit)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer, [line for line in done.stderr.splitlines() if "jitserve" in line and "RuntimeWarning" not in line]


def run(code: str, *options: str, **environment: str) -> tuple[str, str]:
    """What a program writes to its two streams."""
    command = [sys.executable, *options, "-c", code]
    env = {**os.environ, "JITSERVE_ADDRESS": "none", **environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


FLUSH = "import jitserve\n\njitserve.flush()\nprint(jitserve.stats().lookups)"
ONE_CALL = "import jitserve\nprint(jitserve.jit(lambda x: x * 2)(3.0), jitserve.stats().faulted)"


def test_bad_value_is_logged_where_warnings_are_errors(store_dir: Path) -> None:
    out, err = run(FLUSH, "-W", "error", JITSERVE_LOG="foo")
    assert out == "0\n"
    (line,) = err.splitlines()
    assert line.startswith("jitserve takes the default for a setting: JITSERVE_LOG='foo'")


def test_unusable_store_is_logged_and_counted_where_warnings_are_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    out, err = run(ONE_CALL, "-W", "error::RuntimeWarning", JITSERVE_DIR=str(tmp_path / "file"))
    assert out == "6.0 1\n"
    (line,) = err.splitlines()
    assert line.startswith("jitserve runs without a cache: ")


def test_warnings_are_at_the_line_of_the_user(tmp_path: Path, store_dir: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    assert run(FLUSH, JITSERVE_LOG="foo")[1].startswith("<string>:3: RuntimeWarning: ")
    assert run(ONE_CALL, JITSERVE_DIR=str(tmp_path / "file"))[1].startswith("<string>:2: RuntimeWarning: ")


@pytest.mark.parametrize("limit", [0, 4000])
def test_disk_without_space_costs_no_call_and_is_said_once(limit: int, tmp_path: Path) -> None:
    there_is_space, _ = call(10**9, tmp_path / "space")
    answer, said = call(limit, tmp_path / "store")
    assert answer["value"] == there_is_space["value"]
    stats = answer["stats"]
    assert isinstance(stats, dict)
    assert stats["published"] == 0
    assert set(stats["faults"]) == {"no_space"}
    if limit:  # the store could be made, and each of three programs could not be put there
        assert stats["faults"] == {"no_space": 3}
        (line,) = said
        assert line.startswith("jitserve: publishing failed, the call goes on without it: no_space: ")


@pytest.mark.parametrize("attempt", range(3))
def test_process_that_does_not_wait_for_its_writer_ends_well(store_dir: Path, attempt: int) -> None:
    # ``run`` looks at the status: the writer, in the midst of a file, asks an interpreter that is over for the GIL.
    out, err = run(ONE_CALL, JITSERVE_DIR=str(store_dir), JITSERVE_EXIT_FLUSH="0")
    assert out == "6.0 0\n"
    assert err == ""


def test_too_many_open_files_cost_no_call_and_are_said_once(store_dir: Path) -> None:
    code = (
        "import contextlib, jax, jitserve, json, os, resource\n"
        "f, _ = jitserve.jit(lambda x: x * 2), jitserve.stats()\n"
        "jax.jit(lambda x: x + 1)(1.0)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
        "with contextlib.suppress(OSError):\n"
        "    while True: os.open(os.devnull, os.O_RDONLY)\n"
        "values = float(f(3.0)), float(f(2))\n"
        "print(json.dumps([*values, jitserve.stats().faulted, jitserve.stats().faults]))\n"
    )
    out, err = run(code)
    assert json.loads(out) == [6.0, 4.0, 2, {"io_error": 1}]
    assert err.count("jitserve runs without a cache: OSError: [Errno 24] Too many open files") == 1
    assert "Traceback" not in err
