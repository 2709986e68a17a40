"""A call whose first attempt raised, so that JAX's dispatcher asks in every later one: the first answer is kept."""

from __future__ import annotations

import functools
import gc
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from empty_store import empty_store

import jitserve

X = np.arange(1.0, 5.0, dtype="f4")
TRACE = "/jax/core/compile/jaxpr_trace_duration"
events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: events.append(event))


@pytest.fixture(autouse=True)
def fresh_session(tmp_path: Path) -> None:
    jitserve.configure(directory=empty_store(tmp_path / "store"), address="none")


# Every scenario gives what its calls gave. With plain JAX, an empty store and a filled one that has to be the same.
SCRIPT = """
import functools, json, sys
import jax, jax.numpy as jnp, numpy as np
import jitserve

jit = jax.jit if sys.argv[1] == "plain" else jitserve.jit
X = np.arange(1.0, 5.0, dtype="f4")
K, ERROR, AGAIN = 2, None, None

def answer(function, *args, **kwargs):
    try:
        return jax.tree.leaves(function(*args, **kwargs))[0].tolist()
    except BaseException as error:
        return [type(error).__name__, str(error)]

def after(error, function, *args, **kwargs):
    "Fails with K = 1, and is then called with K = 2, 3, the latter twice, and when it would fail again."
    global K, ERROR
    given = []
    for K, ERROR in ((1, error), (2, None), (3, None), (3, None), (4, error)):
        given.append(answer(function, *args, **kwargs))
    ERROR, K = None, 5
    return given

def body(x):
    if ERROR is not None:
        raise ERROR
    return x * K

def error_of_the_user():
    return after(ValueError("no"), jit(lambda x: body(x)), X)

def interrupted():
    return after(KeyboardInterrupt(), jit(lambda x: body(x) + 1), X)

def exited():
    return after(SystemExit(3), jit(lambda x: body(x) + 2), X)

def missing_global():
    global later
    function = jit(lambda x: later(x) * K)
    first = answer(function, X)
    later = jnp.sin
    return [first, *after(None, function, X)]

def deleted_argument():
    global K
    function = jit(lambda x: body(x) + 3)
    x = jnp.asarray(X)
    x.delete()
    K = 2
    given = [answer(function, x)]
    K = 3
    return [*given, answer(function, jnp.asarray(X)), answer(function, jnp.asarray(X))]

def donated_and_keywords():
    function = jit(lambda x, *, y: body(x) + y, donate_argnums=0)
    return after(ValueError("no"), lambda: function(jnp.asarray(X), y=X))

def other_signatures():
    "One is answered before, one after another has failed."
    global K, ERROR
    function = jit(lambda x: body(x) + 4)
    K, ERROR = 2, None
    given = [answer(function, X)]
    given += after(ValueError("no"), function, X[:3])
    given += [answer(function, X), answer(function, X[:2])]
    K = 6
    return [*given, *(answer(function, x) for x in (X, X[:3], X[:2], X[:1]))]

def statics():
    function = jit(lambda x, n: body(x) + n, static_argnums=1)
    return [after(ValueError("no"), function, X, n) for n in (-1, -2, 1, 1.0, True)]

class Model:
    def __init__(self, scale):
        self.scale = scale

    @functools.partial(jit, static_argnums=0)
    def static(self, x):
        return body(x) * self.scale

    def bound(self, x):
        return body(x) - self.scale

def methods():
    model, other = Model(2), Model(3)
    given = [after(ValueError("no"), each.static, X) for each in (model, other)]
    bound = jit(model.bound)
    return [*given, after(ValueError("no"), bound, X)]

def new_jitted_object():
    global K
    def fun(x):
        return body(x) + 5
    given = after(ValueError("no"), jit(fun), X)
    function = jit(fun)
    for K in (6, 7, 7):
        given.append(answer(function, X))
    return [*given, answer(jit(fun, donate_argnums=0), jnp.asarray(X))]

def cleared(clear):
    global K
    function = jit(lambda x: body(x) + 6)
    given = after(ValueError("no"), function, X)
    clear(function)
    for K in (7, 8, 8):
        given.append(answer(function, X))
    return given

def cleared_one():
    return cleared(lambda function: function.clear_cache())

def cleared_all():
    return cleared(lambda function: jax.clear_caches())

def contexts():
    "Failed in one context, called in another, and in the first again."
    global K
    function = jit(lambda x: body(x) + jnp.ones(()))
    given = after(ValueError("no"), function, X)
    with jax.numpy_dtype_promotion("strict"):
        for K in (6, 7):
            given.append(answer(function, X))
    return [*given, answer(function, X), answer(function, X.astype("i4"))]

def unflattening_fails():
    global K
    class Node:
        def __init__(self, x):
            self.x = x
    def make(_, children):
        if BROKEN:
            raise ValueError("no")
        return Node(*children)
    global BROKEN
    jax.tree_util.register_pytree_node(Node, lambda node: ((node.x,), None), make)
    function = jit(lambda x: Node(x * K))
    given = []
    for K, BROKEN in ((2, True), (3, False), (4, False)):
        given.append(answer(function, X))
    return given

def print_effects():
    def fun(x):
        jax.debug.callback(lambda _: None, x)
        return body(x)
    return after(ValueError("no"), jit(fun), X)

SCENARIOS = [
    error_of_the_user, interrupted, exited, missing_global, deleted_argument, donated_and_keywords, other_signatures,
    statics, methods, new_jitted_object, cleared_one, cleared_all, contexts, unflattening_fails,
    print_effects,
]
report = {scenario.__name__: scenario() for scenario in SCENARIOS}
jitserve.flush()
stats = jitserve.stats().as_dict()
print(json.dumps({"report": report, "stats": stats}))
"""


