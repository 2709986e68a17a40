"""The recorder: what it proves of a trace, and what it notes (categories H and J of the catalogue)."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pydantic_core
import pytest
from walked_program import load, module

import jitserve
from jitserve import _jax, fingerprint
from jitserve._outcome import BypassReason as R
from jitserve._outcome import Refusal
from jitserve.fingerprint._observer import Observer


def _record(function: Callable[..., Any], during: Callable[..., Any] | None = None) -> fingerprint.Recording:
    """Traces and lowers ``during`` under a recording that is judged against the walk of ``function``."""
    walk = fingerprint.walk(function, deferred=True)
    with _jax.own_context(object()), fingerprint.record(walk) as recording:
        jax.jit(during or function).lower(jnp.ones(2))
    return recording


def _reason(function: Callable[..., Any], during: Callable[..., Any] | None = None) -> R | None:
    try:
        _record(function, during).verdict()
    except Refusal as refusal:
        print(refusal)  # shown when the test fails
        return refusal.reason
    return None


def test_ordinary_function_is_covered() -> None:
    namespace = load(
        "@dataclasses.dataclass\nclass C:\n k: float\n def g(self, x): return x * self.k\n"
        "P = collections.namedtuple('P', 'a b')\n@functools.lru_cache\ndef memo(n): return n + 1\n"
        "def h(x): return [v for v in (x, -x)]\ndef body(c, v): return c + v, v\n"
        "def f(x):\n def inner(y): return C(2.0).g(y)\n"
        " c, _ = jax.lax.scan(body, 0.0, x)\n"
        " return sorted([P(1, 2), P(0, 1)], key=lambda p: p.a)[0].b * inner(x) + h(x)[1] + c * memo(3)"
    )
    recording = _record(namespace["f"])
    recording.verdict()
    # The memo may remember what was computed in an earlier test, with other packages.
    assert {dependency.kind for dependency in recording.dependencies} <= {fingerprint.DependencyKind.PACKAGE}
    assert {"f", "h", "body", "C.g", "memo", "f.<locals>.inner"} <= set(recording.executed())


def test_code_that_is_not_reachable_by_name_is_found_J() -> None:
    hidden = load("def g(x): return x * 2")["g"]
    covered = load("def f(x): return x")["f"]
    assert _reason(covered, lambda x: hidden(covered(x))) is R.UNREACHED_CODE


def test_class_that_is_made_while_tracing_is_covered_J199() -> None:
    source = (
        "def f(x):\n @dataclasses.dataclass(frozen=True)\n class D: k: int = 2\n"
        " P = collections.namedtuple('P', 'a')\n return x * D().k * P(1).a"
    )
    assert _reason(load(source)["f"]) is None


def test_inner_jit_that_was_traced_before_is_seen_again_J191() -> None:
    namespace = load("@jax.jit\ndef g(x): return h(x)\ndef h(x): return x * 2\ndef f(x): return g(x)")
    namespace["g"].lower(jnp.ones(2))
    assert "h" in _record(namespace["f"]).executed()


def test_callback_that_is_called_from_c_is_seen_J198() -> None:
    source = "def key(v): return -v\ndef f(x): return x * sorted([1, 2], key=key)[0] * functools.reduce(add, [1, 2])\n"
    source += "def add(a, b): return a + b"
    assert {"key", "add"} <= set(_record(load(source)["f"]).executed())


def test_generator_that_is_resumed_is_seen_J197() -> None:
    def values() -> Any:
        yield 1
        yield 2

    generator = values()
    next(generator)
    covered = load("def f(x): return x")["f"]
    assert _reason(covered, lambda x: covered(x) * next(generator)) is R.UNREACHED_CODE


_IMPURE = {
    "H158-time": ("time.time()", R.TIME_READ),
    "H158-datetime": ("datetime.datetime.now().year", R.TIME_READ),
    "H159-random": ("random.random()", R.RNG_READ),
    "H159-choice": ("random.choice([1, 2])", R.RNG_READ),
    "H159-own-generator": ("random.Random(1).random()", R.RNG_READ),
    "H159-numpy": ("np.random.rand()", R.RNG_READ),
    "H159-numpy-generator": ("np.random.default_rng().random()", R.RNG_READ),
    "H159-uuid": ("uuid.uuid4().version", R.RNG_READ),
    "H159-urandom": ("os.urandom(1)[0]", R.RNG_READ),
    "H162-id": ("(id(x) % 3)", R.ID_OR_HASH_READ),
    "H162-hash": ("(hash('x') % 3)", R.ID_OR_HASH_READ),
    "B58-globals": ("globals()['K']", R.DYNAMIC_SCOPE),
    "B59-eval": ("eval('1 + 1')", R.DYNAMIC_SCOPE),
    "H163-frame": ("sys._getframe().f_lineno", R.DYNAMIC_SCOPE),
    "F146-whole-environment": ("len(dict(os.environ))", R.ENV_READ_UNTRACKED),
    "H161-directory": ("len(os.listdir('.'))", R.FILE_READ_UNTRACKED),
    "H-system": ("os.getpid()", R.OPAQUE_CALLABLE),
}


@pytest.mark.parametrize("name", _IMPURE)
def test_impure_read_is_found_by_its_reason(name: str) -> None:
    expression, reason = _IMPURE[name]
    impure = load(f"K = 2\ndef f(x): return x * {expression}")["f"]
    covered = load("def f(x): return x")["f"]
    recording = _record(covered, impure)
    with pytest.raises(Refusal) as caught:
        recording.verdict()
    assert caught.value.reason is reason
    assert "program_" in caught.value.path or name == "H159-numpy", "the refusal names the user's line"


def test_impure_read_inside_an_inner_function_that_was_traced_before_is_found_J191d() -> None:
    namespace = load("@jax.jit\ndef g(x): return x * time.time()\ndef f(x): return g(x)")
    namespace["g"].lower(jnp.ones(2))
    assert _reason(load("def f(x): return x")["f"], namespace["f"]) is R.TIME_READ


def test_environment_variable_becomes_a_dependency_F146(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = load("def f(x): return x")["f"]
    reading = load("def f(x): return x * len(os.environ.get('SCALE', 'four')) * len(os.getenv('OTHER', ''))")["f"]
    monkeypatch.setenv("OTHER", "")
    monkeypatch.delenv("SCALE", raising=False)
    other, scale = _record(covered, reading).dependencies
    assert (other.name, scale.name) == ("OTHER", "SCALE")
    assert other.holds()
    assert scale.holds()
    monkeypatch.setenv("SCALE", "")
    assert not scale.holds(), "unset and empty are not the same"
    monkeypatch.delenv("OTHER")
    assert not other.holds()


def test_file_becomes_a_dependency_by_its_contents_H161(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text("3")
    covered = load("def f(x): return x")["f"]
    source = f"def f(x):\n with open({str(table)!r}) as file: return x * int(file.read())"
    (dependency,) = _record(covered, load(source)["f"]).dependencies
    assert (dependency.kind, dependency.name) == (fingerprint.DependencyKind.FILE, str(table))
    table.write_text("3")
    assert dependency.holds()
    table.write_text("4")
    assert not dependency.holds()
    table.unlink()
    assert not dependency.holds()


def test_file_that_is_written_is_a_side_effect(tmp_path: Path) -> None:
    source = f"def f(x):\n with open({str(tmp_path / 'log')!r}, 'w') as file: file.write('traced')\n return x"
    assert _reason(load("def f(x): return x")["f"], load(source)["f"]) is R.TRACE_SIDE_EFFECT


def test_import_of_a_new_module_is_found_I187(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brought_by_a_trace.py").write_text("K = 2")
    monkeypatch.syspath_prepend(tmp_path)
    importing = load("def f(x):\n import brought_by_a_trace as m\n return x * m.K")["f"]
    assert _reason(load("def f(x): return x")["f"], importing) is R.LAZY_IMPORT
    sys.modules.pop("brought_by_a_trace", None)


def test_code_that_has_run_while_its_module_was_imported_is_seen_when_it_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs_its_own_function.py").write_text("def helper(x): return x\nK = helper(2)\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = load("def f(x):\n import runs_its_own_function as m\n return x * m.helper(3)")["f"]
    recording = fingerprint.record(fingerprint.walk(load("def f(x): return x")["f"], deferred=True))
    with _jax.own_context(object()), recording:
        jax.jit(function).lower(1.0)
    assert "helper" in recording.executed()


def test_what_jax_itself_reads_is_not_held_against_the_user() -> None:
    assert _reason(load("def f(x): return jnp.linalg.eigh(jnp.outer(x, x))[0] + jnp.einsum('i,i', x, x)")["f"]) is None


def test_memo_that_remembers_an_older_state_is_found_J191c() -> None:
    namespace = load("K = 1\n@functools.lru_cache\ndef memo(n): return n * K\ndef f(x): return x * memo(3)")
    namespace["memo"](3)
    assert _reason(namespace["f"]) is R.MEMO_PREWARMED
    namespace["memo"].cache_clear()
    assert _reason(namespace["f"]) is None


def test_other_threads_neither_disturb_nor_are_blamed_J195() -> None:
    busy, done = threading.Event(), threading.Event()

    def work() -> None:
        exec(compile("import time\ndef g(): return time.time()", "elsewhere.py", "exec"), scope := {})
        while not done.is_set():
            scope["g"]()
            helper(1)
            busy.set()

    namespace = load("def h(x): return x\ndef f(x): return h(x)")
    helper = namespace["h"]
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert busy.wait(30)
        recording = _record(namespace["f"])
    finally:
        done.set()
        thread.join()
    recording.verdict()
    assert "h" in recording.executed(), "a start in the other thread did not hide the one in ours"


def test_profiler_that_was_there_goes_on_and_is_put_back() -> None:
    seen: list[str] = []

    def profiler(frame: Any, event: str, argument: object) -> None:
        if event == "call":
            seen.append(frame.f_code.co_name)

    namespace = load("def marked_helper(x): return x\ndef f(x): return marked_helper(x)")
    walk = fingerprint.walk(namespace["f"])
    sys.setprofile(profiler)
    try:
        with _jax.own_context(object()), fingerprint.record(walk) as recording:
            jax.jit(namespace["f"]).lower(jnp.ones(2))
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    recording.verdict()
    assert "marked_helper" in seen


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_tools_of_others_keep_their_events_and_when_all_are_taken_it_says_so() -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    seen: list[str] = []
    function = load("def f(x): return x * 2")["f"]
    taken = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, f"other {tool}")
    try:
        assert _reason(function) is R.RECORDER_UNAVAILABLE
        monitoring.free_tool_id(taken.pop())
        tool = taken[0]
        monitoring.register_callback(
            tool, monitoring.events.PY_START, lambda code, offset: seen.append(code.co_name) or monitoring.DISABLE
        )
        monitoring.set_events(tool, monitoring.events.PY_START)
        _record(function).verdict()
        assert "f" in seen
        assert monitoring.get_events(tool) == monitoring.events.PY_START
    finally:
        monitoring.set_events(taken[0], 0)
        for tool in taken:
            monitoring.free_tool_id(tool)


def test_recording_within_a_recording_sees_and_lets_see() -> None:
    namespace = load("def g(x): return x\ndef h(x): return x\ndef f(x): return g(x)")
    walk = fingerprint.walk(namespace["f"])
    with fingerprint.record(walk) as outer:
        with fingerprint.record(walk) as inner:
            namespace["g"](1)
        namespace["h"](1)
    assert (inner.executed(), outer.executed()) == (["g"], ["g", "h"])


def test_trace_that_raises_leaves_nothing_behind() -> None:
    function = load("def f(x): raise ValueError('mine')")["f"]
    recording = fingerprint.record(fingerprint.walk(function))
    with pytest.raises(ValueError, match="mine"), recording:
        jax.jit(function).lower(jnp.ones(2))
    with pytest.raises(Refusal) as caught:
        recording.verdict()
    assert caught.value.reason is R.INCOMPLETE_RECORDING
    _record(load("def f(x): return x")["f"]).verdict()


def test_module_level_state_of_the_process_is_left_alone() -> None:
    before = dict(os.environ), sys.getprofile(), sys.gettrace(), threading.active_count()
    _record(load("def f(x): return x")["f"])
    assert (dict(os.environ), sys.getprofile(), sys.gettrace(), threading.active_count()) == before


def test_helper_of_a_module_that_is_reached_by_a_computed_name_is_found_B57() -> None:
    helper = module("m", "def gelu(x): return x * 2")
    covered = load("def f(x): return x")["f"]
    assert _reason(covered, lambda x: getattr(helper, "ge" + "lu")(covered(x))) is R.UNREACHED_CODE


def test_code_that_has_probably_found_it_is_named() -> None:
    namespace = load(
        "import optax\nname = 'sgd'\ndef f(x): return take(x) + idle(x)\ndef idle(x): return x\n"
        "def take(x):\n made = getattr(optax, name)(1e-3)\n return made.update(x, made.init(x))[0]"
    )
    recording = _record(namespace["f"])
    with pytest.raises(Refusal) as caught:
        recording.verdict()
    ran, found_in = caught.value.detail.split("; by a computed name it may have been found in ")
    assert ran.startswith("ran without being reachable by name: chain (")
    assert re.search(r" and \d+ more$", ran)
    assert found_in.startswith("take (")
    assert "idle" not in found_in


_DEFERRED = {
    "time": "time.time()",
    "datetime": "datetime.datetime.now()",
    "random": "random.random()",
    "numpy-random": "np.random.rand()",
    "generator": "rng.random()",
    "id": "id(self)",
    "scope": "globals()",
    "frame": "sys._getframe().f_back",
    "docstring": "self.__doc__",
    "import": "__import__('os')",
    "module-as-a-value": "print(m)",
    "missing-attribute": "m.computed",
    "set": "[v for v in {'a', 'b', str(self)}]",
    "environment": "os.environ['HOME']",
    "file": "open('t').read()",
    "attribute-of-a-module": "setattr(m, 'k', 1)",
}
_TRAINER = """
m = types.ModuleType('m')
m.__getattr__ = lambda name: 1
rng = random.Random(0)
class Trainer:
    def train(self):
        return {hazard}
    def step(self, x):
        {use}
        return x * 2
