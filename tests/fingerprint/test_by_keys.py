"""Plain dictionaries that code only asks for items by constant keys: which items count."""

from __future__ import annotations

import collections
import types
from typing import Any

import pytest

from jitserve import fingerprint

_VALUES: dict[str, Any] = {"a": 1, "b": 2, "c": {"d": 3, "e": 4}, "other": 5}

# How code reads a dictionary, and the keys of what it reads; None: all of it.
_READS: dict[str, tuple[str, set[tuple[str, ...]] | None]] = {
    "item": ("C['a']", {("a",)}),
    "items": ("C['a'] + C['b'] * C['a']", {("a",), ("b",)}),
    "item-of-item": ("C['c']['d']", {("c", "d")}),
    "whole-item": ("C['c']", {("c",)}),
    "asked": ("x if 'a' in C else 0", {("a",)}),
    "asked-not": ("x if 'a' not in C else 0", {("a",)}),
    "absent": ("C.get('z', 1)", {("z",)}),
    "default": ("C.get('a', 1) + C.get('b')", {("a",), ("b",)}),
    "default-of-variable": ("C.get('a', x)", {("a",)}),
    "in-function-inside": ("(lambda: C['a'])()", {("a",)}),
    "in-comprehension": ("sum([C['a'] for _ in range(2)])", {("a",)}),
    "in-generator": ("sum(C['a'] for _ in range(2))", {("a",)}),
    "in-either-branch": ("C['a'] if x else C['b']", {("a",), ("b",)}),
    "in-condition": ("1 if C['a'] and not C['b'] else 0", {("a",), ("b",)}),
    "in-text": ("len(f\"{C['a']}\")", {("a",)}),
    "chosen-key": ("C['a' if x else 'b']", None),
    "key-of-parts": ("C['a' + str(x)]", None),
    "key-of-variable": ("C[x]", None),
    "number": ("C[1]", None),
    "variable-in": ("x in C", None),
    "get-of-variable": ("C.get(x)", None),
    "get-of-choice": ("C.get('a' if x else 'b')", None),
    "get-of-unknown-default": ("C.get('a', C)", None),
    "method-itself": ("[C.get][0]('b')", None),
    "loop": ("[C[k] for k in C]", None),
    "spread": ("dict(**C)['a']", None),
    "length": ("len(C) + C['a']", None),
    "handed": ("(lambda c: c['a'])(C)", None),
    "kept": ("[c := C, c['a']]", None),
    "items-method": ("C['a'] + len(C.items())", None),
    "compared": ("C == {} or C['a']", None),
    "same": ("C is None or C['a']", None),
    "handed-inside": ("(lambda: len(C))()", None),
    "list-of-item": ("list(C['c'])", {("c",)}),
    "method-of-item": ("C['c'].get('d')", {("c",)}),
    "class-body": ("type('A', (), {'a': C['a']}).a", {("a",)}),
}
_WRITES = {
    "set": "C['a'] = 1",
    "deleted": "del C['a']",
    "added-to": "C['a'] += 1",
    "rebound": "C = {'a': 1}",
}


def _global(body: str, values: dict[str, Any]) -> types.FunctionType:
    scope: dict[str, Any] = {"C": values, "__name__": "program"}
    exec(body, scope)
    function = scope["f"]
    assert type(function) is types.FunctionType
    return function


def _of_global(read: str, values: dict[str, Any]) -> types.FunctionType:
    return _global(f"def f(x):\n    return {read}", values)


def _of_captured(read: str, values: dict[str, Any]) -> types.FunctionType:
    return _global(f"def make(C):\n    def f(x):\n        return {read}\n    return f\nf = make(C)", values)


def _of_module(read: str, values: dict[str, Any]) -> types.FunctionType:
    module: Any = types.ModuleType("settings")
    module.C = values
    function = _global(f"def f(x):\n    return {read.replace('C', 'settings.C')}", {})
    function.__globals__["settings"] = module
    return function


_WAYS = {"global": _of_global, "captured": _of_captured}


def _digest(function: object) -> bytes:
    return fingerprint.walk(function, deferred=True).digest


def _changed(keys: tuple[str, ...]) -> dict[str, Any]:
    """The values with another one in one place."""
    values = {**_VALUES, "c": dict(_VALUES["c"])}
    holder = values
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = 100
    return values


