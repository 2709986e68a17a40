"""Verify mode notices a stored entry that a trace contradicts, and the user gets the right result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Publishes one function's program under the call key of another: what a hole in the fingerprint would amount to.
POISON = """
import jax, jax.numpy as jnp, jitserve
from jitserve import _jax, _session
from jitserve._footprint import WHOLE
from jitserve._key import call_key, call_parts
from jitserve.record._footprints import new_footprints, read_footprints
from jitserve.record._manifest import new_manifest, read_manifest
from jitserve.store._tier import Kind

session = _session.current_session()
store = session.store()

def parts_of(f):
    call = _jax.parse_call(f, _jax.options(jax.jit(f)), (jnp.ones(3),), {})
    return call_parts(call, session.environment().now())

def double(x): return x * 2
def triple(x): return x * 3

jitserve.jit(double)(jnp.ones(3))
jitserve.flush()
(footprint,) = read_footprints(store.lookup(Kind.FOOTPRINTS, parts_of(double).root_key))
stored = store.lookup(Kind.MANIFEST, call_key(parts_of(double), footprint).digest)
wrong = parts_of(triple)
store.publish(Kind.MANIFEST, call_key(wrong).digest, new_manifest(read_manifest(stored).variants[0]))
store.publish(Kind.FOOTPRINTS, wrong.root_key, new_footprints([WHOLE]))
"""
CALL = """
import json, jax.numpy as jnp, jitserve
def triple(x): return x * 3
try:
    out = jitserve.jit(triple)(jnp.ones(3)).tolist()
except jitserve.JitserveError as error:
    out = type(error).__name__
jitserve.flush()
print(json.dumps({"out": out, "stats": jitserve.stats().as_dict()}))
"""

VOUCHED = """
import jax.numpy as jnp, jitserve
@jitserve.pure(version=1)
def scaled(x): return x * 2
def f(x): return scaled(x)
print(jitserve.jit(f)(jnp.ones(3)).tolist())
"""
SEEDED = """
import random, jax.numpy as jnp, numpy as np, jitserve
random.seed(0)
np.random.seed(0)
jitserve.jit(lambda x: x * 3)(jnp.ones(3))
jitserve.flush()
print(random.random(), np.random.random(), jitserve.stats().direct_hits)
"""


def run(code: str, path: Path) -> str:
    # The functions must be named alike in all processes: a script each, in `__main__`.
    path.write_text(code)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def call(tmp_path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(CALL, tmp_path / "call.py"))
    return answer


@pytest.fixture
def poisoned(store_dir: Path, tmp_path: Path) -> Path:
    run(POISON, tmp_path / "poison.py")
    return store_dir


def test_wrong_entry_is_noticed_counted_reported_and_mended(
    poisoned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JITSERVE_VERIFY", "1")
    answer = call(tmp_path)
    assert answer["out"] == [3.0, 3.0, 3.0]
    assert answer["stats"]["wrong_hits"] == 1
    assert answer["stats"]["direct_hits"] == 0
    (report,) = [json.loads(path.read_text()) for path in (poisoned / "wrong-hits").iterdir()]
    assert report["function"] == "__main__.triple"
    assert report["stored_program_key"] != report["fresh_program_key"]
    again = call(tmp_path)
    assert again["out"] == [3.0, 3.0, 3.0]
    assert again["stats"]["wrong_hits"] == 0
    assert again["stats"]["direct_hits"] == 1


def test_wrong_entry_is_an_error_in_strict_mode(
    poisoned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JITSERVE_VERIFY", "1")
    monkeypatch.setenv("JITSERVE_STRICT", "1")
    assert call(tmp_path)["out"] == "WrongHitError"


def test_right_entry_passes_and_counts_as_a_hit(
    store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(tmp_path)
    monkeypatch.setenv("JITSERVE_VERIFY", "1")
    answer = call(tmp_path)
    assert answer["stats"]["direct_hits"] == 1
    assert answer["stats"]["wrong_hits"] == 0


def test_user_draws_the_same_numbers_with_and_without_verification(
    store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "seeded.py"
    *before, _ = run(SEEDED, program).split()
    monkeypatch.setenv("JITSERVE_VERIFY", "0.5")
    assert run(SEEDED, program).split() == [*before, "1"]


def edited_below_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> subprocess.CompletedProcess[str]:
    """A wrong hit by a wrong promise of the user's."""
    program = tmp_path / "vouched.py"
    run(VOUCHED, program)
    program.write_text(VOUCHED.replace("x * 2", "x * 3"))
    monkeypatch.setenv("JITSERVE_VERIFY", "1")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "[3.0, 3.0, 3.0]\n"
    return done


def test_log_of_a_wrong_hit_names_function_suspects_and_report(
    store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = edited_below_its_version(tmp_path, monkeypatch).stderr
    (report,) = (store_dir / "wrong-hits").iterdir()
    assert "a direct hit of __main__.f is not what a trace gives" in said
    assert "(global `scaled` of `__main__.f`: pure function __main__.scaled, version 1)" in said
    assert f"The report is {report}." in said


def test_log_says_why_the_report_of_a_wrong_hit_could_not_be_written(
    store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store_dir / "wrong-hits").touch()
    said = edited_below_its_version(tmp_path, monkeypatch).stderr
    assert "a direct hit of __main__.f is not what a trace gives" in said
    assert f"could not be written: FileExistsError: [Errno 17] File exists: '{store_dir / 'wrong-hits'}'" in said
