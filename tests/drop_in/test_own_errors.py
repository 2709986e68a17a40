"""An error of our own, wherever it strikes, never reaches the user, and the call is made exactly once."""

from __future__ import annotations

import contextlib
import traceback
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from empty_store import empty_store

import jitserve
from jitserve import _audit, _build, _cold, _contexts, _jit, _lookup, _resolve, _search, _session
from jitserve._users import users_own

SEAMS = [
    (_resolve, "function_name"),
    (_resolve, "call_parts"),
    (_search, "call_key"),
    (_search, "read_footprints"),
    (_search, "look_up"),
    (_audit, "choose"),
    (_cold, "build"),
    (_cold, "publish"),
    (_cold, "Audit"),
    (_cold, "Trace"),
    (_resolve, "is_right"),
    (_build, "program_key"),
    (_build, "encode_compilation"),
    (_build, "new_manifest"),
    (_lookup, "read_manifest"),
    (_session.Session, "environment"),
    (_session.Session, "miss"),
    (_session.Session, "hit"),
    (_contexts.Contexts, "begin"),
    (_contexts.Contexts, "end"),
]


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


def fail(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("a bug of ours")


def make_call() -> tuple[Any, int]:
    """A call with a donated argument, which cannot be made twice; and how often its function was executed."""
    argument = jnp.arange(4.0)
    out = jitserve.jit(lambda x: x * 2 + 1, donate_argnums=0)(argument)
    return np.asarray(out).tolist(), int(argument.is_deleted())


@pytest.mark.parametrize(("where", "name"), SEAMS, ids=[f"{getattr(w, '__name__', w)}.{n}" for w, n in SEAMS])
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_error_of_our_own_is_counted_and_the_call_is_made(
    where: Any, name: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state == "warm":
        make_call()
        jitserve.flush()
    monkeypatch.setattr(where, name, fail)
    before = jitserve.stats()
    assert make_call() == ([1.0, 3.0, 5.0, 7.0], 1)
    after = jitserve.stats()
    broken = after.faults.get("internal", 0) - before.faults.get("internal", 0)
    # Not every seam is on the way of every call; where it is, the fault is counted.
    assert broken >= 1 or after.direct_hits > before.direct_hits or after.misses > before.misses


def test_error_of_the_user_is_not_taken_for_ours() -> None:
    with pytest.raises(ZeroDivisionError):
        jitserve.jit(lambda x: x * (1 // 0))(1.0)
    assert jitserve.stats().faults == {}


class Closed(Exception):
    """An error that takes no attributes but those of Python."""

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            raise AttributeError(f"read-only: {name}")
        super().__setattr__(name, value)


@pytest.mark.parametrize("nested", [False, True])
def test_error_of_the_user_passes_as_it_is_and_its_function_is_called_once(nested: bool) -> None:
    calls = []

    def broken(x: Any) -> Any:
        calls.append(x)
        raise Closed("the user's")

    inner = jitserve.jit(broken)
    with pytest.raises(Closed, match="the user's") as caught:
        (jitserve.jit(lambda x: inner(x)) if nested else inner)(1.0)
    assert vars(caught.value).keys() <= {"__notes__"}
    assert len(calls) == 1
    assert jitserve.stats().faults == {}


def test_error_of_our_own_is_ours_where_one_of_the_user_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("first the user's, then ours")  # as if it lay at the address of the first

    def broken(*args: Any) -> Any:
        raise error

    with contextlib.suppress(RuntimeError), users_own:
        broken()  # nobody asks whose it is
    monkeypatch.setattr(_jit, "current_session", broken)
    assert make_call() == ([1.0, 3.0, 5.0, 7.0], 1)


def test_static_argument_that_is_counted_from_the_end_is_no_trouble() -> None:
    out = jitserve.jit(lambda x, y, n=3: x * n + y, static_argnums=(0, -1))(2, jnp.ones(2), 5)
    assert out.tolist() == [11.0, 11.0]
    jitserve.flush()
    assert jitserve.stats().faults == {}


def test_users_traceback_shows_none_of_our_frames() -> None:
    def broken(x: Any) -> Any:
        raise ValueError("the user's")

    with pytest.raises(ValueError, match="the user's") as caught:
        jitserve.jit(broken)(1.0)
    frames = [entry.path.name for entry in caught.traceback if "jitserve" in str(entry.path.parent)]
    assert [name for name in frames if not name.startswith("test_")] == []


def test_traceback_is_as_long_as_that_of_plain_jax() -> None:
    def broken(x: Any) -> Any:
        raise ValueError("the user's")

    def depth(jit: Any) -> int:
        with pytest.raises(ValueError, match="the user's") as caught:
            jit(broken)(1.0)
        return len(caught.traceback)

    assert depth(jitserve.jit) == depth(jax.jit)


WRONG = {
    "none": ((None,), {}),
    "no_such_option": ((abs,), {"foo": 1}),
    "out_of_range": ((lambda x: x,), {"static_argnums": 3}),
    "not_an_integer": ((lambda x: x,), {"static_argnums": "a"}),
    "backend_and_device": ((lambda x: x,), {"device": "cpu", "backend": "cpu"}),
    "bad_options": ((lambda x: x,), {"compiler_options": 3}),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", ["remove_frames", "quiet_remove_frames", "tracebackhide"])
@pytest.mark.parametrize("name", WRONG)
def test_wrong_option_of_jit_is_shown_as_by_plain_jax(name: str, mode: str) -> None:
    args, options = WRONG[name]

    def shown(jit: Any) -> tuple[list[str], list[str], str]:
        with jax._src.config.traceback_filtering(mode):
            try:
                jit(*args, **options)
            except Exception as error:  # noqa: BLE001 - or whatever plain JAX raises
                frames = [entry.name for entry in traceback.extract_tb(error.__traceback__)]
                notes = getattr(error, "__notes__", [])
                return frames, notes, f"{error!r} {type(error.__cause__).__name__}"
        return [], [], ""

    ours, plain = shown(jitserve.jit), shown(jax.jit)
    if mode == "tracebackhide":  # all frames are there, for IPython to hide
        ours, plain = ours[1:], plain[1:]  # type: ignore[assignment]
    assert ours == plain


@pytest.mark.parametrize("mode", ["remove_frames", "off"])
@pytest.mark.parametrize("name", ["factory", "compile", "compile_with_options", "lower"])
def test_error_of_a_later_stage_is_shown_as_by_plain_jax(name: str, mode: str) -> None:
    stages = {
        "factory": lambda jit: jit(static_argnums=9)(lambda x: x),
        "compile": lambda jit: jit(lambda x: x + 1, compiler_options={"xla_foo": 1}).lower(1.0).compile(),
        "compile_with_options": lambda jit: jit(lambda x: x + 2).lower(1.0).compile({"xla_foo": 1}),
        "lower": lambda jit: jit(lambda x: x + 3).trace(1.0).lower(lowering_platforms=3),
    }

    def shown(jit: Any) -> tuple[str, list[str]]:
        with jax._src.config.traceback_filtering(mode):
            try:
                stages[name](jit)
            except Exception as error:  # noqa: BLE001 - whatever plain JAX raises
                return repr(error), [entry.name for entry in traceback.extract_tb(error.__traceback__)]
        raise AssertionError("there was no error")

    assert shown(jitserve.jit) == shown(jax.jit)


def test_warning_of_lowering_is_given_again_on_a_hit_and_is_an_error_for_those_who_want_that() -> None:
    def make() -> Any:
        # No output is as large as the donated argument: it cannot be used for anything.
        return jitserve.jit(lambda x: x.sum(), donate_argnums=0)(jnp.ones(4))

    for _ in range(2):
        with pytest.warns(UserWarning, match="donated buffers were not usable"):
            make()
        jitserve.flush()
    assert jitserve.stats().direct_hits == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="donated buffers were not usable"):
            make()
    assert jitserve.stats().faults == {}
