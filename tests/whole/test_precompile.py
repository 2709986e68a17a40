"""``precompile`` by descriptions of arguments, and the calls that find what it stored."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store
from tests.whole.names import DESCRIBED
from tests.whole.processes import PATIENCE_S, PREAMBLE, evaluate, python

import jitserve

WAVE = """
import jax.numpy as jnp
struct = jax.ShapeDtypeStruct
def wave(x): return jnp.sin(x) * 2
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(empty_store(tmp_path_factory.mktemp("described") / "store"))


def results(what: str, store: str) -> dict[str, Any]:
    done = python("described.py", what, JITSERVE_DIR=store, JITSERVE_ADDRESS="none")
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def filled(store: str) -> dict[str, Any]:
    return results("fill", store)


@pytest.fixture(scope="module")
def called(filled: dict[str, Any], store: str) -> dict[str, Any]:
    return results("call", store)


def test_names_are_those_of_the_script(filled: dict[str, Any]) -> None:
    assert tuple(filled) == DESCRIBED


@pytest.mark.parametrize("name", DESCRIBED)
def test_described_call_is_compiled_once(name: str, filled: dict[str, Any]) -> None:
    assert filled[name] == ["miss", "direct_hit"]


@pytest.mark.parametrize("name", DESCRIBED)
def test_later_call_is_found_without_a_trace(name: str, called: dict[str, Any]) -> None:
    assert called[name] == {"steps": [], "hits": 1, "same": True}


def test_call_in_the_same_process_is_found_without_a_trace(store_dir: Path) -> None:
    code = WAVE + "x = jnp.ones(3); jitserve.precompile(wave, x); answer(made=steps(jitserve.jit(wave), x))"
    assert evaluate(code)["made"] == []


def test_description_in_other_memory_stands_aside_since_jax_would_trace_something_else(store_dir: Path) -> None:
    code = (
        WAVE
        + """
where = jax.sharding.SingleDeviceSharding(jax.devices()[0], memory_kind="pinned_host")
outcome = jitserve.precompile(wave, struct((3,), "float32", sharding=where))
there = jax.device_put(jnp.ones(3), where)
told = str(jitserve.explain(wave, there))
answer(outcome=outcome.value, there=jitserve.precompile(wave, there).value, told=told)
"""
    )
    answer = evaluate(code)
    assert answer["outcome"] == "bypass"
    assert answer["stats"]["bypasses"] == {"unsupported_argument": 1}
    assert answer["there"] == "miss"


def test_call_that_is_no_triple_is_told_what_is_missing(store_dir: Path) -> None:
    with pytest.raises(TypeError, match=r"\(function, args, kwargs\), \{\} for no keyword arguments"):
        jitserve.precompile_all([(abs, (1.0,))])  # type: ignore[list-item]


def test_nothing_is_executed_and_nothing_donated(store_dir: Path) -> None:
    code = (
        WAVE
        + """
x = jnp.ones(3)
ran = []
def remember(x):
    jax.debug.callback(lambda _: ran.append(1), x)
    return x
outcomes = [jitserve.precompile(jitserve.jit(f, donate_argnums=0), x).value for f in (wave, remember)]
jax.effects_barrier()
answer(outcomes=outcomes, ran=ran, deleted=x.is_deleted())
"""
    )
    done = evaluate(code)
    assert done["outcomes"] == ["miss", "bypass"]
    assert done["ran"] == []
    assert not done["deleted"]


def test_errors_are_those_of_lower(store_dir: Path) -> None:
    code = (
        WAVE
        + """
def message(function, *args):
    try:
        function(*args)
    except Exception as error:
        return [type(error).__name__, str(error)]
bad = [(wave,), (lambda x: x @ jnp.ones(4), struct((3,), "float32")), (wave, "text")]
ours = [message(jitserve.precompile, f, *args) for f, *args in bad]
theirs = [message(lambda *args: jax.jit(args[0]).lower(*args[1:]), f, *args) for f, *args in bad]
answer(ours=ours, theirs=theirs)
"""
    )
    done = evaluate(code)
    assert None not in done["ours"]
    assert done["ours"] == done["theirs"]


def test_store_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    code = "import warnings; warnings.simplefilter('ignore')" + WAVE + "answer(o=jitserve.precompile(wave, 1.0).value)"
    assert evaluate(code, JITSERVE_DIR=str(blocked))["o"] == "fault"


def test_example_of_the_document_is_compiled_once(store_dir: Path, tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "whole-process.md").read_text()
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", document, re.DOTALL) if "precompile" in block)
    (tmp_path / "example.py").write_text(example)
    printed = [python("example.py", cwd=tmp_path).stdout for _ in range(2)]
    assert printed == [b"Outcome.MISS\n", b"Outcome.DIRECT_HIT\n"]


def test_many_calls_are_published_in_the_end_even_if_one_fails(store_dir: Path) -> None:
    code = (
        WAVE
        + """
calls = [(wave, (struct((n,), "float32"),), {}) for n in (1, 2, 2)]
outcomes = [outcome.value for outcome in jitserve.precompile_all(calls)]
try:
    jitserve.precompile_all([(wave, (struct((3,), "float32"),), {}), (wave, (), {})])
except TypeError:
    answer(outcomes=outcomes)
"""
    )
    done = evaluate(code)
    assert done["outcomes"] == ["miss", "miss", "direct_hit"]
    assert done["stats"]["published"] == 3


@pytest.mark.parametrize("wanted", [True, False])
def test_progress_is_shown_on_a_terminal_only(wanted: bool, store_dir: Path) -> None:
    code = PREAMBLE + WAVE + f"jitserve.precompile_all([(wave, (1.0,), {{}})], progress={wanted})"
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=theirs, check=True, timeout=PATIENCE_S
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert (b"Compiling" in shown) == wanted
    piped = python("-c", code)
    assert piped.stderr == b""
