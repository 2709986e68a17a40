"""In the gaps of E, G and K: the many ways in which JAX is handed functions."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_LOWERED = (
    "def f(x): return x * 2\ndef wrap(jit):\n j = jit(f)\n"
    " return lambda x: j.lower(jax.ShapeDtypeStruct((4,), 'f4')).compile()(x)"
)
_SYMBOLIC = (
    "import jax.export\ndef f(x): return x * 2\ndef wrap(jit):\n j = jit(f)\n"
    " S = jax.ShapeDtypeStruct(jax.export.symbolic_shape('b'), np.dtype('f4'))\n"
    " return lambda x: jax.export.export(j)(S).call(x)"
)
_CALLBACK = "def f(x):\n {}\n return x * 2"
_CHECKED = (
    "from jax.experimental import checkify\ndef g(x):\n checkify.check(x[0] < {}, 'large')\n return x * 2\n"
    "def wrap(jit):\n j = jit(checkify.checkify(g))\n def call(x):\n  e, y = j(x)\n  return y, len(e.get() or '')\n"
    " return call"
)
_KERNEL = (
    "class Constant:\n def __init__(s, value): s.value = value\nBLOCK = Constant(2)\n"
    "class Kernel:\n def __init__(s, fn): s.fn = fn\n def __getitem__(s, grid): return lambda x: s.fn(x) * grid\n"
    "@Kernel\ndef kernel(x): return x * BLOCK.value\ndef f(x): return kernel[4](x)"
)
_SOLVE = (
    "def g(a): return jax.lax.custom_linear_solve(lambda v: v * a, X, lambda m, b: b / (a * 2))\ndef f(x): return g(x)"
)
_NNX = (
    "from flax import nnx\nclass M(nnx.Module):\n def __init__(s): s.n = nnx.Variable(jnp.zeros(()))\n"
    " def __call__(s, x):\n  s.n[...] += 1\n  return x * 2\nm = M()\ndef observe(): return float(m.n[...])\n"
)
_NNX_SPLIT = (
    _NNX + "def f(g, s, x):\n m = nnx.merge(g, s)\n y = m(x)\n return nnx.state(m), y\n"
    "def wrap(jit):\n j = jit(f, static_argnums=0)\n def call(x):\n  g, s = nnx.split(m)\n  s, y = j(g, s, x)\n"
    "  nnx.update(m, s)\n  return y\n return call"
)
_NNX_JIT = (
    _NNX + "old = jax.jit\ndef undo(): jax.jit = old\ndef wrap(jit):\n jax.jit = jit\n j = nnx.jit(lambda m, x: m(x))\n"
    " return lambda x: j(m, x)"
)
_PRIMITIVE = (
    "from jax.extend.core import Primitive\nfrom jax.interpreters import ad, batching, mlir\np = Primitive('gap_{0}')\n"
    "p.def_abstract_eval(lambda x: x)\nmlir.register_lowering(p, mlir.lower_fun(lambda x: x * 2, multiple_results=False))\n"
    "ad.primitive_jvps[p] = lambda v, t: (p.bind(*v), t[0] * 4)\n"
    "batching.primitive_batchers[p] = lambda v, d: (p.bind(v[0]) * 6, d[0])\ndef f(x): return {1}"
)
_DONATED = "W = jnp.ones(4)\ndef f(w): return w * W\nOPTIONS = {'donate_argnums': 0}\nARGS = (W,)"


def _taken(id: str, use: str, function: str = "x * 2", edit: tuple[str, str] = ("* 2", "* 3")) -> object:
    """A function of the user that is handed to JAX as ``g``."""
    return case(id, MISS, f"def g(x, *_): return {function}\ndef f(x): return {use}", edit)


CASES = (
    case("E120-keys-of-a-dict", MISS, "def f(d): return d\nARGS = ({1: X},)", ("{1:", "{2:")),
    case("E120-half", MISS, "def f(x): return x * 2\nARGS = (jnp.ones(4, 'float16'),)", ("'float16'", "'bfloat16'")),
    case("E120-empty", MISS, "def f(x): return x * 2\nARGS = (np.ones((0, 3)),)", ("(0, 3)", "(3, 0)")),
    case("E124-donated-and-captured", OK, _DONATED, ("w * W", "w + W")),
    case("E124-within-vmap", OK, "def f(x): return x * 2\ndef wrap(jit): return jax.vmap(jit(f))", ("* 2", "* 3")),
    case(
        "E124-within-grad",
        OK,
        "def f(x): return (x * 2).sum()\ndef wrap(jit): return jax.grad(jit(f))",
        ("* 2", "* 3"),
    ),
    case(
        "E128-committed-capture",
        OK,
        "W = jax.device_put(jnp.ones(4))\ndef f(x): return x * W",
        ("jnp.ones(4)", "jnp.ones(4), jax.devices()[0]"),
    ),
    case("E128-captured-elsewhere", OK, "W = jax.device_put(jnp.ones(4), jax.devices()[1])\ndef f(x): return x * W"),
    case("E129", OK, _LOWERED, ("* 2", "* 3")),
    case("E129-symbolic", OK, _SYMBOLIC, ("* 2", "* 3")),
    case("E132-no-arguments", MISS, "def f(): return jnp.ones(4) * 2\nARGS = ()", ("* 2", "* 3")),
    case(
        "E132-variadic",
        MISS,
        "def f(*x): return [v * i for i, v in enumerate(x)]\nARGS = (X, X)",
        ("(X, X)", "(X, X, X)"),
    ),
    case(
        "G156-axis-name",
        MISS,
        "def f(x): return jax.vmap(lambda v: jax.lax.psum(v, 'i') * 2, axis_name='i')(x)",
        ("* 2", "* 3"),
    ),
    case(
        "G156-shard-map",
        MISS,
        "M = jax.make_mesh((2,), ('a',))\ndef g(x): return x * 2\n"
        "def f(x): return jax.shard_map(g, mesh=M, in_specs=jax.P(), out_specs=jax.P('a'))(x)",
        ("* 2", "* 3"),
    ),
    # Flax itself refuses to change what belongs to another trace.
    case("I181", OK, _NNX + "def f(x): return m(x)"),
    case("I181-split", HIT, _NNX_SPLIT),
    case("I181-nnx-jit", OK, _NNX_JIT),
    case(
        "I184-configuration-in-trace",
        bypass("trace_side_effect"),
        "old = jax.config.jax_softmax_custom_jvp\ndef f(x):\n jax.config.update('jax_softmax_custom_jvp', True)\n return x * 2\n"
        "def observe(): return jax.config.jax_softmax_custom_jvp\ndef undo(): jax.config.update('jax_softmax_custom_jvp', old)",
    ),
    case("I189", OK, _CHECKED.format(9), ("def g", "\n\n\ndef g")),
    case("I189-fails", OK, _CHECKED.format(0), ("large", "larger")),
    case("K204-rule-of-lowering", MISS, _PRIMITIVE.format("a", "p.bind(x)"), ("* 2", "* 3")),
    case("K204-rule-of-derivative", MISS, _PRIMITIVE.format("b", "jax.jvp(p.bind, (x,), (x,))"), ("* 4", "* 5")),
    case("K204-rule-of-batching", MISS, _PRIMITIVE.format("c", "jax.vmap(p.bind)(x)"), ("* 6", "* 7")),
    case("K204-rules-of-scan", MISS, _PRIMITIVE.format("d", "jax.lax.map(p.bind, x)"), ("* 2", "* 3")),
    case("K206", MISS, _KERNEL, ("Constant(2)", "Constant(3)")),
    case("K206-rebound", MISS, _KERNEL, only_b="BLOCK.value = 5"),
    *(
        case(f"K208-{name}", bypass("host_callback", "effects"), _CALLBACK.format(call))
        for name, call in {
            "pure-callback": "x = jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct((4,), 'f4'), x)",
            "debug-print": "jax.debug.print('')",
            "debug-callback": "jax.debug.callback(lambda v: None, x)",
            "io-callback": "jax.experimental.io_callback(lambda v: None, None, x)",
        }.items()
    ),
    case(
        "K208-policy",
        MISS,
        "def g(x): return jnp.sin(x @ x).sum()\nP = jax.checkpoint_policies.dots_saveable\n"
        "def f(x): return jax.grad(jax.checkpoint(g, policy=P))(x)",
        ("dots_saveable", "nothing_saveable"),
    ),
    case(
        "K208-policy-of-the-user",
        MISS,
        "def g(x): return jnp.sin(x @ x).sum()\ndef P(p, *_, **k): return False\n"
        "def f(x): return jax.grad(jax.checkpoint(g, policy=P))(x)",
        ("return False", "return True"),
    ),
    case(
        "K208-associative-scan",
        MISS,
        "def f(x): return jax.lax.associative_scan(lambda a, b: a * 2 + b, x)",
        ("* 2", "* 3"),
    ),
    _taken("K208-switch", "jax.lax.switch(1, [jnp.sin, g], x)"),
    _taken("K208-fori", "jax.lax.fori_loop(0, 2, lambda i, v: g(v), x)"),
    _taken("K208-map", "jax.lax.map(g, x)"),
    _taken("K208-linearize", "jax.linearize(g, x)[1](x)"),
    _taken("K208-jacobian", "jax.jacfwd(g)(x)"),
    case(
        "K208-reduce",
        MISS,
        "def f(x): return jax.lax.reduce(x, np.float32(0), lambda a, b: a + b * 2, (0,))",
        ("* 2", "* 3"),
    ),
    _taken("K208-eval-shape", "x * jax.eval_shape(g, x).shape[0]", "x[:2]", ("[:2]", "[:3]")),
    _taken("K208-platform-dependent", "jax.lax.platform_dependent(x, cpu=g, default=jnp.sin)"),
    _taken("K208-piecewise", "jnp.piecewise(x, [x < 2], [g, 0.0])"),
    _taken("K208-apply-along-axis", "jnp.apply_along_axis(g, 0, x)"),
    _taken("K208-closure-convert", "jax.closure_convert(g, x)[0](x)"),
    _taken(
        "K208-custom-gradient",
        "jax.grad(lambda v: jax.custom_gradient(lambda u: (g(u), lambda t: (t * 5,)))(v).sum())(x)",
        edit=("t * 5", "t * 7"),
    ),
    _taken("K208-linear-transpose", "jax.linear_transpose(g, x)(x)[0]"),
    case("K208-custom-linear-solve", MISS, _SOLVE, ("a * 2", "a * 3")),
    case(
        "K208-compile-time",
        MISS,
        "W = jnp.arange(4)\ndef f(x):\n with jax.ensure_compile_time_eval(): n = int(W.sum())\n return x * n",
        ("(4)", "(5)"),
    ),
    case(
        "K208-exported",
        OK,
        "import jax.export\nE = jax.export.export(jax.jit(lambda x: x * 2))(X)\ndef f(x): return E.call(x)",
        ("* 2", "* 3"),
    ),
    case(
        "K208-sparse",
        OK,
        "from jax.experimental import sparse\nB = sparse.BCOO.fromdense(jnp.eye(4) * 2)\ndef f(x): return B @ x",
        ("* 2", "* 3"),
    ),
    case(
        "K212-named-call",
        MISS,
        "def g(x): return x * 2\ndef f(x): return jax.named_call(g, name='a')(x)",
        ("* 2", "* 3"),
    ),
    case(
        "K212-optax-chain",
        MISS,
        "import optax\nT = optax.chain(optax.clip(2.0), optax.sgd(0.1))\ndef f(g): return T.update(g, T.init(g))[0]",
        ("2.0", "3.0"),
    ),
    case(
        "K212-flax-activation",
        MISS,
        "import flax.linen as nn\nclass M(nn.Module):\n act: object = jnp.tanh\n @nn.compact\n"
        " def __call__(s, x): return s.act(nn.Dense(2)(x))\nm = M()\nW = m.init(jax.random.key(0), X)\ndef f(w, x): return m.apply(w, x)\nARGS = (W, X)",
        ("jnp.tanh", "jnp.sin"),
    ),
)

_SIGMOID = "import jax._src.nn.functions as F\nold = F.sigmoid\n{}F.sigmoid = {}\ndef undo(): F.sigmoid = old"
_CALLABLE = "class C:\n def __call__(s, x): return x * 3\n"
_RULE = "from jax._src.interpreters import ad, batching, mlir\nfrom jax._src.lax import lax\nT = {0}\nold = T[lax.sin_p]\nT[lax.sin_p] = {1}\ndef undo(): T[lax.sin_p] = old"
_SINE_TWICE = "lambda p, t, accuracy: (lax.sin_p.bind(*p, accuracy=accuracy), t[0] * 5)"


def _patched(id: str, program: str, patch: str) -> object:
    return case(id, MISS, program, only_b=patch)


PATCHES = (
    _patched("C78-instance", "def f(x): return jax.nn.silu(x)", _SIGMOID.format(_CALLABLE, "C()")),
    _patched("C78-bound-method", "def f(x): return jax.nn.silu(x)", _SIGMOID.format(_CALLABLE, "C().__call__")),
    _patched(
        "C78-partial",
        "def f(x): return jax.nn.silu(x)",
        _SIGMOID.format("", "functools.partial(lambda k, x: x * k, 3)"),
    ),
    _patched("C78-jitted", "def f(x): return jax.nn.silu(x)", _SIGMOID.format("", "jax.jit(lambda x: x * 3)")),
    _patched("C78-custom", "def f(x): return jax.nn.silu(x)", _SIGMOID.format("", "jax.custom_jvp(lambda x: x * 3)")),
    _patched(
        "C78-memo", "def f(x): return jax.nn.silu(x)", _SIGMOID.format("", "functools.lru_cache(lambda x: x * 3)")
    ),
    _patched(
        "C78-rule",
        "def f(x): return jax.grad(lambda v: jnp.sin(v).sum())(x)",
        _RULE.format("ad.primitive_jvps", _SINE_TWICE),
    ),
    _patched(
        "C78-batcher",
        "def f(x): return jax.vmap(jnp.sin)(x)",
        _RULE.format("batching.fancy_primitive_batchers", "lambda *a, **k: (a[-2][0] * 3, a[-1][0])"),
    ),
    _patched(
        "C78-lowering",
        "def f(x): return jnp.sin(x)",
        _RULE.format("mlir._lowerings", "old").replace(
            "T[lax.sin_p] = old\ndef",
            "mlir.register_lowering(lax.sin_p, mlir.lower_fun(lambda x, **k: x * 3, multiple_results=False))\ndef",
        ),
    ),
)
CASES += PATCHES
