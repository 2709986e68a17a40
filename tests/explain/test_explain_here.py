"""``explain`` about this very process: modes, arguments, refusals that only a trace can find; what the log says."""

from __future__ import annotations

import decimal
import functools
import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import omegaconf
import pytest
import walked_program
from empty_store import empty_store

import jitserve
from jitserve import BypassReason, Outcome
from jitserve._advice import advice_for
from jitserve._session import current_session
from jitserve._writer import Job


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, default_store: Path) -> Iterator[None]:
    jitserve.configure(directory=empty_store(tmp_path / "store"))
    yield
    jitserve.configure(directory=default_store)


def doubled(x: jax.Array) -> jax.Array:
    return x * 2


def test_plain_function_is_explained_as_if_it_had_been_jitted() -> None:
    found = jitserve.explain(doubled, 1.0)
    assert (found.outcome, found.function) == (Outcome.MISS, f"{__name__}.doubled")
    assert str(found) == f"{__name__}.doubled: miss\n  nothing of {__name__}.doubled is stored"


def test_call_that_was_made_and_published_is_a_hit() -> None:
    function = jitserve.jit(doubled)
    function(np.ones(3))
    assert jitserve.flush()
    found = jitserve.explain(function, np.ones(3))
    assert found.outcome is Outcome.DIRECT_HIT
    assert "s of compilation" in found.summary


def test_entry_that_this_process_is_still_storing_is_said_to_be() -> None:
    written = threading.Event()

    def wait() -> None:
        written.wait(60)

    current_session().writer.submit(Job(0, wait, written.set))
    function = jitserve.jit(doubled)
    function(np.ones(5))
    try:
        found = jitserve.explain(function, np.ones(5))
        assert found.outcome is Outcome.MISS
        assert found.summary.endswith("is still storing what it has compiled, jitserve.flush() waits for it")
    finally:
        written.set()
    assert jitserve.flush()
    assert jitserve.explain(function, np.ones(5)).outcome is Outcome.DIRECT_HIT


def test_description_of_an_array_stands_for_it() -> None:
    function = jitserve.jit(doubled)
    described = jax.ShapeDtypeStruct((3,), np.float32)
    assert jitserve.explain(function, described).outcome is Outcome.MISS
    function(jax.numpy.ones(3))
    assert jitserve.flush()
    assert jitserve.explain(function, described).outcome is Outcome.DIRECT_HIT
    longer = jitserve.explain(function, jax.ShapeDtypeStruct((4,), np.float32))
    assert longer.differences == ("argument `x`: float32[3] -> float32[4]",)


def test_module_of_jax_in_which_something_is_bound_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    function = jitserve.jit(lambda x: x * 3)
    function(np.ones(3))
    assert jitserve.flush()
    monkeypatch.setattr(jax._src.nn.functions, "silu", jax.nn.relu)
    found = jitserve.explain(function, np.ones(3))
    assert found.outcome is Outcome.MISS
    assert found.differences == ("what is bound in `jax._src.nn.functions` changed",)


def test_part_of_the_process_state_that_has_changed_is_named() -> None:
    function = jitserve.jit(lambda x: x * 11)
    function(np.ones(3))
    assert jitserve.flush()
    default = decimal.getcontext()
    with np.errstate(over="ignore"), decimal.localcontext(prec=default.prec + 1):
        errors, context = jitserve.explain(function, np.ones(3)).differences
    assert errors.startswith("process state numpy.geterr: ((")
    assert "('over', 'warn')" in errors.partition(" -> ")[0]
    assert "('over', 'ignore')" in errors.partition(" -> ")[2]
    assert context.startswith(f"process state decimal context: ({default.prec}, ")
    assert f" -> ({default.prec + 1}, " in context


def test_mesh_that_a_call_is_made_under_is_told_in_words() -> None:
    function = jitserve.jit(lambda x: x * 5)
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))
    with jax.set_mesh(mesh):
        function(np.ones(3))
    assert jitserve.flush()
    assert f"mesh changed: gone, was {mesh} on devices 0" in jitserve.explain(function, np.ones(3)).differences


class Shown:
    """A value of a user context, which says when somebody asks for its text."""

    asked = 0

    def __repr__(self) -> str:
        Shown.asked += 1
        return "shown"


