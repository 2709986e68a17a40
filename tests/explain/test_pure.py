"""``pure``: the walk stops at a callable that the user vouches for, by name and version."""

from __future__ import annotations

import contextlib
import math
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import walked_program

import jitserve
from jitserve._outcome import BypassReason
from jitserve._pure import inside_pure


def program(version: str, body: str = "eval('1.0')") -> str:
    return f"""
import jitserve
@jitserve.pure(version={version})
def table(n):
    return {body}
def f(x):
    return x * table(3)
"""


def test_function_that_the_walk_refuses_is_fingerprinted_once_it_is_declared_pure() -> None:
    assert walked_program.refusal("def f(x): return eval('1.0')") is BypassReason.DYNAMIC_SCOPE
    assert walked_program.refusal(program("1")) is None


def test_digest_changes_with_the_version_and_with_the_type_of_the_version() -> None:
    digests = {walked_program.digest(program(version)) for version in ("1", "2", "'1'")}
    assert len(digests) == 3


def test_digest_does_not_see_what_a_pure_function_does() -> None:
    assert walked_program.digest(program("1")) == walked_program.digest(program("1", "eval('2.0')"))


def test_digest_changes_with_the_name_of_a_pure_function() -> None:
    renamed = program("1").replace("table", "chart")
    same_but_for_the_name = renamed.replace("x * chart", "x * chart")
    assert walked_program.digest(program("1")) != walked_program.digest(same_but_for_the_name)


def test_pure_method_is_waived_and_its_instance_is_walked() -> None:
    source = """
import jitserve
class Model:
    def __init__(self, scale): self.scale = scale
    @jitserve.pure(version=1)
    def table(self, n): return eval('self.scale * n')
model = Model({scale})
def f(x): return x * model.table(2)
"""
    assert walked_program.load(source.replace("{scale}", "3"))["f"](1) == 6
    digests = [walked_program.digest(source.replace("{scale}", scale)) for scale in ("3", "3", "4")]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("version", [True, 1.0, None, (1,)])
def test_version_of_another_type_is_refused(version: object) -> None:
    with pytest.raises(TypeError, match="a version is an int or a str"):
        jitserve.pure(version=version)  # type: ignore[arg-type]


def test_callable_without_a_name_of_its_own_is_refused() -> None:
    for nameless in (lambda x: x, test_pure_function_behaves_like_the_function.__get__(1).__call__, object()):
        with pytest.raises(TypeError, match="a qualified name of its own"):
            jitserve.pure(version=1)(nameless)  # type: ignore[arg-type]


@jitserve.pure(version="2.1")
def doubled(x: int, *, more: int = 0) -> int:
    """Twice x."""
    assert inside_pure()
    return 2 * x + more


def test_pure_function_behaves_like_the_function() -> None:
    assert doubled(3, more=1) == 7
    assert not inside_pure()
    assert doubled.__doc__ == "Twice x."
    assert repr(doubled) == f"<pure {__name__}.doubled, version '2.1'>"
    assert doubled.__reduce__() == "doubled"


def test_builtin_function_can_be_declared_pure() -> None:
    root = jitserve.pure(version=1)(math.sqrt)
    assert root(4.0) == 2.0
    assert root.identity == ("math", "sqrt", 1)


def test_pure_function_is_pickled_by_its_name() -> None:
    with pytest.raises(pickle.PicklingError):  # `math.sqrt` is not this object, and a copy of it is never made
        pickle.dumps(jitserve.pure(version=1)(math.sqrt))


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def scale(self, x: float) -> float:
        return x * self.factor


def pieces(count: int) -> Iterator[int]:
    yield from range(count)


def test_method_of_an_object_is_refused_because_that_of_another_object_has_the_same_name() -> None:
    with pytest.raises(TypeError, match="the same method of another object"):
        jitserve.pure(version=1)(Scaled(2.0).scale)


@pytest.mark.parametrize("make", [classmethod, staticmethod])
def test_decorator_of_a_class_below_pure_is_refused_where_it_is_written(make: Any) -> None:
    with pytest.raises(TypeError, match="put it below that decorator"):
        jitserve.pure(version=1)(make(pieces))


@pytest.mark.parametrize("function", [pieces, contextlib.contextmanager(pieces)])
def test_generator_is_refused_because_it_runs_after_the_call(function: Any) -> None:
    with pytest.raises(TypeError, match="runs piece by piece"):
        jitserve.pure(version=1)(function)
