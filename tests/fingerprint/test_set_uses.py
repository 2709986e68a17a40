"""Of code that makes sets: whether it lets their order be seen."""

from __future__ import annotations

import types
from typing import Any

import jax
import pytest

from jitserve.fingerprint import _names, _set_uses

_HIDDEN = {
    "compared": "set(a) == set(b)",
    "compared-with-literal": "set(a) == {'x', 'y'} and set(a) <= {'x', 'y', 'z'}",
    "compared-with-keys": "a.keys() == {'x', 'y'}",
    "sorted": "sorted({k.upper() for k in a})",
    "sorted-display": "sorted({*a, 'x', 'y'})",
    "sorted-keys": "[a[k] for k in sorted(a.keys() & b.keys())]",
    "sorted-difference": "sorted(set(a) - set(b))",
    "sorted-union": "sorted(set(a).union(b, ['x', 'y']))",
    "counted": "len(set(a)) + len(set(a) | set(b))",
    "asked": "1 if set(a) - set(b) else 2",
    "asked-negatively": "not set(a).isdisjoint(b)",
    "member": "'x' in set(a) and 'y' not in frozenset(b)",
    "set-of-set": "len(set(frozenset(a)))",
    "kind": "isinstance(a, (list, tuple, set)) or type(a) is set or isinstance(a, set)",
    "axes": "jax.shard_map(a, mesh=b, axis_names={'x', 'y'})",
    "axes-by-name": "shard_map(a, mesh=b, axis_names=set(a) - {'y'})",
    "axes-kept": "partial(jax.shard_map, axis_names={'x'})(a)",
    "axes-kept-by-module": "functools.partial(shard_map, axis_names={'x'})(a)",
    "truth": "bool({k for k in a}) or any({k for k in a})",
}
_SHOWN = {
    "loop": "[k for k in set(a)]",
    "loop-over-difference": "[k for k in a.keys() - b.keys()]",
    "loop-over-literal": "[k for k in {'x', 'y'}]",
    "list": "list(set(a))",
    "text": "f'{set(a)}'",
    "joined": "''.join({k for k in a})",
    "starred": "[*set(a)]",
    "arguments": "print(*{k for k in a})",
    "argument": "g(set(a))",
    "argument-kept": "partial(g, set(a))",
    "argument-of-a-namesake": "a.shard_map(b, axis_names={'x'})",
    "argument-of-another-of-jax": "jax.vmap(a, axis_names={'x'})",
    "axes-in-a-list": "jax.shard_map(a, axis_names=[*{'x'}])",
    "argument-of-method": "a.append({'x', *b})",
    "sorted-by-key": "sorted(set(a), key=len)",
    "smallest-by-key": "min(set(a), key=len)",
    "popped": "set(a).pop()",
    "compared-with-who-knows": "set(a) == b",
    "mapped": "map(set, a)",
    "returned": "set(a)",
    "kept": "[set(a)]",
    "item": "(set(a), 1)[0]",
    "either": "a or set(b)",
    "alias": "(set, 1)",
    "method": "set(a).union",
    "summed": "sum({float(k) for k in a})",
}
_HIDDEN_STATEMENTS = {
    "variable": "s = set(a)\n if 'x' in s: return len(s)\n return sorted(s)",
    "filled": "s = set()\n for k in a:\n  if k in s: continue\n  s.add(k)\n return len(s)",
    "loop": "s = set(a)\n while s != {'x', 'y'}: s -= {'x', 'z'}\n return 1",
    "raising": "s = set(a) - {'x', 'y'}\n if s: raise ValueError(f'unknown {sorted(s)}')\n return a",
    "handled": "try: s = set(a)\n except TypeError: return 0\n return len(s)",
    "within": "with b: s = {k for k in a}\n return 'x' in s",
}
_SHOWN_STATEMENTS = {
    "variable": "s = set(a)\n for k in s: return k",
    "later": "for k in b:\n  for j in a: b[k] = j\n  a = {*b, 'x'}",
    "closure": "s = set(a)\n return lambda: [k for k in s]",
    "attribute": "a.s = set(b)",
    "global": "global S\n S = set(b)",
    "yielded": "yield set(a)",
    "unpacked": "x, y = {'x', k} if (k := a) else b\n return x",
    "branch": "s = set(a) if b else list(b)\n return [*s]",
    "swapped": "s, t = list(a), set(b)\n s, t = t, s\n return s[0] if t else [*s]",
}

