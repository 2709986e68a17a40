"""Category B of the catalogue: globals, closures, builtins, imports, module attributes."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from walked_program import digest, load, module, refusal

from jitserve import fingerprint
from jitserve._outcome import BypassReason as R

_MUST_DIFFER = {
    "B34-constant": ("K = 1\ndef f(x): return x * K", "K = 2\ndef f(x): return x * K"),
    "B34-constant-type": ("K = 1\ndef f(x): return x * K", "K = 1.0\ndef f(x): return x * K"),
    "B34-none": ("K = None\ndef f(x): return x if K is None else -x", "K = 0\ndef f(x): return x if K is None else -x"),
    "B39-helper-of-same-name": (
        "def h(x): return x\ndef f(x): return h(x)",
        "def h(x): return x\nold = h\ndef h(x): return old(x) * 2\ndef f(x): return h(x)",
    ),
    "B46-name-defined-later": (
        "def f(x):\n try: return x * FLAG\n except NameError: return x",
        "FLAG = 2\ndef f(x):\n try: return x * FLAG\n except NameError: return x",
    ),
    "B47-closure-shadows-global": (
        "K = 0\ndef m(K):\n def f(x): return x * K\n return f\nf = m(1)",
        "K = 0\ndef m(K):\n def f(x): return x * K\n return f\nf = m(2)",
    ),
    "B49-nonlocal-setter": (
        "def m():\n k = 1\n def f(x): return x * k\n def s(v):\n  nonlocal k\n  k = v\n return f, s\nf, s = m()",
        "def m():\n k = 1\n def f(x): return x * k\n def s(v):\n  nonlocal k\n  k = v\n return f, s\nf, s = m()\ns(2)",
    ),
    "B51-closure-over-list": (
        "def m(l):\n def f(x): return x * l[0]\n return f\nl = [1]\nf = m(l)",
        "def m(l):\n def f(x): return x * l[0]\n return f\nl = [1]\nf = m(l)\nl[0] = 2",
    ),
    "B61-registry-entry-replaced": (
        "A = {'g': lambda x: x}\ndef f(x): return A['g'](x)",
        "A = {'g': lambda x: x * 2}\ndef f(x): return A['g'](x)",
    ),
    "B63-dict-order": (
        "D = {'a': 1, 'b': 2}\ndef f(x): return [x * v for v in D.values()]",
        "D = {'b': 2, 'a': 1}\ndef f(x): return [x * v for v in D.values()]",
    ),
    "B-global-in-class-body": (
        "K = 1\ndef f(x):\n class C: a = K\n return x * C.a",
        "K = 2\ndef f(x):\n class C: a = K\n return x * C.a",
    ),
    "B-global-in-comprehension": (
        "K = 1\ndef f(x): return [v * K for v in x]",
        "K = 2\ndef f(x): return [v * K for v in x]",
    ),
    "B-captured-array": ("W = jnp.ones(3)\ndef f(x): return x * W", "W = jnp.zeros(3)\ndef f(x): return x * W"),
    "B-captured-array-shape": ("W = np.zeros(4)\ndef f(x): return W", "W = np.zeros((2, 2))\ndef f(x): return W"),
    "B-captured-array-dtype": (
        "W = np.zeros(4, 'i4')\ndef f(x): return W",
        "W = np.zeros(4, 'f4')\ndef f(x): return W",
    ),
    "B-captured-array-layout": (
        "W = np.arange(4).reshape(2, 2)\ndef f(x): return W",
        "W = np.arange(4).reshape(2, 2).T\ndef f(x): return W",
    ),
    "B-custom-dtypes-of-equal-text": (
        "W = jnp.zeros(4, 'bfloat16')\ndef f(x): return W",
        "W = jnp.zeros(4, 'float16')\ndef f(x): return W",
    ),
    "B-weak-type": (
        "W = jnp.asarray(1)\ndef f(x): return x * W",
        "W = jnp.asarray(1, jnp.int32)\ndef f(x): return x * W",
    ),
    "B-key": ("W = jax.random.key(0)\ndef f(x): return W", "W = jax.random.key(1)\ndef f(x): return W"),
    "B-key-implementation": (
        "W = jax.random.key(0)\ndef f(x): return W",
        "W = jax.random.key(0, impl='rbg')\ndef f(x): return W",
    ),
    "B-numpy-constant": (
        "A = np.array([1, 2])\ndef f(x): return x[: A.max()]",
        "A = np.array([1, 3])\ndef f(x): return x[: A.max()]",
    ),
}


@pytest.mark.parametrize("name", _MUST_DIFFER)
def test_another_binding_has_another_digest(name: str) -> None:
    left, right = _MUST_DIFFER[name]
    assert digest(left) == digest(left)
    assert digest(left) != digest(right)


def test_a_global_that_is_shadowed_by_a_closure_does_not_matter_B47() -> None:
    source = "def m(K):\n def f(x): return x * K\n return f\nf = m(1)"
    assert digest(f"K = 1\n{source}") == digest(f"K = 2\n{source}")


def test_an_empty_cell_is_no_error_B50() -> None:
    source = "def m():\n def f(x): return x * k\n g = f\n{}\n return g\nf = m()"
    assert digest(source.format(" if 0: k = 1")) != digest(source.format(" k = 1"))


def test_builtin_that_is_replaced_differs_B45(monkeypatch: pytest.MonkeyPatch) -> None:
    function = load("def f(x): return sum(x)")["f"]
    before = fingerprint.walk(function).digest
    monkeypatch.setattr(builtins, "sum", load("def s(x): return x[0]")["s"])
    assert fingerprint.walk(function).digest != before


def test_builtin_that_is_shadowed_by_a_global_differs_B45() -> None:
    assert digest("def f(x): return sum(x)") != digest("def sum(x): return x[0]\ndef f(x): return sum(x)")


def _using(helper: Any, source: str) -> bytes:
    return fingerprint.walk(load(source, before=lambda namespace: namespace.update(m=helper))["f"]).digest


def test_only_the_end_of_an_attribute_chain_counts_B53() -> None:
    source = "def f(x): return x * m.inner.K"
    inner = module("inner", "K = 1\nunread = 1")
    outer = module("outer", "unread = 1")
    outer.inner = inner  # type: ignore[attr-defined]
    before = _using(outer, source)
    inner.unread = outer.unread = 2  # type: ignore[attr-defined]
    assert _using(outer, source) == before
    inner.K = 2  # type: ignore[attr-defined]
    assert _using(outer, source) != before


@pytest.mark.parametrize(
    "source", ["def f(x): return x if hasattr(m, 'fast') else -x", "def f(x): return getattr(m, 'fast', x)"]
)
def test_attribute_that_appears_later_differs_B54(source: str) -> None:
    helper = module("helper", "")
    before = _using(helper, source)
    helper.fast = 1  # type: ignore[attr-defined]
    assert _using(helper, source) != before


def test_helper_of_a_helper_in_another_module_differs_B38() -> None:
    source = "def f(x): return m.g(x)"
    assert _using(module("m", "def h(x): return x\ndef g(x): return h(x)"), source) != _using(
        module("m", "def h(x): return -x\ndef g(x): return h(x)"), source
    )


def test_patched_function_of_an_opaque_library_differs_C77(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    function = load("def f(x): return jax.nn.gelu(x)")["f"]
    before = fingerprint.walk(function).digest
    monkeypatch.setattr(jax.nn, "gelu", load("def g(x): return x")["g"])
    assert fingerprint.walk(function).digest != before


def test_patched_function_of_a_module_that_is_read_by_computed_names_differs_C77(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import jax

    function = load("def f(x, name): return getattr(jax.nn, name)(x)")["f"]
    before = fingerprint.walk(function).digest
    monkeypatch.setattr(jax.nn, "gelu", load("def g(x): return x")["g"])
    assert fingerprint.walk(function).digest != before


_REFUSED = {
    "B57-computed-attribute-of-a-user-module": ("def f(x, n): return getattr(m, 'x' + n)", R.DYNAMIC_MODULE_ATTR),
    "B-module-as-a-value": ("def g(v): return v.K\ndef f(x): return g(m)", R.DYNAMIC_MODULE_ATTR),
    "B58-globals": ("def f(x): return x * globals()['K']", R.DYNAMIC_SCOPE),
    "B58-vars": ("def f(x): return vars()['x']", R.DYNAMIC_SCOPE),
    "B58-locals": ("def f(x): return locals()['x']", R.DYNAMIC_SCOPE),
    "B58-module-dict": ("def f(x): return sys.modules['m'].K", R.DYNAMIC_MODULE_ATTR),
    "B59-eval": ("def f(x): return eval('x * K')", R.DYNAMIC_SCOPE),
    "B59-exec": ("def f(x): exec('x * K')", R.DYNAMIC_SCOPE),
    "B-import-inside": ("def f(x):\n import m\n return x", R.LAZY_IMPORT),
    "B-import-module": ("import importlib\ndef f(x): return importlib.import_module('m').K", R.LAZY_IMPORT),
    "B-global-assignment": ("def f(x):\n global K\n K = x", R.TRACE_SIDE_EFFECT),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_names_that_are_computed_are_refused(name: str) -> None:
    source, reason = _REFUSED[name]
    assert refusal(f"m = types.ModuleType('m')\n{source}") is reason


def test_module_that_computes_attributes_is_refused_B55() -> None:
    source = "m = types.ModuleType('m')\nm.__getattr__ = lambda name: 1\ndef f(x): return x * m.K"
    assert refusal(source) is R.DYNAMIC_MODULE_ATTR


def test_import_of_a_loaded_opaque_module_inside_is_accepted() -> None:
    assert refusal("def f(x):\n import jax.numpy as j\n return j.sin(x)") is None


@pytest.mark.parametrize("value", ["unresolved", "builtin", "missing"])
def test_name_that_is_bound_nowhere_differs_from_every_text(value: str) -> None:
    source = "def f(x):\n try:\n  return x * len(FLAG)\n except NameError:\n  return x"
    assert digest(source) != digest(f"{source}\nFLAG = {value!r}")
    source = "m = types.ModuleType('m')\ndef f(x): return x if getattr(m, 'flag', None) is None else 2 * x"
    assert digest(source) != digest(f"{source}\nm.flag = {value!r}")
