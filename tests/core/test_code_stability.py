"""A code object has one digest: in every process, however hot it runs, and whoever watches it."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from jitserve import _core

_SOURCE = """
def f(x):
    "A docstring."
    total, seen = 0, {"a", "b", "c"}
    for item in x:
        try:
            total += item * 2 if str(item) not in seen else len([v for v in x if v])
        except TypeError as error:
            raise ValueError(f"{item!r}") from error
    with_closure = lambda y: y + total
    return with_closure(total), {"k": total}["k"], x.__class__.__name__
"""


def _fresh() -> Callable[[list[int]], object]:
    """A new function of a new code object, that nobody has run or digested."""
    namespace: dict[str, Callable[[list[int]], object]] = {}
    exec(compile(_SOURCE, "<test>", "exec", dont_inherit=True), namespace)
    return namespace["f"]


@pytest.fixture
def expected() -> bytes:
    return _core.code_digest(_fresh().__code__)


def _run_hot(function: Callable[[list[int]], object]) -> None:
    for _ in range(2000):
        function([1, 2, 3])


def test_specialised_code_has_the_digest_of_fresh_code(expected: bytes) -> None:
    function = _fresh()
    _run_hot(function)
    if sys.version_info >= (3, 12):  # else the attribute is not there to look at
        assert function.__code__._co_code_adaptive != function.__code__.co_code, "it was never specialised"
    assert _core.code_digest(function.__code__) == expected


@contextmanager
def _monitored() -> Iterator[None]:
    monitoring = sys.monitoring
    events = monitoring.events
    monitoring.use_tool_id(4, "jitserve-test")
    for event in (events.PY_START, events.LINE, events.INSTRUCTION, events.CALL, events.PY_RETURN, events.BRANCH):
        monitoring.register_callback(4, event, lambda *_: None)
        monitoring.set_events(4, monitoring.get_events(4) | event)
    try:
        yield
    finally:
        monitoring.set_events(4, 0)
        monitoring.free_tool_id(4)


@contextmanager
def _traced() -> Iterator[None]:
    def trace(frame: types.FrameType, event: str, argument: object) -> Callable[..., object]:
        frame.f_trace_opcodes = True
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _profiled() -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        yield
    finally:
        sys.setprofile(before)


_WATCHERS = [
    pytest.param(_traced, id="settrace"),
    pytest.param(_profiled, id="setprofile"),
    pytest.param(
        _monitored,
        id="monitoring",
        marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12"),
    ),
]


@pytest.mark.parametrize("watched", _WATCHERS)
@pytest.mark.parametrize("hot_before", [False, True], ids=["cold", "hot"])
def test_watched_code_has_the_digest_of_fresh_code(
    expected: bytes, watched: Callable[[], Iterator[None]], hot_before: bool
) -> None:
    function = _fresh()
    if hot_before:
        _run_hot(function)
    with watched():  # type: ignore[attr-defined]
        function([1, 2, 3])
        during = _core.code_digest(function.__code__)
    assert during == expected


_PRINT_DIGESTS = """
import argparse, enum, json.decoder, json.scanner, tarfile, types, typing
from jitserve import _core

def show(module):
    for name, value in sorted(vars(module).items()):
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            code = value.__code__
            print(name, _core.code_digest(code).hex(), _core.code_digest(code, docstrings=True).hex())

for module in (argparse, enum, json.decoder, json.scanner, tarfile, typing):
    show(module)
namespace = {}
exec(SOURCE, namespace)
print(_core.code_digest(namespace["f"].__code__).hex())
"""


def _digests_in_a_process(hash_seed: str) -> str:
    script = f"SOURCE = {_SOURCE!r}\n{_PRINT_DIGESTS}"
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", script], env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_digests_are_the_same_in_processes_with_other_hash_seeds(expected: bytes) -> None:
    first = _digests_in_a_process("0")
    assert first.count("\n") > 50
    assert expected.hex() in first
    assert _digests_in_a_process("1") == first
    assert _digests_in_a_process("77") == first