def run(mode: str, store: Path) -> dict[str, Any]:
    env = {**os.environ, "JITSERVE_DIR": str(empty_store(store))}
    script = store.parent / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(script), mode], env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_results_are_those_of_plain_jax_with_an_empty_store_and_with_a_filled_one(tmp_path: Path) -> None:
    plain, cold, warm = (run(mode, tmp_path / "store") for mode in ("plain", "cold", "warm"))
    assert cold["report"] == plain["report"]
    assert warm["report"] == plain["report"]
    assert warm["stats"]["direct_hits"] > 10
    assert not cold["stats"]["faults"]
    assert not warm["stats"]["faults"]


class Failing:
    """A function that fails while it is told to."""

    def __init__(self) -> None:
        self.error: type[BaseException] | None = None

    def make(self) -> Callable[[Any], Any]:
        def function(x: Any) -> Any:
            if self.error is not None:
                raise self.error("no")
            return jnp.sin(x) * 2

        return function


def store_it() -> None:
    """Leaves the function's program in the store."""
    jitserve.jit(Failing().make())(X)
    jitserve.flush()


def failed_once(error: type[BaseException] = ValueError) -> tuple[Failing, Any]:
    failing = Failing()
    function = jitserve.jit(failing.make())
    failing.error = error
    with pytest.raises(error):
        function(X)
    failing.error = None
    return failing, function


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_later_calls_are_neither_looked_up_nor_traced(is_stored: bool, error: type[BaseException]) -> None:
    if is_stored:
        store_it()
    failing, function = failed_once(error)
    function(X)
    jitserve.flush()
    before, traced = jitserve.stats(), events.count(TRACE)
    failing.error = error
    for _ in range(5):
        function(X)
    assert jitserve.stats() == before
    assert before.direct_hits == is_stored
    assert events.count(TRACE) == traced


def test_program_of_a_call_that_failed_at_first_is_stored() -> None:
    failed_once()[1](X)
    jitserve.flush()
    assert (jitserve.stats().misses, jitserve.stats().published) == (1, 1)
    store_it()
    assert jitserve.stats().direct_hits == 1


