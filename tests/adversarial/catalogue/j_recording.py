"""J: pitfalls of the recording. K: custom rules and libraries."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_INNER = "@jax.jit\ndef g(x): return x * 2\ndef f(x): return g(x) + 1\n"
_STALE = "K = 1\n@jax.jit\ndef g(x): return x * K\ndef f(x): return g(x) + 1\n"
_POISON = "def prepare(j):\n global K\n {}\n K = 5"
_SCAN = "K = 1\ndef body(c, _): return c * K, None\ndef f(x): return jax.lax.scan(body, x, None, 2)[0]\n"
_MEMO = "K = 1\n@functools.lru_cache\ndef g(): return 3 * K\ndef f(x): return x * g()\n"
_AT_IMPORT = (
    "import importlib\ndef wrap(jit):\n global JIT\n JIT = jit\n"
    " return lambda x: importlib.import_module('.other', __package__).y\n=== other.py\nfrom . import main\n"
    "def helper(x): return x * 2\ndef f(x): return helper(x) + 1\ny = main.JIT(f)(main.X)"
)
_VJP = (
    "@jax.custom_vjp\ndef g(x): return x * 2\ndef fwd(x): return g(x), x\ndef bwd(r, t): return (t * 3,)\n"
    "g.defvjp(fwd, bwd)\ndef f(x): return {}\n"
)
_JVP = "@jax.custom_jvp\ndef g(x): return x * 2\ng.defjvp(lambda p, t: (g(*p), t[0] * 2))\ndef f(x): return jax.grad(lambda v: g(v).sum())(x)\n"
_GRAD = "jax.grad(lambda v: g(v).sum())(x)"
_PALLAS = (
    "from jax.experimental import pallas as pl\ndef kernel(i, o): o[...] = i[...] * 2\n"
    "def f(x): return pl.pallas_call(kernel, out_shape=jax.ShapeDtypeStruct((4,), 'f4'), interpret=True)(x)"
)
_OPTAX = "import optax\nT = optax.sgd({})\ndef f(g): return T.update(g, T.init(g))[0]"
_NNX = (
    "from flax import nnx\nclass M(nnx.Module):\n def __init__(s, k): s.k, s.w = k, nnx.Param(jnp.ones(4) * {})\n"
    " def __call__(s, x): return x * s.w[...] * s.k\nG, S = nnx.split(M(2))\n"
    "def f(s, x): return nnx.merge(G, s)(x)\nARGS = (S, X)"
)
_EQX = (
    "import equinox as eqx\nclass M(eqx.Module):\n w: jax.Array\n k: int = eqx.field(static=True)\n"
    " act: object = eqx.field(static=True)\n def __call__(s, x): return s.act(x * s.w * s.k)\n"
    "def f(m, x): return m(x)\nARGS = (M(jnp.ones(4), 2, jnp.tanh), X)"
)
_HAIKU = (
    "import haiku as hk\nT = hk.transform(lambda x: hk.Linear(2)(x) * 2)\n"
    "W = T.init(jax.random.key(0), X)\ndef f(x): return T.apply(W, None, x)"
)

CASES = (
    case("J191-at-import", MISS, _AT_IMPORT, ("x * 2", "x * 3")),
    case("J191", MISS, _INNER, ("x * 2", "x * 3"), only_a="def prepare(j): g(jnp.asarray(X))"),
    case("J191b", HIT, _STALE, ("K = 1", "K = 5"), only_a=_POISON.format("g(jnp.asarray(X))")),
    case("J191b-fresh-A", OK, _STALE, ("K = 1", "K = 5"), only_a=_POISON.format("g(X)") + "\n"),
    case("J191c", OK, _SCAN, ("K = 1", "K = 5"), only_a=_POISON.format("jax.lax.scan(body, X, None, 2)")),
    case("J191c-memo", OK, _MEMO, ("K = 1", "K = 5"), only_a=_POISON.format("g()")),
    case(
        "J191d",
        bypass("time_read"),
        "import time\n@jax.jit\ndef g(x): return x * 2 if time.time() else x\ndef f(x): return g(x)\ndef prepare(j): g(X)",
    ),
    case(
        "J193",
        OK,
        "@functools.lru_cache\ndef g(): return 2\ndef f(x): return x * g()\n",
        ("return 2", "return 3"),
        only_a="g()",
    ),
    case("J194", OK, "def f(x): return x * 2\ndef prepare(j): jax.jit(f)(X); jax.eval_shape(f, X)", ("x * 2", "x * 3")),
    case(
        "J195",
        MISS,
        "import time\ndef other():\n while not stop.is_set(): os.environ.get('HOME'); time.time(); id(other)\n"
        "stop = threading.Event()\nt = threading.Thread(target=other)\ndef prepare(j): t.start()\n"
        "def undo(): stop.set(); t.join()\ndef f(x): return x * 2",
        ("x * 2", "x * 3"),
    ),
    case(
        "J195-hit",
        HIT,
        "def other():\n while not stop.is_set(): helper()\ndef helper(): return sorted([3, 1], key=lambda v: -v)\n"
        "stop = threading.Event()\nt = threading.Thread(target=other)\ndef prepare(j): t.start()\n"
        "def undo(): stop.set(); t.join()\ndef f(x): return x * 2",
    ),
    case(
        "J197",
        bypass("generator_state", "unknown_object"),
        "def m():\n while True: yield 2\nG = m()\nnext(G)\ndef f(x): return x * next(G)",
        ("yield 2", "yield 3"),
    ),
    case("J198-reduce", MISS, "def f(x): return functools.reduce(lambda a, b: a * 2 + b, [x, x])", ("a * 2", "a * 3")),
    case(
        "J198-sorted",
        MISS,
        "def g(v): return v\ndef f(x): return jnp.stack([x * k for k in sorted([1, 2], key=g)])",
        ("return v", "return -v"),
    ),
    case("J198-map", MISS, "def g(v): return v * 2\ndef f(x): return jnp.stack([*map(g, [x, x])])", ("v * 2", "v * 3")),
    case(
        "J198-hidden-by-C",
        MISS,
        "class C:\n def __index__(s): return 1\nc = C()\ndef f(x): return x[operator.index(c)]\nimport operator",
        ("return 1", "return 2"),
    ),
    case(
        "J199",
        HIT,
        "@dataclasses.dataclass\nclass C:\n a: int\n b: int = 2\nT = collections.namedtuple('T', 'a b')\n"
        "def f(x): return x * C(1).b * T(1, 2).b",
    ),
    case(
        "J192-getattr-string",
        MISS,
        "def h(x): return x * 2\nclass R: h = staticmethod(h)\nn = 'h'\ndef f(x): return getattr(R, n)(x)",
        ("x * 2", "x * 3"),
    ),
    case(
        "J192-module-of-library-name",
        bypass("dynamic_module_attr", "unreached_code", "dynamic_scope"),
        "import importlib\nme = sys.modules[__name__]\ndef h(x): return x * 2\ns = 'h'\ndef f(x): return getattr(me, s + '')(x)",
        ("x * 2", "x * 3"),
    ),
    case(
        "J196-atexit-hook",
        bypass("unreached_code", "dynamic_scope", "opaque_callable", "trace_side_effect"),
        "import gc\nclass K: k = 2\n"
        "def f(x): return x * [o for o in gc.get_objects() if type(o) is type and o.__name__ == 'K' and o.__module__ == __name__][0].k",
        ("k = 2", "k = 3"),
    ),
    case(
        "J200-subclasses",
        bypass("dynamic_scope"),
        "class B: k = 1\nclass C(B): k = 2\ndef f(x): return x * B.__subclasses__()[0].k",
        ("k = 2", "k = 3"),
    ),
    case("K201-forward", OK, _VJP.format("g(x)"), ("t * 3", "t * 4")),
    case("K201-grad", MISS, _VJP.format(_GRAD), ("t * 3", "t * 4")),
    case("K202", MISS, _JVP, only_b="g.defjvp(lambda p, t: (g(*p), t[0] * 5))"),
    case("K203-symbolic", OK, _JVP, only_b="g.defjvp(lambda p, t: (g(*p), t[0] * 2), symbolic_zeros=False)"),
    case(
        "K203-nondiff",
        MISS,
        "@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))\ndef g(x, k): return x * k\n"
        "g.defvjp(lambda x, k: (g(x, k), None), lambda *a: (a[-1] * a[0],))\ndef f(x): return jax.grad(lambda v: g(v, 2).sum())(x)",
        ("g(v, 2)", "g(v, 3)"),
    ),
    case(
        "K204-custom-vmap",
        MISS,
        "@jax.custom_batching.custom_vmap\ndef g(x): return x * 2\n@g.def_vmap\ndef r(n, b, x): return x * 3, True\n"
        "def f(x): return jax.vmap(g)(x)",
        ("x * 3", "x * 4"),
    ),
    case(
        "K204-primitive",
        OK,
        "from jax.extend.core import Primitive\nfrom jax.interpreters import mlir\np = Primitive('case_p')\n"
        "p.def_abstract_eval(lambda x: x)\nmlir.register_lowering(p, mlir.lower_fun(lambda x: x * 2, multiple_results=False))\n"
        "def f(x): return p.bind(x)",
        ("x * 2", "x * 3"),
    ),
    case(
        "K204-primitive-hidden",
        OK,
        "from . import other\ndef f(x): return other.g(x)\n=== other.py\nfrom jax.extend.core import Primitive\n"
        "from jax.interpreters import mlir\ndef m(k):\n p = Primitive('case_q')\n p.def_abstract_eval(lambda x: x)\n"
        " mlir.register_lowering(p, mlir.lower_fun(lambda x: x * k, multiple_results=False))\n return p.bind\ng = m(2)",
        ("m(2)", "m(3)"),
    ),
    case("K205", MISS, _PALLAS, ("i[...] * 2", "i[...] * 3")),
    case("K205-spec", MISS, _PALLAS.replace("interpret=True", "grid=(2,), interpret=True"), ("grid=(2,)", "grid=(3,)")),
    case("K207-rate", MISS, _OPTAX.format("0.1"), ("0.1", "0.2")),
    case("K207-schedule", MISS, _OPTAX.format("lambda n: 0.1 * n + 0.1"), ("* n + 0.1", "* n + 0.3")),
    case(
        "K207-injected",
        HIT,
        "import optax\nT = optax.inject_hyperparams(optax.sgd)(learning_rate=0.1)\n"
        "def f(g, s): return T.update(g, s)[0]\nS = T.init(jnp.asarray(X))\nARGS = (jnp.asarray(X), S)",
        only_b="S.hyperparams['learning_rate'] = S.hyperparams['learning_rate'] * 2",
    ),
    case("K209", MISS, _NNX.format(1), ("M(2)", "M(3)")),
    case("K209-variable", HIT, _NNX.format(1), only_b="ARGS = (jax.tree.map(lambda v: v * 5, S), X)"),
    case("K210", MISS, _EQX, (", 2, jnp", ", 3, jnp")),
    case("K210-activation", MISS, _EQX, ("jnp.tanh", "jnp.sin")),
    case("K210-weights", HIT, _EQX, ("(jnp.ones(4), 2", "(jnp.zeros(4), 2")),
    case("K211", HIT, _HAIKU),
    case("K211-edited", MISS, _HAIKU, ("(x) * 2", "(x) * 3")),
)
