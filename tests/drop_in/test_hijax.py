"""Primitives and types of the user's own (hijax): stored in the midst of a program, left to JAX at its ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest
from empty_store import empty_store

pytestmark = pytest.mark.skipif(jax.__version_info__ < (0, 12), reason="JAX compiles such programs directly since 0.12")

# Called as: SCRIPT jax|jitserve FUNCTION LEVELS
SCRIPT = """
import dataclasses, json, sys
import jax, jax.numpy as jnp, numpy as np
from jax.experimental import hijax
import jitserve

jit = jax.jit if sys.argv[1] == "jax" else jitserve.jit
LEVELS = float(sys.argv[3])
events = []

@dataclasses.dataclass(frozen=True)
class Quantized:
    values: jax.Array
    scale: jax.Array

@dataclasses.dataclass(frozen=True)
class QuantizedType(hijax.HiType):
    shape: tuple
    def lo_ty(self):
        return [jax.core.ShapedArray(self.shape, np.dtype("int8")), jax.core.ShapedArray((), np.dtype("float32"))]
    def lower_val(self, value): return [value.values, value.scale]
    def raise_val(self, values, scale): return Quantized(values, scale)
    def to_tangent_aval(self): return self

hijax.register_hitype(Quantized, lambda value: QuantizedType(value.values.shape))

class Quantize(hijax.HiPrim):
    def __init__(self, aval):
        self.in_avals, self.out_aval, self.params = (aval,), QuantizedType(aval.shape), {}
        super().__init__()
    def expand(self, x):
        print("expanded")
        scale = jnp.max(jnp.abs(x)) / LEVELS
        return Quantized((x / scale).astype("int8"), scale)

class Restore(hijax.HiPrim):
    def __init__(self, aval, is_printed=False):
        self.in_avals, self.params = (aval,), {"is_printed": is_printed}
        self.out_aval = jax.core.ShapedArray(aval.shape, np.dtype("float32"))
        super().__init__()
    def expand(self, value):
        if self.is_printed:
            jax.debug.print("{}", value.scale)
        return value.values.astype("float32") * value.scale

def quantized(x): return Quantize(jax.typeof(x))(x)
def rounded(x): return Restore(jax.typeof(quantized(x)))(quantized(x))
def printed(x): return Restore(jax.typeof(quantized(x)), is_printed=True)(quantized(x))

x = jnp.arange(4.0)
jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: events.append(name.rsplit("/", 1)[-1]))
value = jax.tree.map(np.asarray, vars(out) if isinstance(out := jit(globals()[sys.argv[2]])(x), Quantized) else out)
steps = [name for name in events if name.startswith(("jaxpr_", "backend_compile"))]
jitserve.flush()
print(json.dumps({"value": repr(value), "steps": steps, "stats": jitserve.stats().as_dict()}))
"""


def run(package: str, store: Path, function: str, levels: int = 127) -> dict[str, Any]:
    script = store.parent / "script.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(store)), "JITSERVE_ADDRESS": "none"}
    command = [sys.executable, str(script), package, function, str(levels)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    answer["expanded"] = done.stdout.splitlines().count("expanded")
    assert not answer["stats"]["faults"]
    return answer


def test_hijax_type_in_the_midst_of_a_program_is_found_by_a_later_process(tmp_path: Path) -> None:
    plain, cold, warm = (run(package, tmp_path / "store", "rounded") for package in ("jax", "jitserve", "jitserve"))
    assert cold["value"] == warm["value"] == plain["value"]
    assert cold["expanded"] == plain["expanded"]
    assert cold["steps"] == plain["steps"]
    assert cold["stats"]["misses"] == warm["stats"]["direct_hits"] == 1
    assert warm["steps"] == []
    assert warm["expanded"] == 0


def test_what_a_primitive_reads_where_it_is_expanded_is_part_of_the_key(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run("jitserve", store, "rounded")
    changed = run("jitserve", store, "rounded", levels=10)
    assert changed["stats"]["misses"] == 1
    assert changed["value"] == run("jax", store, "rounded", levels=10)["value"]


@pytest.mark.parametrize(("function", "reason"), [("quantized", "effects"), ("printed", "host_callback")])
def test_hijax_type_that_is_returned_or_an_effect_of_its_expansion_is_left_to_jax(
    tmp_path: Path, function: str, reason: str
) -> None:
    plain = run("jax", tmp_path / "store", function)
    for _ in range(2):
        ours = run("jitserve", tmp_path / "store", function)
        assert ours["value"] == plain["value"]
        assert ours["stats"]["bypasses"] == {reason: 1}
