"""``install`` and ``uninstall``, each in a process of its own."""

from __future__ import annotations

from pathlib import Path

from tests.whole.processes import evaluate, python

from jitserve import _core
from jitserve.v1 import record_pb2 as pb

EAGER = """
jitserve.install()
import jax.numpy as jnp
import numpy as np
x = jnp.arange(6.0).reshape(2, 3)
y = jnp.linalg.svd(x @ x.T)[1] + jnp.sort(jnp.sin(x), axis=1).sum()
answer(values=np.asarray(y).tolist(), compiled=compiled())
"""
# Compilations that JAX's cache, ours in front of it, had no part in. The event for a compilation is recorded for a hit.
COMPILED = """
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name) if name.endswith("/cache_hits") else None)
def compiled():
    return events.count("backend_compile_duration") - len(hits)
"""
# A library that was imported, and has jitted, before.
EARLY = """
import jax.numpy as jnp
early = jax.jit(lambda x: jnp.tanh(x) * 3)
mapped = jax.pmap(lambda x: x * 2)
x = jnp.ones((1, 4))
jitserve.install()
late = jax.jit(lambda x: jnp.tanh(x) * 3)
"""


def test_eager_operations_are_compiled_once_for_all_processes(store_dir: Path) -> None:
    cold, warm = (evaluate(COMPILED + EAGER) for _ in range(2))
    assert cold["stats"]["misses"] == cold["compiled"] > 3
    assert warm["values"] == cold["values"]
    assert warm["compiled"] == warm["stats"]["misses"] == 0
    assert warm["stats"]["seconds_saved"] > 0
    assert warm["stats"]["faults"] == {}


def test_eager_operations_of_lax_are_found_without_a_trace(store_dir: Path) -> None:
    code = "jitserve.install()\nx = jax.numpy.ones(3)\n"
    code += "answer(steps=steps(lambda: jax.lax.neg(jax.lax.exp(x) + jax.lax.square(x))))"
    cold, warm = (evaluate(code) for _ in range(2))
    assert len(cold["steps"]) == 4 * 3
    assert warm["steps"] == ["jaxpr_trace", "jaxpr_to_mlir_module", "backend_compile"]  # `+`, jitted with JAX's import
    assert cold["stats"]["bypasses"] == warm["stats"]["bypasses"] == {}


def test_functions_jitted_before_are_served_without_being_compiled(store_dir: Path) -> None:
    code = EARLY + "answer(early=steps(early, x), mapped=steps(mapped, x), stock=type(early) is type(late))"
    cold, warm = (evaluate(code) for _ in range(2))
    assert cold["stats"]["misses"] == 2
    assert warm["stats"]["misses"] == 0
    # What `pmap` jits, it jits when it is called: that is served before the trace.
    assert warm["stats"]["lowered_hits"] == warm["stats"]["direct_hits"] == 1
    assert warm["early"][:2] == ["jaxpr_trace", "jaxpr_to_mlir_module"]
    assert warm["stock"]


def test_functions_jitted_afterwards_are_found_without_a_trace(store_dir: Path) -> None:
    cold, warm = (evaluate(EARLY + "answer(late=steps(late, x))") for _ in range(2))
    assert len(cold["late"]) == 3
    assert warm["late"] == []
    assert warm["stats"]["direct_hits"] == 1


def programs(store_dir: Path) -> list[Path]:
    """The program records of a store."""
    return [path for path in (store_dir / "programs").rglob("*") if path.is_file() and not path.name.startswith(".")]


def test_programs_that_jit_compiles_are_not_stored_twice(store_dir: Path) -> None:
    evaluate(EARLY + "late(x); answer()")
    assert len(programs(store_dir)) == 1


def test_compile_seconds_are_kept_as_they_are(store_dir: Path) -> None:
    evaluate(EARLY + "early(x); answer()")
    (path,) = programs(store_dir)
    program = pb.Program.FromString(_core.read_record(path))
    assert 0 < program.compile_s < 60
    assert program.compile_s != int(program.compile_s)
    assert not program.HasField("stablehlo")


def test_environment_is_in_the_key_of_what_jax_names_by_version(store_dir: Path) -> None:
    evaluate(EARLY + "early(x); answer()")
    # Not in JAX's own key, because it reaches the program only through what is traced.
    other = evaluate("jax.config.update('jax_threefry_partitionable', False)" + EARLY + "early(x); answer()")
    assert other["stats"]["misses"] == 1


