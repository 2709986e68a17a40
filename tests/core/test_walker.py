"""The loop of the walk: the order of visits, references, and what it leaves behind."""

from __future__ import annotations

import argparse
import dataclasses
import fractions
import functools
import gc
import inspect
import string
import sys
import types
from typing import Any

import jax
import optax
import pytest

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal
from jitserve.fingerprint import _shapes, walk
from jitserve.fingerprint._walker import Limits, Walker


def _walker(*, nodes: int = 1000, anonymous: bool = False) -> Walker:
    return Walker(Limits(nodes=nodes), _core.Tokens(capture=True), anonymous=anonymous)


def test_children_are_visited_in_order_and_before_what_is_waiting() -> None:
    walker = _walker()
    walker.push([([1, [2]], None, False), (3, None, False)])
    walker.run()
    shown = [line for line in walker.tokens.text().splitlines() if line.startswith("int")]
    assert shown == ["int 1", "int 2", "int 3"]


def test_what_is_visited_again_is_a_reference_by_number() -> None:
    shared: list[Any] = []
    walker = _walker()
    walker.push([([shared, shared], None, False)])
    walker.run()
    assert walker.objects[1] is shared
    assert walker.index_of(shared) == 1
    assert walker.index_of([]) is None
    assert walker.tokens.text().splitlines()[-2:] == ['begin "ref" 0', "int 1"]


def test_anonymous_reference_has_no_number() -> None:
    shared: list[Any] = []
    walker = _walker(anonymous=True)
    walker.push([([shared, shared], None, False)])
    walker.run()
    assert walker.tokens.text().splitlines()[-1] == 'begin "ref" 0'


def test_waiting_children_can_be_taken_one_by_one() -> None:
    walker = _walker()
    walker.push([(1, ("path",), True), ("a", None, False)])
    assert [walker.pop(), walker.pop(), walker.pop()] == [(1, ("path",), True), ("a", None, False), None]


@pytest.mark.parametrize("child", [(1, None), [1, None, False], 1])
def test_child_that_is_no_triple_is_an_error(child: Any) -> None:
    with pytest.raises(TypeError, match=r"a child is \(value, path, trusted\)"):
        _walker().push([child])


def test_walk_beyond_the_limit_is_refused_where_it_stops() -> None:
    walker = _walker(nodes=3)
    walker.push([([[[[]]]], (None, "{}", "root"), False)])
    with pytest.raises(Refusal, match="more than 3 values") as caught:
        walker.run()
    assert caught.value.reason is BypassReason.WALK_TOO_LARGE
    assert caught.value.path == "root[0][0][0]"


def test_covered_code_is_told_from_the_code_nested_in_it() -> None:
    def outer() -> Any:
        def inner() -> Any:
            return lambda: 1

        return inner

    code = outer.__code__
    inner = next(constant for constant in code.co_consts if type(constant) is types.CodeType)
    innermost = next(constant for constant in inner.co_consts if type(constant) is types.CodeType)
    walked = walk(outer)
    assert all(map(walked.covers, (code, inner, innermost)))
    assert walked.covers_run(code, ran=())
    assert not walked.covers_run(innermost, ran={id(code)})
    assert walked.covers_run(innermost, ran={id(code), id(inner)})


class _Thing:
    __slots__ = ("held",)

    def method(self, factor: float = 2.0, *, offset: Any = (1, "a")) -> Any:
        return optax.scale(factor), offset, self.held


def test_walking_leaves_nothing_behind() -> None:
    thing = _Thing()
    thing.held = [{"a": (1, 2.5)}, functools.partial(max, 1), property(len), types.MappingProxyType({1: 2})]
    refused = [thing, iter([1])]

    def look() -> None:
        walk(thing.method, [("more", thing.held)], deferred=True)
        try:
            walk(refused, deferred=True)
        except Refusal:
            return

    for _ in range(300):  # the interpreter's own caches fill
        look()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(300):
        look()
    gc.collect()
    assert sys.getallocatedblocks() - before < 150


def _users_function() -> None:
    """Of this module, which is the user's."""


def _namespace(attributes: dict[str, Any]) -> argparse.Namespace:
    made = argparse.Namespace()
    made.__dict__ = attributes
    return made


_SHARED = {"a": 1}
_OF_LIBRARIES = {
    "nothing": argparse.Namespace(),
    "attributes": argparse.Namespace(a=1, b=[2], c=argparse.Namespace()),
    "annotations": _namespace({"__annotations__": {"a": int}, "a": 1}),
    "names that are none": _namespace({"no identifier": 1, "": 2}),
    "names that are no texts": _namespace({1: 2}),  # type: ignore[dict-item]
    "descriptions": _namespace({"__doc__": "text", "__module__": "another", "a": 1}),
    "function of the user": argparse.Namespace(a=[1], f=_users_function),
    "twice": [_namespace(_SHARED), _namespace(_SHARED), _SHARED],
    "slots": fractions.Fraction(1, 2),
    "empty slots": object.__new__(fractions.Fraction),
    "parameters": inspect.signature(_users_function),
    "named tuple": optax.EmptyState(),
    "optimizer": optax.adam(1e-3),
    "text": string.Template("$a"),
    "jitted": jax.nn.relu,
    "partial": functools.partial(max, 1),
}


@pytest.mark.parametrize("name", _OF_LIBRARIES)
def test_instance_that_a_library_has_led_to_is_encoded_in_c_as_in_python(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for in_python in (False, True):
        monkeypatch.setattr(_shapes, "_look_at", functools.partial(_look, in_python=in_python))
        walker = _walker(nodes=100_000)
        walker.push([(_OF_LIBRARIES[name], None, True), (_OF_LIBRARIES[name], None, True)])
        walker.run()
        texts.append(walker.tokens.text())
    assert texts[0] == texts[1]


_look_at = _shapes._look_at


def _look(walker: Walker, cls: type, trusted: bool, *, in_python: bool) -> _shapes.Shape:
    shape = _look_at(walker, cls, trusted)
    return dataclasses.replace(shape, is_plain=shape.is_plain and not in_python)