def test_other_signatures_are_kept_by_the_dispatcher() -> None:
    _, function = failed_once()
    function(X)
    function(X[:2])
    jitserve.flush()
    before = jitserve.stats()
    function(X[:2])
    assert function._cache_size() == 2
    assert jitserve.stats() == before


def test_new_jitted_object_of_the_function_is_looked_up_once_as_it_is_traced_once_by_jax() -> None:
    _, function = failed_once()
    function(X)
    jitserve.flush()
    other = jitserve.jit(function._fun)
    for _ in range(3):
        other(X)
    assert (jitserve.stats().misses, jitserve.stats().direct_hits) == (1, 1)


def test_configuring_anew_changes_nothing_for_a_call_that_was_answered(tmp_path: Path) -> None:
    _, function = failed_once()
    function(X)
    jitserve.configure(directory=empty_store(tmp_path / "other"), address="none")
    function(X)
    assert jitserve.stats().lookups == 0


@pytest.mark.parametrize("clear", [lambda function: jax.clear_caches(), lambda function: function.clear_cache()])
def test_cleared_call_is_traced_once_more_and_not_compiled(clear: Callable[[Any], None]) -> None:
    store_it()
    _, function = failed_once()
    function(X)
    clear(function)
    before = events.count(TRACE)
    for _ in range(3):
        function(X)
    assert events.count(TRACE) - before == 1
    assert (jitserve.stats().direct_hits, jitserve.stats().lowered_hits) == (1, 1)


def test_function_that_always_raises_is_traced_in_every_call_as_by_plain_jax() -> None:
    counts = {}
    for jit in (jax.jit, jitserve.jit):
        traced = []

        def function(x: Any, traced: list[Any] = traced) -> Any:
            traced.append(x)
            raise ValueError("always")

        jitted = jit(function)
        for _ in range(4):
            with pytest.raises(ValueError, match="always"):
                jitted(X)
        counts[jit] = len(traced)
    assert counts[jitserve.jit] == counts[jax.jit] == 4


@pytest.mark.parametrize("is_stored", [False, True])
def test_function_and_executable_are_freed_with_the_function(is_stored: bool) -> None:
    if is_stored:
        store_it()
    client = jax.devices()[0].client
    gc.collect()
    before = len(client.live_executables())
    failing, function = failed_once()
    function(X)
    function(X)
    jitserve.flush()
    gone = weakref.ref(function._fun)
    del failing, function
    gc.collect()
    assert gone() is None
    assert len(client.live_executables()) <= before


def test_executable_that_was_found_is_freed_when_the_caches_are_cleared() -> None:
    store_it()
    jax.clear_caches()
    gc.collect()
    client = jax.devices()[0].client
    before = len(client.live_executables())
    _, function = failed_once()
    function(X)
    function(X)
    assert len(client.live_executables()) > before
    jax.clear_caches()
    gc.collect()
    assert len(client.live_executables()) <= before


def test_failure_inside_of_another_trace_leaves_the_call_itself_alone() -> None:
    failing = Failing()
    function = jitserve.jit(failing.make())
    failing.error = ValueError
    with pytest.raises(ValueError, match="no"):
        jax.grad(lambda x: function(x).sum())(X)
    failing.error = None
    function(X)
    jitserve.flush()
    before = jitserve.stats()
    function(X)
    assert function._cache_size() == 1
    assert jitserve.stats() == before


def test_static_argument_that_cannot_be_compared_raises_as_by_plain_jax() -> None:
    said = []
    for jit in (jax.jit, jitserve.jit):

        class Odd:
            def __hash__(self) -> int:
                return 1

            def __eq__(self, other: object) -> bool:
                raise ValueError("not comparable")

        function = functools.partial(jit(lambda x, odd: x / odd, static_argnums=1), X)
        for odd in (Odd(), Odd()):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever JAX says
                function(odd)
            said.append((type(raised.value), str(raised.value).replace("0x", "")[:80]))
    assert said[:2] == said[2:]
    assert not jitserve.stats().faults
