"""Functions of the user's in JAX's own places are found, wherever they were put; what is at home is not."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax._src import core
from jax._src.lax import lax

from jitserve.fingerprint import Intruders

CALL = """
import json, sys
import jax, jax.numpy as jnp, jitserve
{patch}
def f(x): return jax.nn.silu(x) * 2
out = jitserve.jit(f)(jnp.ones(3)).tolist()
jitserve.flush()
print(json.dumps([out, jitserve.stats().as_dict()]))
"""
PATCH = """
import jax._src.nn.functions as functions
def sigmoid(x): return x * {factor}
functions.sigmoid = sigmoid
"""


def call(path: Path, patch: str = "") -> tuple[list[float], dict[str, Any]]:
    path.write_text(CALL.format(patch=patch))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    out, stats = json.loads(done.stdout)
    return out, stats


def test_untouched_libraries_have_no_intruders() -> None:
    intruders = Intruders()
    assert intruders.find() == []
    assert intruders.find() == []


def test_array_on_a_device_that_a_patch_is_made_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    intruders = Intruders()
    array = jnp.ones(3)
    with monkeypatch.context() as patch:
        patch.setattr(lax, "logistic", jax.jit(functools.partial(jnp.multiply, array)))
        assert [(place, value is array) for place, value in intruders.find()] == [("jax._src.lax.lax.logistic", True)]
    assert intruders.find() == []


def test_stream_that_a_patch_is_made_of_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lax, "logistic", jax.jit(functools.partial(print, file=sys.stderr)))
        assert Intruders().find() == []


def test_function_in_a_module_is_found_and_gone_when_it_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    intruders = Intruders()

    def mine(x: Any) -> Any:
        return x

    with monkeypatch.context() as patch:
        patch.setattr(lax, "logistic", mine)
        assert intruders.find() == [("jax._src.lax.lax.logistic", mine)]
    assert intruders.find() == []


@pytest.mark.parametrize("wrap", [lambda f: f, property, staticmethod, classmethod], ids=["f", "p", "s", "c"])
def test_method_in_a_class_is_found(wrap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(self: Any) -> Any:
        return self

    monkeypatch.setattr(core.ShapedArray, "a_new_name", wrap(mine), raising=False)
    assert Intruders().find() == [("jax._src.core.ShapedArray.a_new_name", mine)]


def test_function_of_a_library_in_another_place_of_its_own_is_no_intruder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jnp, "another_name", jax.nn.one_hot, raising=False)
    assert Intruders().find() == []


@pytest.mark.usefixtures("store_dir")
def test_patched_library_never_gets_the_program_of_an_untouched_one(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    plain, _ = call(path)
    patched, stats = call(path, PATCH.format(factor=3.0))
    assert stats["direct_hits"] == 0
    assert patched == [6.0, 6.0, 6.0] != plain
    again, stats = call(path, PATCH.format(factor=3.0))
    assert again == patched
    other, stats = call(path, PATCH.format(factor=4.0))
    assert stats["direct_hits"] == 0
    assert other == [8.0, 8.0, 8.0]
    assert call(path)[0] == plain
