"""Category A of the catalogue: what counts as the same code. ``docs/cache-key.md`` explains the rules."""

from __future__ import annotations

import types

import pytest
from walked_program import digest, load

from jitserve import fingerprint

_MUST_DIFFER = {
    "A1-constant": ("def f(x): return x * 2", "def f(x): return x * 3"),
    "A2-constant-of-other-type": (
        "def f(x, s='1'): return x if s == '1' else -x",
        "def f(x, s='1'): return x if s == 1 else -x",
    ),
    "A3-int-bool": ("def f(x): return g(1)\ndef g(v): return v", "def f(x): return g(True)\ndef g(v): return v"),
    "A3-int-float": ("def f(x): return x * 1", "def f(x): return x * 1.0"),
    "A3-signed-zero": ("def f(x): return x * 0.0", "def f(x): return x * -0.0"),
    "A3-in-a-tuple": ("def f(x): return (1, 2)", "def f(x): return (1.0, 2)"),
    "A10-parameters-swapped": ("def f(a, b): return a - b", "def f(b, a): return b - a"),
    "A11-keyword-only": ("def f(a, b): return a - b", "def f(a, *, b): return a - b"),
    "A13-default-reassigned": ("def f(x, k=1): return x * k", "def f(x, k=1): return x * k\nf.__defaults__ = (2,)"),
    "A14-mutable-default": (
        "def f(x, k=[1]): return x * k[0]",
        "def f(x, k=[1]): return x * k[0]\nf.__defaults__[0][0] = 2",
    ),
    "A15-keyword-default": (
        "def f(x, *, k=1): return x * k",
        "def f(x, *, k=1): return x * k\nf.__kwdefaults__['k'] = 2",
    ),
    "A17-two-lambdas-on-a-line": ("f, g = lambda x: x * 2, lambda x: x * 3", "g, f = lambda x: x * 2, lambda x: x * 3"),
    "A21-generator-expression": (
        "def f(x): return sum([v * 2 for v in x])",
        "def f(x): return sum((v * 2 for v in x))",
    ),
    "A22-nested-default": (
        "def f(x):\n def g(v, k=1): return v * k\n return g(x)",
        "def f(x):\n def g(v, k=2): return v * k\n return g(x)",
    ),
    "A22-nested-constant": ("def f(x): return (lambda v: v * 2)(x)", "def f(x): return (lambda v: v * 3)(x)"),
    "A26-decorator-added": (
        "def d(g): return lambda x: g(x) + 1\ndef f(x): return x",
        "def d(g): return lambda x: g(x) + 1\n@d\ndef f(x): return x",
    ),
    "A26-decorators-reordered": (
        "def d(g): return lambda x: g(x) + 1\ndef e(g): return lambda x: g(x) * 2\n@d\n@e\ndef f(x): return x",
        "def d(g): return lambda x: g(x) + 1\ndef e(g): return lambda x: g(x) * 2\n@e\n@d\ndef f(x): return x",
    ),
    "A27-wrapper-edited": (
        "def d(g):\n @functools.wraps(g)\n def w(x): return g(x) + 1\n return w\n@d\ndef f(x): return x",
        "def d(g):\n @functools.wraps(g)\n def w(x): return g(x) + 2\n return w\n@d\ndef f(x): return x",
    ),
    "A30-exec": ("exec('def f(x): return x * 2')", "exec('def f(x): return x * 3')"),
    "A31-partial": (
        "def g(k, x): return x * k\nf = functools.partial(g, 1)",
        "def g(k, x): return x * k\nf = functools.partial(g, 2)",
    ),
    "A31-keyword-partial": (
        "def g(x, k): return x * k\nf = functools.partial(g, k=1)",
        "def g(x, k): return x * k\nf = functools.partial(g, k=2)",
    ),
    "A31-nested-partial": (
        "def g(a, b, x): return x * a - b\nf = functools.partial(functools.partial(g, 1), 2)",
        "def g(a, b, x): return x * a - b\nf = functools.partial(functools.partial(g, 1), 3)",
    ),
    "A-jax-transform": (
        "f = jax.vmap(lambda x: x * 2)",
        "f = jax.vmap(lambda x: x * 3)",
    ),
    "A-transform-option": ("f = jax.vmap(lambda x: x, in_axes=0)", "f = jax.vmap(lambda x: x, in_axes=1)"),
    "A-grad-argnums": ("f = jax.grad(lambda x, y: x * y, 0)", "f = jax.grad(lambda x, y: x * y, 1)"),
    "A-inner-jit": (
        "@jax.jit\ndef g(x): return x * 2\ndef f(x): return g(x)",
        "@jax.jit\ndef g(x): return x * 3\ndef f(x): return g(x)",
    ),
    "A-inner-jit-option": (
        "def g(x): return x * 2\ng = jax.jit(g)\ndef f(x): return g(x)",
        "def g(x): return x * 2\ng = jax.jit(g, keep_unused=True)\ndef f(x): return g(x)",
    ),
    "A-scan-body": (
        "def b(c, x): return c + x, x\ndef f(x): return jax.lax.scan(b, 0., x)",
        "def b(c, x): return c - x, x\ndef f(x): return jax.lax.scan(b, 0., x)",
    ),
    "A-function-attribute": ("def f(x): return x * f.k\nf.k = 1", "def f(x): return x * f.k\nf.k = 2"),
}