def test_uninstall_restores_everything_as_it_was(store_dir: Path) -> None:
    code = """
from jax._src import api, compilation_cache, compiler, config
def state():
    settings = {name: value for name, value in config.config.values.items() if "cache" in name}
    places = jax.jit, api.jit, compilation_cache._get_cache, compiler._cache_write, compilation_cache._cache
    return [str(settings), *map(repr, places)]
before = state()
jitserve.install()
jitserve.install()
during = state()
jax.jit(lambda x: x + 1)(1.0)
jitserve.uninstall()
after = state()
jitserve.uninstall()
lookups = jitserve.stats().lookups
jax.jit(lambda x: x + 2)(1.0) + 3
answer(before=before, during=during, after=after, more=jitserve.stats().lookups - lookups)
"""
    done = evaluate(code)
    assert done["before"] == done["after"]
    assert done["before"] != done["during"]
    assert done["during"][0] == done["before"][0]
    assert done["more"] == 0


def test_uninstall_leaves_what_somebody_else_has_replaced_since(store_dir: Path) -> None:
    code = """
jitserve.install()
ours = jax.jit
def another(*args, **kwargs): return ours(*args, **kwargs)
jax.jit = another
jitserve.uninstall()
answer(kept=jax.jit is another)
"""
    assert evaluate(code)["kept"]


def test_cache_of_the_user_stays_in_use_behind_ours(store_dir: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    environ = {"JAX_COMPILATION_CACHE_DIR": str(theirs), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    code = COMPILED + EARLY + "early(x); answer(compiled=compiled())"
    filled = evaluate(code.replace("jitserve.install()", ""), **environ)
    assert filled["compiled"] > 0
    # Found there, so not compiled; and not taken over, since their key says less than ours.
    found = evaluate(code, **environ)
    assert found["compiled"] == 0
    assert found["stats"]["misses"] == 1
    assert programs(store_dir) == []


def test_thresholds_of_the_user_hold_for_the_user_s_cache_only(store_dir: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    environ = {"JAX_COMPILATION_CACHE_DIR": str(theirs)}
    evaluate(EARLY + "early(x); answer()", **environ)
    assert len(programs(store_dir)) == 1
    assert list(theirs.rglob("*-cache")) == []
    environ["JITSERVE_DIR"] = str(tmp_path / "another")
    evaluate(EARLY + "early(x); answer()", **environ, JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0")
    assert len(list(theirs.rglob("jit__lambda*-cache"))) == 1


def test_damaged_entry_is_compiled_again_and_replaced(store_dir: Path) -> None:
    evaluate(EARLY + "early(x); answer()")
    (blob,) = (path for path in (store_dir / "blobs").rglob("*-*") if path.is_file())
    damaged = bytearray(blob.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(damaged)
    met = evaluate(EARLY + "early(x); answer()")
    assert met["stats"]["faults"] == {"corrupt_blob": 1}
    assert met["stats"]["faulted"] == 1
    assert evaluate(EARLY + "early(x); answer()")["stats"]["lowered_hits"] == 1


def test_store_that_cannot_be_written_changes_no_result(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    code = "import warnings; warnings.simplefilter('ignore')" + EARLY + "answer(y=early(x).tolist())"
    done = evaluate(code, JITSERVE_DIR=str(blocked))
    assert done["y"] == evaluate(code)["y"]
    assert done["stats"]["faulted"] == done["stats"]["lookups"] > 0


def test_configuration_that_cannot_be_digested_stands_aside(store_dir: Path) -> None:
    code = """
from jitserve import _entries
from jitserve._outcome import BypassReason, Refusal
from jitserve._session import current_session
class Environment:
    def now(self): raise Refusal(BypassReason.UNKNOWN_CONTEXT_VALUE, "config", "has no safe encoding")
current_session()._environment = Environment()
entries = _entries.StoredEntries()
value = entries.get("key")
entries.put("key", b"value", 1.0)
answer(value=value)
"""
    done = evaluate(code)
    assert done["value"] is None
    assert done["stats"]["bypasses"] == {"unknown_context_value": 1}


def test_unsupported_jax_gets_one_warning_and_nothing_is_replaced() -> None:
    code = """
import jax
jit = jax.jit
jax.__version__ = "0.99.0"
import jitserve
jitserve.install()
jitserve.install()
assert jax.jit is jit
assert jitserve.precompile(abs, 1) is jitserve.Outcome.BYPASS
"""
    done = python("-W", "always", "-c", code)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr.count(b"RuntimeWarning: jitserve does not work with JAX 0.99.0") == 1
