"""Notebooks: cells that run one after another in the namespace of ``__main__``, from files that are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

# Runs cells as IPython's kernel does: each from a file that is named after the process and that only `linecache` has.
_KERNEL = """
import json, linecache, os, sys, types
module = types.ModuleType("__main__")
sys.modules["__main__"] = module
report = []
for number, cell in enumerate(json.loads(sys.argv[1])):
    name = f"/tmp/ipykernel_{os.getpid()}/{number}{hash(cell)}.py"
    linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
    exec(compile(cell, name, "exec"), module.__dict__)
import jitserve
jitserve.flush()
print(json.dumps([module.__dict__["seen"], dict(jitserve.stats().bypasses)]))
"""
_IMPORTS = """
import functools, jax, jax.numpy as jnp, numpy as np, jitserve
seen = []
def show(function):
    start = jitserve.stats().direct_hits
    out = np.asarray(function(np.arange(3, dtype="f4"))).tolist()
    seen.append([jitserve.stats().direct_hits - start, out])
"""
_RATE = "RATE = 2"
_HELPER = "def helper(x, k=1):\n    return x * RATE + k"
_CLASS = "class Layer:\n    def __init__(self, w): self.w = w\n    def __call__(self, x): return helper(x) * self.w\nlayer = Layer(3)"
_STEP = "@jitserve.jit\ndef step(x):\n    'One step.'\n    return layer(x) - 1"
_CALL = "show(step)"
_NOTEBOOK = [_IMPORTS, _RATE, _HELPER, _CLASS, _STEP, _CALL]
_RESULT = [2.0, 8.0, 14.0]


def run(store: Path, *cells: str, **env: str) -> list[Any]:
    """What the calls came to: for each, whether it hit, and the result."""
    command = [sys.executable, "-c", _KERNEL, json.dumps(cells)]
    environment = {**os.environ, "JITSERVE_DIR": str(empty_store(store)), **env}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen, bypasses = json.loads(done.stdout.splitlines()[-1])
    assert not bypasses
    return seen


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that one kernel has filled."""
    store = tmp_path_factory.mktemp("cells")
    assert run(store, *_NOTEBOOK) == [[0, _RESULT]]
    return store


_SAME = {
    "another-kernel": _NOTEBOOK,
    "another-order": [_IMPORTS, _STEP, _CLASS, _HELPER, _RATE, _CALL],
    "cells-between": [_IMPORTS, "import math\nother = math.pi", _RATE, _HELPER, "x = 3", _CLASS, _STEP, _CALL],
    "all-in-one-cell": ["\n".join(_NOTEBOOK)],
    "comments-and-docstring": [_IMPORTS, "# the rate\n" + _RATE, _HELPER, _CLASS, _STEP.replace("One", "A"), _CALL],
}


@pytest.mark.parametrize("way", _SAME)
def test_notebook_that_is_run_again_hits_L216(way: str, filled: Path) -> None:
    assert run(filled, *_SAME[way], PYTHONHASHSEED="5") == [[1, _RESULT]]


def test_cell_that_is_run_again_hits_and_an_edited_one_misses_L216(filled: Path) -> None:
    cells = [*_NOTEBOOK, _HELPER, _STEP, _CALL, "RATE = 4", _STEP, _CALL, _RATE, _STEP, _CALL]
    hit, again, edited, back = run(filled, *cells)
    assert hit == again == back == [1, _RESULT]
    assert edited == [0, [2.0, 14.0, 26.0]]