_NAMED = frozenset({"S"})


def function(body: str) -> types.CodeType:
    namespace: dict[str, types.FunctionType] = {}
    exec(f"def f(a, b):\n {body}\n", namespace)
    return namespace["f"].__code__


@pytest.mark.parametrize("name", _HIDDEN)
def test_sets_that_are_counted_sorted_or_compared_show_no_order(name: str) -> None:
    assert not _names.of(function(f"return {_HIDDEN[name]}")).builds_set


@pytest.mark.parametrize("name", _SHOWN)
def test_sets_that_are_gone_through_or_handed_on_show_their_order(name: str) -> None:
    assert _names.of(function(f"return {_SHOWN[name]}")).builds_set


@pytest.mark.parametrize("name", _HIDDEN_STATEMENTS)
def test_sets_in_variables_that_are_counted_sorted_or_compared_show_no_order(name: str) -> None:
    assert not _names.of(function(_HIDDEN_STATEMENTS[name])).builds_set


@pytest.mark.parametrize("name", _SHOWN_STATEMENTS)
def test_sets_in_variables_that_are_gone_through_or_handed_on_show_their_order(name: str) -> None:
    assert _names.of(function(_SHOWN_STATEMENTS[name])).builds_set


@pytest.mark.parametrize(
    "body",
    [
        "return sorted(S) + [len(S)]",
        "return 1 if S else 2",
        "return a.S <= S",
        "return sorted(a.S - {'x', 'y'})",
        "T = S\n return sorted(T)",
        "for k in sorted(S): a[k] = b\n return a",
        "return lambda: 'x' in S",
    ],
)
def test_sets_that_are_loaded_by_name_and_counted_sorted_or_compared_show_no_order(body: str) -> None:
    assert not any(_set_uses.order_of_named_may_be_seen(code, _NAMED) for code in _names.of(function(body)).codes)


@pytest.mark.parametrize(
    "body",
    [
        "for k in S: return k",
        "for k in a.S: return k",
        "sorted(S)\n return [*S]",
        "T = S\n return [*T]",
        "return g(S)",
        "return S",
        "return a.S(b)",
        "return a.S.pop()",
        "return lambda: list(S)",
        "S = a\n return lambda: list(S)",
        "return super(a, b).S",
        "return [b for S in a for b in S]",
        "return sorted(S, key=a)",
        "return S - b",
    ],
)
def test_sets_that_are_loaded_by_name_and_gone_through_or_handed_on_show_their_order(body: str) -> None:
    assert any(_set_uses.order_of_named_may_be_seen(code, _NAMED) for code in _names.of(function(body)).codes)


def test_code_that_cannot_be_followed_may_show_everything() -> None:
    assert _set_uses.order_may_be_seen(types.SimpleNamespace())  # type: ignore[arg-type]


_NAMESAKE = "def partial(*values): return values\n"


@pytest.mark.parametrize(
    ("program", "is_right"),
    [
        ("def f(a): return partial(sorted(set(a)))", True),
        ("def f(a): return partial(jax.shard_map, axis_names=set(a))", False),
        ("def f(a):\n def g(b): return partial(jax.shard_map, axis_names=set(b))\n return g(a)", False),
    ],
    ids=["not-handed-over", "handed-over", "handed-over-inside"],
)
def test_namesake_of_a_function_that_takes_sets_counts_where_it_is_handed_one(program: str, is_right: bool) -> None:
    namespace: dict[str, Any] = {"jax": jax}
    exec(_NAMESAKE + program, namespace)
    assert _set_uses.names_what_it_seems(namespace["f"]) is is_right