def test_recording_what_a_key_is_made_of_runs_no_code_of_the_users() -> None:
    context = jax.make_user_context(None)
    function = jitserve.jit(lambda x: x * 7)
    with context((Shown(), 1)):
        function(np.ones(3))
        assert jitserve.flush()
        assert jitserve.explain(function, np.ones(3)).outcome is Outcome.DIRECT_HIT
    assert Shown.asked == 0


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.factor


def test_state_of_a_called_object_is_named() -> None:
    jitserve.jit(Scaled(2.0))(np.ones(3))
    assert jitserve.flush()
    assert jitserve.explain(Scaled(3.0), np.ones(3)).differences == ("called object `self.factor`: 2.0 -> 3.0",)


@jax.tree_util.register_pytree_node_class
class Model:
    """What libraries pass for a model: weights, and what it is made of as static data."""

    def __init__(self, weights: object, options: object) -> None:
        self.weights, self.options = weights, options

    def tree_flatten(self) -> tuple[tuple[object], object]:
        return (self.weights,), self.options

    @classmethod
    def tree_unflatten(cls, options: object, children: tuple[object]) -> Model:
        return cls(*children, options)

    def __repr__(self) -> str:
        raise AssertionError("explaining runs no code of the user's")


def test_static_data_inside_an_argument_is_named() -> None:
    def apply(model: Model, x: jax.Array) -> jax.Array:
        return model.options["layer"](model.weights["w"] * x)

    def layer(rate: float) -> Scaled:
        return Scaled(rate)

    weights = {"w": np.ones(3), "b": None}
    jitserve.jit(apply)(Model(weights, {"layer": layer(2.0)}), np.ones(3))
    assert jitserve.flush()
    found = jitserve.explain(apply, Model(weights, {"layer": layer(3.0)}), np.ones(3))
    assert found.differences == ("argument `model`, static data of Model['layer'].factor: 2.0 -> 3.0",)
    found = jitserve.explain(apply, Model([weights], {"layer": layer(2.0)}), np.ones(3))
    was, now = "Model({'b': None, 'w': *})", "Model([{'b': None, 'w': *}])"
    assert f"structure of argument `model`: {was} -> {now}" in found.differences


def test_what_a_library_jits_by_itself_is_said_not_to_be_explained() -> None:
    nnx = pytest.importorskip("flax.nnx")
    found = jitserve.explain(nnx.jit(doubled), np.ones(3))
    assert found.trouble[0].startswith("a JitWrapped of flax jits a function of its own when it is called")


def test_further_positional_arguments_are_named_by_their_position() -> None:
    def total(x: jax.Array, *others: jax.Array) -> jax.Array:
        return sum(others, x)

    jitserve.jit(total)(1.0, 2.0)
    assert jitserve.flush()
    found = jitserve.explain(total, 1.0, 2.0, np.float32(3.0))
    assert found.differences == ("argument `others[1]`: new, float32[]",)


def test_explanation_is_plain_data() -> None:
    found = jitserve.explain(doubled, 1.0).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["outcome"] == "miss"


def test_arguments_that_cannot_be_taken_apart_raise_what_jax_raises() -> None:
    with pytest.raises(ValueError, match="sorting pytree dictionary keys"):
        jitserve.explain(doubled, {1: 1.0, "a": 2.0})


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        ((), {}, "the call would raise TypeError: missing a required argument: 'x'"),
        ((1.0, 2.0), {}, "the call would raise TypeError: too many positional arguments"),
        (([1],), {"static_argnums": 0}, "the call would raise ValueError: Non-hashable static arguments"),
    ],
)
def test_call_that_can_only_raise_is_said_to(args: tuple[object, ...], options: dict[str, int], said: str) -> None:
    function = jitserve.jit(doubled, **options)
    (trouble,) = jitserve.explain(function, *args).trouble
    assert trouble.startswith(said)
    with pytest.raises(TypeError if "TypeError" in said else ValueError):
        function(*args)


def test_wrapper_that_passes_another_argument_is_no_trouble() -> None:
    @functools.wraps(doubled)
    def wrapper() -> jax.Array:
        return doubled(1.0)

    assert jitserve.explain(jitserve.jit(wrapper)).trouble == ()


