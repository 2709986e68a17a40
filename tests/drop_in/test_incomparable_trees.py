"""Trees whose static data are made anew at every flattening, and are never equal, or cannot be compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from empty_store import empty_store

import jitserve

# Each in a process of its own: caches of JAX's that all functions share compare such trees, too.
_SCRIPT = """
import json, sys
import jax, numpy as np
import jitserve

class Box:
    def __init__(self, x):
        self.x = x

class Marker:
    "Is equal to itself alone."

class Incomparable:
    def __hash__(self):
        return 1
    def __eq__(self, other):
        raise TypeError("not to be compared")

make_static = {"array": lambda: np.ones(2), "marker": Marker, "argument": Incomparable}[sys.argv[2]]
is_argument = sys.argv[2] == "argument"
if not is_argument:
    flatten = lambda box: ((box.x,), make_static())
    jax.tree_util.register_pytree_node(Box, flatten, lambda _, leaves: Box(*leaves))

def function(box, static=None):
    return jax.numpy.tanh(box if is_argument else box.x) * 2

events = []
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event.rsplit("/", 1)[-1]))
jit = jax.jit if sys.argv[1] == "jax" else jitserve.jit
function = jit(function, static_argnums=1)
x = np.zeros(3)
calls = []
for _ in range(2):
    events.clear()
    try:
        text = str(function(x, make_static()) if is_argument else function(Box(x)))
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    calls.append([text, events.count("jaxpr_trace_duration"), events.count("backend_compile_duration")])
jitserve.flush()
print(json.dumps({"calls": calls, "stats": jitserve.stats().as_dict()}))
"""


def calls(package: str, static: str, store: Path) -> dict[str, Any]:
    """What each of two calls gives, and how often something is traced and compiled for it; and our counters."""
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(store)), "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, "-c", _SCRIPT, package, static]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("static", ["array", "marker", "argument"])
def test_first_call_is_made_once_as_by_plain_jax_and_later_processes_find_it(static: str, tmp_path: Path) -> None:
    plain = calls("jax", static, tmp_path)["calls"]
    assert plain[0] == ["[0. 0. 0.]", 1, 1]
    cold = calls("jitserve", static, tmp_path)
    assert cold["calls"][0] == plain[0]
    assert cold["calls"][1][0] == plain[1][0]
    assert cold["stats"]["misses"] == cold["stats"]["published"] == 1
    warm = calls("jitserve", static, tmp_path)
    assert warm["calls"] == [[text, 0, 0] for text, *_ in plain]
    assert (warm["stats"]["misses"], warm["stats"]["faults"]) == (0, {})


def test_call_that_is_found_by_nothing_is_precompiled(store_dir: Path) -> None:
    class Box:
        def __init__(self, x: Any) -> None:
            self.x = x

    jax.tree_util.register_pytree_node(Box, lambda box: ((box.x,), np.ones(2)), lambda _, leaves: Box(*leaves))
    jitserve.configure(directory=store_dir, address="none")
    assert jitserve.precompile(lambda box: box.x * 2, Box(np.ones(3))) is jitserve.Outcome.MISS