f = Trainer().step
"""


@pytest.mark.parametrize("name", _DEFERRED)
def test_hazard_in_code_that_does_not_run_is_no_refusal(name: str) -> None:
    function = load(_TRAINER.format(hazard=_DEFERRED[name], use="pass"))["f"]
    with pytest.raises(Refusal):
        fingerprint.walk(function)
    _record(function).verdict()


_TRACKED = {"environment", "file"}


@pytest.mark.parametrize("name", sorted(_DEFERRED.keys() - _TRACKED))
def test_hazard_in_code_that_runs_is_refused_with_the_reason_of_the_walk(name: str) -> None:
    function = load(_TRAINER.format(hazard=_DEFERRED[name], use="self.train()"))["f"]
    with pytest.raises(Refusal) as plain:
        fingerprint.walk(function)
    with pytest.raises(Refusal) as recorded:
        _record(function).verdict()
    assert recorded.value.reason is plain.value.reason


def test_environment_that_is_read_is_a_dependency_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "here")
    recording = _record(load(_TRAINER.format(hazard=_DEFERRED["environment"], use="self.train()"))["f"])
    recording.verdict()
    assert [dependency.name for dependency in recording.dependencies] == ["HOME"]


def test_closure_that_was_made_before_the_trace_is_not_covered_by_its_code() -> None:
    source = (
        "def make(k):\n def g(x): return x * k\n return g\nhidden = make(3)\n"
        "class Box: pass\ndef f(x): return make(2)(x)\ndef h(x): return x if make is None else x"
    )
    namespace = load(source)
    assert _reason(namespace["f"]) is None
    hidden = namespace["hidden"]
    assert _reason(namespace["h"], lambda x: hidden(x)) is R.UNREACHED_CODE


class Cycle:
    """Garbage that only the collector finds, with a finalizer that reads what nothing else does."""

    def __init__(self, ended: list[str | None]) -> None:
        self.me = self
        self.ended = ended

    def __del__(self) -> None:
        self.ended.append(os.environ.get("HOME"))


def _waits_in_a_cycle(ended: list[str | None]) -> Iterator[object]:
    me = yield None
    try:
        yield me
    finally:
        ended.append(os.environ.get("PATH"))


_ended: list[str | None] = []


@jitserve.pure(version=1)
def _litter() -> None:
    Cycle(_ended)
    generator: Any = _waits_in_a_cycle(_ended)
    next(generator)
    generator.send(generator)
    del generator
    gc.set_threshold(gc.get_count()[0] + 40)  # a collection starts among the lists that the caller makes


def test_finalizers_that_the_garbage_collector_runs_are_not_held_against_the_user() -> None:
    """It comes when it comes, and what it ends may have nothing to do with the function that is traced."""

    def step(x: Any) -> Any:
        _litter()
        return x * len([[i] for i in range(100)])

    thresholds = gc.get_threshold()
    try:
        assert _reason(step) is None
    finally:
        gc.set_threshold(*thresholds)
    assert len(_ended) == 2


def test_callbacks_of_the_garbage_collector_are_not_held_against_the_user() -> None:
    seen: list[float] = []

    def callback(phase: str, info: dict[str, int]) -> None:
        seen.append(time.time())

    def doubled(x: Any) -> Any:
        return jnp.sin(x) * 2

    thresholds = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.set_threshold(1)  # collects all the time
    try:
        assert _reason(doubled) is None
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(callback)
    assert seen


def test_recursion_beyond_what_the_stack_was_thought_to_hold_is_no_crash() -> None:
    limit = sys.getrecursionlimit()
    namespace = load("def down(n): return down(n - 1) if n else 1\ndef f(x): return x * down(4000)")

    def during(x: Any) -> Any:
        sys.setrecursionlimit(20_000)
        try:
            return namespace["f"](x)
        finally:
            sys.setrecursionlimit(limit)

    with contextlib.suppress(Refusal):  # on 3.11 the recording is cut short, and says so
        _record(namespace["f"], during).verdict()
    assert sys.getrecursionlimit() == limit
    assert _reason(load("def f(x): return x * 2")["f"]) is None, "the next recording is complete"


def test_code_that_runs_deep_in_a_recursion_is_seen_where_the_limit_was_raised_before() -> None:
    limit = sys.getrecursionlimit()
    source = "def down(n): return down(n - 1) if n else deep()\ndef deep(): return 1\ndef f(x): return x * down(4000)"
    sys.setrecursionlimit(20_000)
    try:
        recording = _record(load(source)["f"])
    finally:
        sys.setrecursionlimit(limit)
    recording.verdict()
    assert "deep" in recording.executed()


def test_tracer_that_is_set_while_recording_sees_the_code_of_libraries_too() -> None:
    seen: set[str] = set()

    def tracer(frame: Any, event: str, argument: object) -> None:
        seen.add(frame.f_code.co_filename)

    def during(x: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            return jnp.sin(x)
        finally:
            sys.settrace(before)

    _record(during)
    assert any(file.endswith("jax/_src/numpy/ufuncs.py") for file in seen)


@pytest.mark.parametrize(
    ("function", "receiver", "takes"),
    [
        (len, None, False),
        ([].append, None, False),
        (str.upper, "a", False),
        (object.__getattribute__, types, False),
        (np.dot, None, False),
        (pydantic_core.to_json, None, True),
        (pydantic_core.SchemaSerializer({"type": "any"}).to_python, None, True),
        (pydantic_core.SchemaSerializer.to_python, pydantic_core.SchemaSerializer({"type": "any"}), True),
    ],
)
def test_extension_of_others_may_read_any_attribute(function: object, receiver: object, takes: bool) -> None:
    observer = Observer()
    observer.called(function, receiver, None)
    assert observer.names.took_all is takes
