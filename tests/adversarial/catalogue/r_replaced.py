"""R: what is the library's own, and stands in another place inside of the library."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, Process, case

_IMPORTS = (
    "import math, statistics\nimport jax._src.nn.functions as F\nimport jax._src.numpy.reductions as R\n"
    "from jax._src import core\nfrom jax._src.interpreters import ad, batching, mlir\nfrom jax._src.lax import lax\n"
    "def inner(f): return getattr(f, '__wrapped__', f)\n"
)
_SILU = "def f(x): return jax.nn.silu(x)"
_SINE = "def f(x): return jnp.sin(x)"


def _bound(owner: str, name: str, value: str) -> str:
    """Binds a name otherwise, until the case is over."""
    return f"old = {owner}.{name}\n{owner}.{name} = {value}\ndef undo(): {owner}.{name} = old"


def _ruled(table: str, primitive: str, value: str) -> str:
    return f"T = {table}\nold = T[{primitive}]\nT[{primitive}] = {value}\ndef undo(): T[{primitive}] = old"


# Name of the case -> the program, and what somebody does to the library.
_REPLACED = {
    "R1-function": (_SILU, _bound("F", "sigmoid", "F.softplus")),
    "R1-partial": (_SILU, _bound("F", "sigmoid", "functools.partial(F.celu, alpha=2.0)")),
    "R1-jitted": (_SILU, _bound("F", "sigmoid", "jax.jit(F.soft_sign)")),
    "R1-checkpoint": (_SILU, _bound("F", "sigmoid", "jax.checkpoint(F.soft_sign)")),
    "R1-custom": (_SILU, _bound("F", "sigmoid", "F.relu")),
    "R1-other-module": (_SILU, _bound("F", "sigmoid", "jnp.cos")),
    "R1-reduction": ("def f(x): return jnp.mean(x)", _bound("R", "sum", "R.prod")),
    "R2-method": ("def f(x): return x + x * 3", _bound("core.Tracer", "__add__", "core.Tracer.__mul__")),
    "R2-property": ("def f(x): return x * x.size", _bound("core.Tracer", "size", "core.Tracer.ndim")),
    "R3-defaults": ("def f(x): return jax.nn.celu(x - 2)", _bound("inner(F.celu)", "__defaults__", "(3.0,)")),
    "R3-keyword-default": (
        "def f(x): return jnp.var(x)",
        "K = inner(jnp.var).__kwdefaults__\nold = K['correction']\nK['correction'] = 1\ndef undo(): K['correction'] = old",
    ),
    "R3-code": (_SILU, _bound("inner(F.sigmoid)", "__code__", "inner(F.soft_sign).__code__")),
    "R4-primitive": (_SINE, _bound("lax", "sin_p", "lax.cos_p")),
    "R4-bind": (
        _SINE,
        "lax.sin_p.bind = lax.cos_p.bind\ndef undo(): del lax.sin_p.bind",
    ),
    "R4-jvp": (
        "def f(x): return jax.grad(lambda v: jnp.sin(v).sum())(x)",
        _ruled("ad.primitive_jvps", "lax.sin_p", "ad.primitive_jvps[lax.cos_p]"),
    ),
    "R4-lowering": (_SINE, _ruled("mlir._lowerings", "lax.sin_p", "mlir._lowerings[lax.cos_p]")),
    "R5-custom-jvp-rule": (
        "def f(x): return jax.grad(lambda v: jax.nn.relu(v).sum())(x)",
        _bound("F.relu", "jvp", "F.relu6.jvp if hasattr(F.relu6, 'jvp') else jnp.logaddexp.jvp"),
    ),
    "R6-numpy": (
        "W = np.array([3.0, 4.0])\ndef f(x): return x * float(np.linalg.norm(W))",
        "import numpy.linalg._linalg as N\n" + _bound("N", "sqrt", "np.cbrt"),
    ),
    "R6-constant": ("def f(x): return jnp.deg2rad(x)", _bound("np", "pi", "3.0")),
    "R7-stdlib": (
        "D = (2.0, 3.0, 4.0)\ndef f(x): return x * statistics.fmean(D)",
        _bound("statistics", "fsum", "math.prod"),
    ),
    "R7-scipy": (
        "import scipy.special._basic as B\ndef f(x): return x * float(B.polygamma(1, 2.0))",
        _bound("B", "gamma", "B.psi"),
    ),
}
# What another process may do besides, and that changes nothing.
_HARMLESS = {
    "R8-imports": "import jax.experimental.sparse, jax.scipy.special, jax.experimental.ode, scipy.linalg, fractions",
    "R8-restored": "old = F.sigmoid\nF.sigmoid = F.softplus\nF.sigmoid = old",
    "R8-used": "jnp.linalg.svd(jnp.eye(2)); jax.vmap(jnp.sin)(X); jax.random.normal(jax.random.key(0)); np.polynomial.Polynomial([1])",
    "R8-primitive": (
        "P = core.Primitive('sin')\nP.def_impl(lambda x: x)\nP.def_abstract_eval(lambda x: x)\n"
        "ad.primitive_jvps[P] = lambda p, t: (p[0], t[0])\nmlir.register_lowering(P, lambda c, x: [x])"
    ),
    "R8-registrations": (
        "import collections.abc\nclass N: pass\ncollections.abc.Sequence.register(N)\n"
        "jax.tree_util.register_pytree_node(N, lambda n: ((), None), lambda a, c: N())\n"
        "jax.monitoring.register_event_listener(lambda *a, **k: None)"
    ),
}
# A class cannot be taken out of an ABC again, and cases that walk that ABC would see it: processes of its own.
_UNDONE_BY_NOTHING = Process((("CASE", "registrations"),))


def _replaced(name: str, program: str, patch: str) -> list[Case]:
    """Somebody does it in the second process, or in the first one."""
    program = _IMPORTS + program
    return [case(name, MISS, program, only_b=patch), case(f"{name}-before", MISS, program, only_a=patch)]


def _harmless(name: str, text: str) -> list[Case]:
    program = _IMPORTS + "def f(x): return jax.nn.silu(jnp.sin(x))"
    own = _UNDONE_BY_NOTHING if name == "R8-registrations" else None
    return [
        case(name, HIT, program, only_b=text, a=own, b=own),
        case(f"{name}-before", HIT, program, only_a=text, a=own, b=own),
    ]


CASES = (
    *(each for name, (program, patch) in _REPLACED.items() for each in _replaced(name, program, patch)),
    *(each for name, text in _HARMLESS.items() for each in _harmless(name, text)),
)