def test_argument_that_is_left_to_jax_is_a_bypass() -> None:
    found = jitserve.explain(doubled, "text")
    assert (found.outcome, found.reason) == (Outcome.BYPASS, BypassReason.UNSUPPORTED_ARGUMENT)


class Closed:
    """An object that lets nobody ask for its attributes."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(f"nobody may ask for {name}")

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * 2


class Homeless(Closed):
    """One that does not tell where it comes from, which JAX does not ask."""

    def __getattribute__(self, name: str) -> object:
        if name == "__module__":
            raise RuntimeError(f"nobody may ask for {name}")
        return object.__getattribute__(self, name)


@pytest.mark.parametrize("call", [(Closed(), 1.0), (doubled, Closed())], ids=["function", "argument"])
def test_object_that_jax_cannot_take_is_explained_as_left_to_jax(call: tuple[Any, object]) -> None:
    function, argument = call
    found = jitserve.explain(function, argument)
    assert (found.outcome, found.reason, found.trouble) == (Outcome.BYPASS, BypassReason.UNSUPPORTED_ARGUMENT, ())
    before = jitserve.stats().faults
    with pytest.raises(RuntimeError, match="nobody may ask for __class__"):
        jitserve.jit(function)(argument)
    assert jitserve.stats().faults == before


def test_called_object_that_does_not_tell_its_module_is_explained_as_it_is_called() -> None:
    closed = Homeless()
    before = jitserve.stats().faults
    found = jitserve.explain(closed, 1.0)
    assert (found.outcome, found.function) == (Outcome.MISS, "Homeless")
    jitserve.jit(closed)(1.0)
    assert jitserve.flush()
    assert jitserve.explain(closed, 1.0).outcome is Outcome.DIRECT_HIT
    assert jitserve.stats().faults == before


def test_disabled_jit_is_a_bypass() -> None:
    with jax.disable_jit():
        assert jitserve.explain(doubled, 1.0).reason is BypassReason.DISABLE_JIT


def test_refusal_that_only_a_trace_finds_is_told_once_it_has_been_found() -> None:
    @jitserve.jit
    def shown(x: jax.Array) -> jax.Array:
        jax.debug.print("{}", x)
        return x

    assert jitserve.explain(shown, 1.0).outcome is Outcome.MISS
    shown(1.0)
    found = jitserve.explain(shown, 1.0)
    assert (found.outcome, found.reason) == (Outcome.BYPASS, BypassReason.EFFECTS)
    assert found.advice == advice_for(BypassReason.EFFECTS)


def test_function_that_every_trace_changes_is_a_bypass_for_any_arguments() -> None:
    """Its keys are others after each trace, so that nothing is known by them."""
    count = 0

    @jitserve.jit
    def counted(x: jax.Array) -> jax.Array:
        nonlocal count
        count += 1
        return x * 2

    counted(np.ones(3))
    for size in (3, 4):
        found = jitserve.explain(counted, np.ones(size))
        assert (found.outcome, found.reason) == (Outcome.BYPASS, BypassReason.TRACE_SIDE_EFFECT)


def test_object_that_an_earlier_trace_has_changed_may_be_changed_again() -> None:
    calls: list[int] = []

    @jitserve.jit
    def noted(x: jax.Array) -> jax.Array:
        calls.append(1)
        return x * 2

    assert jitserve.explain(noted, np.ones(3)).hazards == ()
    noted(np.ones(3))
    for size in (3, 4):
        found = jitserve.explain(noted, np.ones(size))
        assert found.outcome is Outcome.MISS  # for all that is known: another trace may leave the list alone
        (hazard,) = found.hazards
        assert "noted.__closure__['calls'], as an earlier call of this process did" in hazard


def test_registered_fingerprint_and_pure_function_are_waived_and_counted_as_such() -> None:
    source = """
