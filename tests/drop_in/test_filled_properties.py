"""A trace that fills a ``functools.cached_property``: a hit leaves it filled, as the trace would have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

Answer = dict[str, Any]

PRELUDE = """
import functools, json, sys
import jax, jax.numpy as jnp, numpy as np
import jitserve

jit = jax.jit if "plain" in sys.argv else jitserve.jit
X = jnp.arange(4.0)
"""

# After the call that fills it, the state that it was computed from changes; a second function reads it.
ENDING = """
first = jit(g)(X).tolist()
m.k = 3.0
values = [first, jit(h)(X).tolist()]
jitserve.flush()
stats = jitserve.stats().as_dict()
print(json.dumps({"values": values, "kept": repr(vars(m)), "stats": stats}))
"""

ONE = """
class M:
    def __init__(s): s.k = 2.0
    @functools.cached_property
    def table(s): return s.k * 3
m = M()
def g(x): return x * m.table
def h(x): return x + m.table
"""
# One that another one needs, of an array, and of a base class; beside a captured variable that is bound anew.
MORE = """
class B:
    @functools.cached_property
    def array(s): return np.arange(4.0) * s.k
class M(B):
    def __init__(s): s.k = 2.0
    @functools.cached_property
    def total(s): return float(s.array.sum())
m = M()
def make():
    n = 3
    def g(x):
        nonlocal n
        n = float(n)
        return x * m.total + n
    return g
g = make()
def h(x): return x + m.total + m.array
"""
# What an inverse is made from does not change, but it is kept in the same way.
INVERSE = """
import enum
class P(enum.Flag):
    A, B, C = 1, 2, 4
m = P.A
def g(x): return x * (~m).value
def h(x): return x + (~m).value
"""
OWN_INVERSE = """
import enum
class P(enum.Flag):
    A, B, C = 1, 2, 4
    def __invert__(s):
        if s._inverted_ is None: s._inverted_ = P.B
        return s._inverted_
m = P.A
def g(x): return x * (~m).value
def h(x): return x + (~m).value
"""
# What is filled later hangs on an object that the property makes: no entry says how.
NESTED = """
class N:
    def __init__(s, m): s.m = m
    @functools.cached_property
    def table(s): return s.m.k * 3
class M:
    def __init__(s): s.k = 2.0
    @functools.cached_property
    def n(s): return N(s)
    def __repr__(s): return "M"
m = M()
def g(x): return x * m.n.table
def h(x): return x + m.n.table
N.__repr__ = lambda s: repr(vars(s))
"""
# The trace itself puts another value where the property would have put its own.
ASSIGNED = """
class M:
    def __init__(s): s.k = 2.0
    @functools.cached_property
    def table(s): return s.k * 3
m = M()
def g(x):
    if "table" not in m.__dict__: m.table = 5.0
    return x * m.table
def h(x): return x + m.table
"""
# Which raises where nothing is traced.
RAISES = """
class M:
    def __init__(s): s.k = 2.0
    @functools.cached_property
    def table(s):
        if not isinstance(jnp.zeros(()) + 1, jax.core.Tracer): raise ValueError("not traced")
        return s.k * 3
m = M()
def g(x): return x * m.table
def h(x): return x + m.table
"""
OWN_CLASS = """
class Kept(functools.cached_property):
    pass
class M:
    def __init__(s): s.k = 2.0
    @Kept
    def table(s): return s.k * 3
m = M()
def g(x): return x * m.table
def h(x): return x + m.table
"""


def run(directory: Path, source: str, *arguments: str) -> Answer:
    script = directory / "script.py"
    script.write_text(PRELUDE + source + ENDING)
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(directory / "store"))}
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("source", [ONE, MORE, INVERSE], ids=["one", "more", "inverse of a flag"])
def test_property_that_a_hit_has_not_traced_is_kept_from_the_state_of_that_call(tmp_path: Path, source: str) -> None:
    plain, cold, warm = run(tmp_path, source, "plain"), run(tmp_path, source), run(tmp_path, source)
    assert plain["values"] == cold["values"] == warm["values"]
    assert plain["kept"] == cold["kept"] == warm["kept"]
    assert cold["stats"]["misses"] == 2
    assert warm["stats"]["direct_hits"] == 2
    assert not cold["stats"]["faults"]
    assert not warm["stats"]["faults"]


@pytest.mark.parametrize(
    "source",
    [NESTED, ASSIGNED, RAISES, OWN_CLASS, OWN_INVERSE],
    ids=["nested", "assigned", "raises", "own class", "own inverse"],
)
def test_property_that_cannot_be_computed_as_the_trace_did_is_traced(tmp_path: Path, source: str) -> None:
    plain, cold, warm = run(tmp_path, source, "plain"), run(tmp_path, source), run(tmp_path, source)
    assert plain["values"] == cold["values"] == warm["values"]
    assert plain["kept"] == cold["kept"] == warm["kept"]
    assert warm["stats"]["direct_hits"] < 2
