"""E: the signature of the dynamic arguments."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_F = "def f(x): return jnp.asarray(x) * 2\nARGS = ({},)"
_TREE = "def f(t): return jax.tree.map(lambda v: v * 2, t)\nT = collections.namedtuple('T', 'a b')\nARGS = ({},)"
_NODE = (
    "@jax.tree_util.register_pytree_node_class\nclass N:\n def __init__(s, a, b): s.a, s.b = a, b\n"
    " def tree_flatten(s): return (s.a, s.b), None\n @classmethod\n def tree_unflatten(c, _, a): return c(*a)\n"
    "def f(n): return n.a - n.b\nARGS = (N(X, X + 1),)"
)
_DEVICES = (
    "from jax.sharding import Mesh, NamedSharding as S, PartitionSpec as P\nD = np.array(jax.devices())\n"
    "def on(d, names, *spec): return jax.device_put(X, S(Mesh(d, names), P(*spec)))\n"
    "def f(x): return x * 2, x.sum()\nARGS = ({},)"
)
_JIT = "def f(x, y): return x * 2\nOPTIONS = {{{}}}\nARGS = (jnp.asarray(X), jnp.asarray(X))"


def _e(id: str, expected: str, program: str, first: str, second: str) -> object:
    return case(id, expected, program.format(first), (first, second))


CASES = (
    _e("E113-kind", MISS, _F, "(1)", "(1.0)"),
    _e("E113-bool", MISS, _F, "(1)", "(True)"),
    _e("E113-value", HIT, _F, "(1)", "(5)"),
    _e("E114-numpy", MISS, _F, "(1)", "np.int32(1)"),
    _e("E114-jax", OK, _F, "np.int32(1)", "jnp.int32(1)"),
    _e("E114-weak", MISS, _F, "jnp.asarray(1)", "jnp.asarray(1, jnp.int32)"),
    _e("E114-float64", OK, _F, "np.float32(1)", "np.float64(1)"),
    _e("E115", OK, _F, "2**20", "2**40"),
    _e("E116-shape", MISS, _F, "np.ones(4)", "np.ones((2, 2))"),
    _e("E116-dtype", MISS, _F, "np.ones(4, 'i4')", "np.ones(4, 'u4')"),
    _e("E116-byte-order", OK, _F, "np.ones(4, '<f4')", "np.ones(4, '>f4')"),
    _e("E116-layout", OK, _F, "np.ones((4, 2), 'f4', 'C')", "np.ones((4, 2), 'f4', 'F')"),
    case(
        "E117",
        MISS,
        "def f(k): return jax.random.bits(k)\nARGS = (jax.random.key(0),)",
        ("key(0)", "key(0, impl='rbg')"),
    ),
    case(
        "E117-raw", MISS, "def f(k): return jax.random.bits(k)\nARGS = (jax.random.key(0),)", ("key(0)", "PRNGKey(0)")
    ),
    _e("E118", MISS, _TREE, "{'a': X, 'b': None}", "{'a': X, 'b': X}"),
    _e("E118-empty", MISS, _TREE, "{'a': X, 'b': None}", "{'a': X, 'b': {}}"),
    _e("E119", MISS, _TREE, "(X, X)", "[X, X]"),
    _e("E119-namedtuple", MISS, _TREE, "(X, X)", "T(X, X)"),
    case(
        "E119-other-module",
        MISS,
        "from . import one, two\ndef f(t): return t.g()\nARGS = (one.T(X, X),)\n=== one.py\n"
        "class T(collections.namedtuple('T', 'a b')):\n def g(s): return s.a * 2\n=== two.py\n"
        "class T(collections.namedtuple('T', 'a b')):\n def g(s): return s.a * 3",
        ("one.T(", "two.T("),
    ),
    case("E121", OK, "def f(x, k=2.0): return x * k\nARGS = (X,)", ("(X,)", "(X, 2.0)")),
    case(
        "E121-keyword",
        OK,
        "def f(x, k): return x * k\nARGS = (X, 2.0)\nKWARGS = {}",
        ("(X, 2.0)\nKWARGS = {}", "(X,)\nKWARGS = {'k': 2.0}"),
    ),
    case(
        "E121-order",
        OK,
        "def f(*, a, b): return a - b\nARGS = ()\nKWARGS = {'a': X, 'b': 1.0}",
        ("{'a': X, 'b': 1.0}", "{'b': 1.0, 'a': X}"),
    ),
    case(
        "E121-kwargs-order",
        OK,
        "def f(**k): return [v * i for i, v in enumerate(k.values())]\nARGS = ()\nKWARGS = {'a': X, 'b': X + 1}",
        ("{'a': X, 'b': X + 1}", "{'b': X + 1, 'a': X}"),
    ),
    _e("E122", MISS, _DEVICES, "jax.device_put(X)", "jax.device_put(X, D[0])"),
    _e("E122-device", MISS, _DEVICES, "jax.device_put(X, D[0])", "jax.device_put(X, D[1])"),
    _e("E123", MISS, _DEVICES, "jax.device_put(X, D[0])", "on(D, 'a', 'a')"),
    _e("E123-spec", MISS, _DEVICES, "on(D, 'a', 'a')", "on(D, 'a')"),
    _e("E123-axis", MISS, _DEVICES, "on(D, 'a', 'a')", "on(D, 'b', 'b')"),
    _e("E123-mesh", MISS, _DEVICES, "on(D, 'a', 'a')", "on(D.reshape(2, 2), ('a', 'b'), 'a')"),
    _e("E123-order", MISS, _DEVICES, "on(D, 'a', 'a')", "on(D[::-1], 'a', 'a')"),
    _e("E123-same", HIT, _DEVICES, "on(D, 'a', 'a')", "on(D.copy(), 'a', 'a')"),
    case("E125", MISS, _JIT.format(""), ("{}", "{'donate_argnums': 0}")),
    case("E125-other", MISS, _JIT.format("'donate_argnums': 0"), ("nums': 0", "nums': 1")),
    case(
        "E126",
        OK,
        _JIT.format("'donate_argnums': (0,)"),
        only_b="ARGS = (ARGS[0], ARGS[0])\ndef observe(): return [a.is_deleted() for a in ARGS]",
    ),
    case("E127-keep-unused", MISS, _JIT.format(""), ("{}", "{'keep_unused': True}")),
    case("E127-inline", OK, _JIT.format(""), ("{}", "{'inline': True}")),
    case(
        "E127-out",
        MISS,
        _JIT.format(""),
        ("{}", "{'out_shardings': jax.sharding.SingleDeviceSharding(jax.devices()[1])}"),
    ),
    case(
        "E127-in",
        MISS,
        _JIT.format("'out_shardings': None"),
        ("'out_shardings': None", "'in_shardings': jax.sharding.SingleDeviceSharding(jax.devices()[1])"),
    ),
    case("E127-compiler", MISS, _JIT.format(""), ("{}", "{'compiler_options': {'xla_cpu_enable_fast_math': True}}")),
    case("E130", MISS, _NODE, ("(s.a, s.b), None", "(s.b, s.a), None")),
    case("E130-unflatten", MISS, _NODE, ("return c(*a)", "return c(*a[::-1])")),
    case(
        "E131",
        HIT,
        "def m():\n class N(collections.namedtuple('N', 'a')): pass\n return N\nN = m()\ndef f(x): return N(x * 2)",
    ),
    case(
        "E131-made-inside",
        bypass("out_tree_unserializable"),
        "def f(x):\n class N(collections.namedtuple('N', 'a')): pass\n return N(x * 2)",
    ),
    case(
        "E132-registered-named-tuple",
        HIT,
        "N = collections.namedtuple('N', 'a b c')\n"
        "jax.tree_util.register_pytree_node(N, lambda n: ((n.a,), (n.b, n.c)), lambda d, x: N(x[0], *d))\n"
        "def f(n): return {'n': N((n.a * 2, [n.a]), n.b, 'c')}\nARGS = (N(X, 1, 'c'),)",
    ),
)