import array, jitserve
TABLE = array.array("d", [1.0])
def contents(table): return table.tolist()
def f(x): return x * TABLE[0]
"""
    program = walked_program.load(source)
    assert jitserve.explain(program["f"], 1.0).reason is BypassReason.UNKNOWN_OBJECT
    with jitserve.register_fingerprint(type(program["TABLE"]), program["contents"]):
        found = jitserve.explain(program["f"], 1.0)
    by = "fingerprint registered by __main__.contents"
    assert found.waived == (f"global `TABLE` of `__main__.f`: object of array.array, {by}",)


def test_log_names_place_and_advice_of_a_refusal_once(caplog: pytest.LogCaptureFixture) -> None:
    function = jitserve.jit(walked_program.load("def f(x):\n    y = x\n    return y * (hash('a') % 7)")["f"])
    caplog.set_level(logging.INFO, "jitserve")
    for size in (2, 3):
        function(np.ones(size, np.float32))
    lines = [record.getMessage() for record in caplog.records if "without the cache" in record.getMessage()]
    assert len(lines) == 1
    head, _, rest = lines[0].partition(": at f")
    assert head == "jitserve: __main__.f runs without the cache (id_or_hash_read)"
    assert re.search(r"program_\d+\.py:3.*hash: an address or a salted hash differs from process to process", rest)
    assert lines[0].endswith(f". {advice_for(BypassReason.ID_OR_HASH_READ)}.")


def test_function_that_reads_an_interpolation_is_told_to_resolve_it_before(caplog: pytest.LogCaptureFixture) -> None:
    config = omegaconf.OmegaConf.create({"rate": 2.0, "twice": "${rate}"})
    caplog.set_level(logging.INFO, "jitserve")
    jitserve.jit(lambda x: x * config.twice)(np.ones(2, np.float32))
    (line,) = (record.getMessage() for record in caplog.records if "without the cache" in record.getMessage())
    assert line.endswith("OmegaConf.to_container(cfg, resolve=True), outside of the function.")


@pytest.mark.parametrize("reason", BypassReason)
def test_every_reason_has_advice(reason: BypassReason) -> None:
    assert advice_for(reason)
    assert not advice_for(reason).endswith(".")


MEMO = """
import functools
CFG = {"heads": 2.0}
@functools.lru_cache
def table(n): return n * CFG["heads"]
def f(x): return x * table(3)
def g(x): return x * (table(3) if x.ndim > 1 else 2)
"""


@pytest.mark.parametrize(("name", "outcome"), [("f", Outcome.BYPASS), ("g", Outcome.DIRECT_HIT)])
def test_memo_that_was_filled_before_is_told_as_the_call_finds_it(name: str, outcome: Outcome) -> None:
    """Only where the trace asked the memo."""
    jitserve.jit(walked_program.load(MEMO)[name])(np.ones(3))
    assert jitserve.flush()
    program = walked_program.load(MEMO)  # as another process has it
    assert jitserve.explain(program[name], np.ones(3)).outcome is Outcome.DIRECT_HIT
    program["table"](3)
    found = jitserve.explain(program[name], np.ones(3))
    assert found.outcome is outcome
    assert found.reason is (BypassReason.MEMO_PREWARMED if outcome is Outcome.BYPASS else None)
    before = jitserve.stats().as_dict()
    jitserve.jit(program[name])(np.ones(3))
    after = jitserve.stats().as_dict()
    assert after["direct_hits"] - before["direct_hits"] == (outcome is Outcome.DIRECT_HIT)
    assert after["bypasses"] == ({"memo_prewarmed": 1} if outcome is Outcome.BYPASS else {})


CHOSEN = """
import os
def up(x): return x + 1
def down(x): return x - 2
def f(x): return {"up": up, "down": down}[os.environ["WAY"]](x)
"""


def test_edit_is_told_from_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries for other values of a variable hold for the new code as well, which their traces did not run."""
    for way in ("down", "up"):
        monkeypatch.setenv("WAY", way)
        jitserve.jit(walked_program.load(CHOSEN)["f"])(np.ones(3))
        assert jitserve.flush()
    edited = walked_program.load(CHOSEN.replace("x - 2", "x - 3"))["f"]
    said = {}
    for way in ("up", "down", "elsewhere"):
        monkeypatch.setenv("WAY", way)
        said[way] = jitserve.explain(edited, np.ones(3)).differences
    assert said == {
        "up": (),
        "down": ("helper `__main__.down` changed: constant 2 -> 3",),
        "elsewhere": ("environment variable `WAY` changed, which the trace read",),
    }
