"""A program whose executable is gone, damaged or was never there: compiled from the stored StableHLO, not traced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.whole.processes import evaluate

from jitserve import _core
from jitserve.store._disk import DiskStore
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

CODE = """
import functools
import jax.numpy as jnp
@functools.partial(jitserve.jit, donate_argnums=0)
def f(x, y): return {"sorted": jnp.sort(x @ y), "values": jnp.linalg.svd(y)[1], "key": jax.random.key(3)}
x, y = jnp.arange(16.0).reshape(4, 4), jnp.eye(4)
call = lambda: out.append(f(x, y))
out = []
made = steps(call)
leaves = out[0]["sorted"], out[0]["values"], jax.random.key_data(out[0]["key"])
tree = str(jax.tree.structure(out[0]))
answer(made=made, deleted=x.is_deleted(), values=[leaf.tolist() for leaf in leaves], tree=tree)
"""


def record(store_dir: Path) -> tuple[Path, pb.Program]:
    """The only program of a store."""
    files = [path for path in (store_dir / "programs").rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert len(files) == 1
    return files[0], pb.Program.FromString(_core.read_record(files[0]))


def executable(store_dir: Path) -> Path:
    blob = record(store_dir)[1].executable
    return Path(_core.BlobStore(store_dir).path(blob.sha256, blob.size))


def remove(store_dir: Path) -> None:
    executable(store_dir).unlink()


def damage(store_dir: Path) -> None:
    path = executable(store_dir)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def replace_by_nonsense(store_dir: Path) -> None:
    """As after an update of the plugin that the key does not show: well stored, but no executable."""
    store, (path, program) = DiskStore(store_dir), record(store_dir)
    digest = store.put(b"no executable")
    program.executable.CopyFrom(pb.Blob(sha256=digest.hash, size=digest.size))
    path.unlink()
    store.publish(Kind.PROGRAM, bytes.fromhex(path.name), program.SerializeToString(deterministic=True))


def take_away(store_dir: Path) -> None:
    """As where XLA could not serialise it."""
    store, (path, program) = DiskStore(store_dir), record(store_dir)
    program.ClearField("executable")
    path.unlink()
    store.publish(Kind.PROGRAM, bytes.fromhex(path.name), program.SerializeToString(deterministic=True))


BROKEN = {remove: "missing_blob", damage: "corrupt_blob", replace_by_nonsense: "internal"}


@pytest.mark.parametrize("harm", [*BROKEN, take_away])
def test_program_is_compiled_without_a_trace_or_lowering(harm: Callable[[Path], None], store_dir: Path) -> None:
    cold = evaluate(CODE)
    harm(store_dir)
    warm = evaluate(CODE)
    assert warm["made"] == ["backend_compile"]
    assert warm["stats"]["program_hits"] == warm["stats"]["lookups"] == 1
    assert list(warm["stats"]["faults"]) == ([BROKEN[harm]] if harm in BROKEN else [])
    for name in ("values", "tree", "deleted"):
        assert warm[name] == cold[name]


@pytest.mark.parametrize("harm", BROKEN)
def test_program_gets_an_executable_again(harm: Callable[[Path], None], store_dir: Path) -> None:
    evaluate(CODE)
    harm(store_dir)
    evaluate(CODE)
    healed = evaluate(CODE)
    assert healed["made"] == []
    assert healed["stats"]["direct_hits"] == 1
    assert healed["stats"]["faults"] == {}


def test_program_that_has_no_executable_stays_as_it_is(store_dir: Path) -> None:
    evaluate(CODE)
    take_away(store_dir)
    evaluate(CODE)
    assert evaluate(CODE)["stats"]["program_hits"] == 1


def test_compilation_that_was_needed_is_not_counted_as_lost(store_dir: Path) -> None:
    evaluate(CODE)
    take_away(store_dir)
    stats = evaluate(CODE)["stats"]
    # What was saved is the trace and the lowering, however long the compilation took.
    assert stats["load_seconds"] > 0
    assert -stats["load_seconds"] < stats["seconds_saved"]


def test_neither_executable_nor_program_is_a_miss_that_heals(store_dir: Path) -> None:
    cold = evaluate(CODE)
    for path in (store_dir / "blobs").rglob("*-*"):
        path.unlink()
    missed = evaluate(CODE)
    assert missed["stats"]["misses"] == 1
    assert missed["values"] == cold["values"]
    assert evaluate(CODE)["stats"]["direct_hits"] == 1