_MUST_AGREE = {
    "A5-docstring": ("def f(x):\n 'one'\n return x", "def f(x):\n 'two'\n return x"),
    "A7-comments-and-lines": ("def f(x): return x * 2", "# moved\n\n\ndef f(x):\n    # why\n    return x * 2"),
    "A30-exec-of-equal-text": ("exec('def f(x): return x * 2')", "exec('def f(x): return x * 2')"),
    "A33-set-literal-for-membership": (
        "def f(x, m='a'): return x if m in {'a', 'b', 'c'} else -x",
        "def f(x, m='a'): return x if m in {'a', 'b', 'c'} else -x",
    ),
    "A-unread-global": ("K = 1\ndef f(x): return x", "K = 2\ndef f(x): return x"),
    "A-unread-function": ("def g(x): return x\ndef f(x): return x", "def g(x): return x * 2\ndef f(x): return x"),
}


@pytest.mark.parametrize("name", _MUST_DIFFER)
def test_another_program_has_another_digest(name: str) -> None:
    left, right = _MUST_DIFFER[name]
    assert digest(left) == digest(left)
    assert digest(left) != digest(right)


@pytest.mark.parametrize("name", _MUST_AGREE)
def test_the_same_program_has_the_same_digest(name: str) -> None:
    left, right = _MUST_AGREE[name]
    assert digest(left) == digest(right)


def test_same_code_with_other_globals_differs_A19() -> None:
    namespace = load("K = 1\ndef f(x): return x * K")
    function = namespace["f"]
    copy = types.FunctionType(function.__code__, {**namespace, "K": 2})
    same = types.FunctionType(function.__code__, {**namespace, "unread": 2})
    assert fingerprint.walk(copy).digest != fingerprint.walk(function).digest
    assert fingerprint.walk(same).digest == fingerprint.walk(function).digest


def test_the_walk_covers_nested_code_and_only_walked_code() -> None:
    namespace = load("def g(x): return (lambda v: v)(x)\ndef f(x): return g(x)\ndef h(x): return x")
    walk = fingerprint.walk(namespace["f"])
    inner = namespace["g"].__code__.co_consts[1]
    assert walk.covers(namespace["f"].__code__)
    assert walk.covers(inner)
    assert not walk.covers(namespace["h"].__code__)


def test_ingredients_name_the_functions_by_their_paths() -> None:
    walk = fingerprint.walk(load("def g(x): return x\ndef f(x): return g(x)")["f"])
    assert [part.name for part in walk.ingredients] == ["f", "f.__globals__['g']"]