_PLACES = [("a",), ("b",), ("c", "d"), ("c", "e"), ("other",), ("z",)]


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("name", _READS)
def test_items_that_are_read_by_their_keys_count_and_others_do_not(name: str, way: str) -> None:
    read, keys = _READS[name]
    before = _digest(_WAYS[way](read, dict(_VALUES)))
    for place in _PLACES:
        counts = keys is None or any(place[: len(key)] == key for key in keys)
        assert (_digest(_WAYS[way](read, _changed(place))) != before) is counts, place


@pytest.mark.parametrize("way", _WAYS)
def test_all_keys_between_which_code_chooses_count(way: str) -> None:
    found = [{}, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}]
    assert len({_digest(_WAYS[way]("('a' if x else 'b') in C", values)) for values in found}) == len(found)
    found = [{"a": 1}, {"a": 2}]
    assert len({_digest(_WAYS[way]("(C if x else {})['a']", values)) for values in found}) == len(found)


@pytest.mark.parametrize("name", ["item", "item-of-item", "default", "loop", "method-itself", "items-method"])
def test_items_of_a_dictionary_in_a_module_count_where_they_are_read(name: str) -> None:
    read, keys = _READS[name]
    before = _digest(_of_module(read, dict(_VALUES)))
    for place in _PLACES:
        counts = keys is None or any(place[: len(key)] == key for key in keys)
        assert (_digest(_of_module(read, _changed(place))) != before) is counts, place


_CHANGED_GLOBAL = "def f(x):\n    global C\n    {write}\n    return C['a']"
_CHANGED_CAPTURED = """
def make():
    C = {values}
    def f(x):
        nonlocal C
        {write}
        return C['a']
    return f
f = make()
"""


@pytest.mark.parametrize("body", [_CHANGED_GLOBAL, _CHANGED_CAPTURED])
@pytest.mark.parametrize("name", _WRITES)
def test_dictionary_that_code_changes_counts_as_a_whole(name: str, body: str) -> None:
    digests = []
    for values in (_VALUES, _changed(("other",))):
        digests.append(_digest(_global(body.format(values=values, write=_WRITES[name]), dict(values))))
    assert digests[0] != digests[1]


def test_dictionary_that_is_read_by_name_of_its_module_too_counts_as_a_whole() -> None:
    body = "def f(x):\n    return settings.C['a'] + len(getattr(settings, 'C'))"
    digests = []
    for values in (_VALUES, _changed(("other",))):
        function = _global(body, {})
        settings: Any = types.ModuleType("settings")
        settings.C = values
        function.__globals__["settings"] = settings
        digests.append(_digest(function))
    assert digests[0] != digests[1]


def test_keys_that_are_no_texts_are_not_asked_and_make_the_dictionary_count_as_a_whole() -> None:
    class Key(str):
        def __eq__(self, other: object) -> bool:
            raise AssertionError("it is asked")

        def __hash__(self) -> int:
            return hash("a")

    keyed: list[dict[Any, Any]] = [{1: 0, "a": 1}, {1: 2, "a": 1}]
    assert len({_digest(_of_global("C['a']", values)) for values in keyed}) == 2
    assert _digest(_of_global("C['b']", {Key("a"): 1, "b": 1})) != _digest(_of_global("C['b']", {"b": 1}))


def test_dictionary_of_another_class_counts_as_a_whole() -> None:
    values = [collections.OrderedDict(a=1, b=2), collections.OrderedDict(a=1, b=3)]
    assert len({_digest(_of_global("C['a']", value)) for value in values}) == 2
    values = [collections.defaultdict(int, a=1), collections.defaultdict(int, a=1, b=3)]
    assert len({_digest(_of_global("C['b']", value)) for value in values}) == 2


def test_value_and_absence_of_an_item_differ() -> None:
    found = [{}, {"a": None}, {"a": 0}, {"a": False}, {"a": {}}, {"a": {"b": None}}, {"a": "b"}]
    assert len({_digest(_of_global("C.get('a')", values)) for values in found}) == len(found)
    assert len({_digest(_of_global("C['a']['b']", values)) for values in found}) == len(found)


def test_function_with_so_many_names_that_its_instructions_are_extended_reads_the_same_items() -> None:
    names = "\n".join(f"    y.name_{i}" for i in range(300))
    body = f"def f(x, y):\n{names}\n    return x if ('b' if x else 'a') in C else C['a']"
    assert _digest(_global(body, {"a": 1})) != _digest(_global(body, {"a": 1, "b": 1}))
    body = body.replace("('b' if x else 'a')", "'a'")
    assert _digest(_global(body, {"a": 1})) == _digest(_global(body, {"a": 1, "b": 1}))
