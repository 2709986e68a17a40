"""S: shared contexts. What an earlier trace left in JAX's caches may serve a later one that could read the same."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

# On another device, so that the call is another one, of which a trace sees the same.
_FAR = "def far(x): return jax.device_put(x, jax.devices()[1])\n"
_FIRST = _FAR + "def prepare(j): j(far(X))\n"
_POISON = _FAR + "def prepare(j):\n global K\n K = 1\n j(far(X))\n K = 5\n"
_OUTER = (
    "def helper(x): return x * 2\ndef spare(x): return x * 7\n@jax.jit\ndef g(x): return helper(x)\n"
    "def f(x): return g(x) + g(x + 1) if X is not None else spare(x)\n"
)
_GLOBAL = "K = 5\n@jax.jit\ndef g(x): return x * K\ndef f(x): return g(x) + 1\n"
_SCAN = "K = 5\ndef body(c, _): return c * K, None\ndef f(x): return jax.lax.scan(body, x, None, 2)[0]\n"
_VJP = (
    "K = 5\n@jax.custom_vjp\ndef g(x): return x * K\ng.defvjp(lambda x: (g(x), None), lambda r, t: (t * K,))\n"
    "f = jax.grad(lambda x: g(x).sum())\n"
)
_LIST = "L = [5]\n@jax.jit\ndef g(x): return x * len(L) * L[0]\ndef f(x): return g(x)\n"
# The inner trace does not depend on the argument: a trace of other shapes leaves it in the caches, too.
_INNER = "K = 5\n@jax.jit\ndef g(x): return x * K\ndef f(x): return g(jnp.ones(4)) + x.sum()\n"
_FOR_A_WHILE = (
    "FLAG = [1]\ndef wrap(jit):\n global JIT, INNER\n JIT, INNER = jit, jit(f)\n return INNER\n"
    "def f(x): return x * FLAG[0]\n"
    "def outer(x):\n FLAG[0] = 3\n y = INNER(x)\n FLAG[0] = 1\n return y\n"
)
_ENVIRONMENT = (
    "os.environ['CASE_S07'] = '5'\ndef helper(): return int(os.environ['CASE_S07'])\n"
    "@jax.jit\ndef g(x): return x * helper()\ndef f(x): return g(x)\n"
)
_STATIC = (
    "OPTIONS = {'static_argnums': (1,)}\nARGS = (X, (1,))\n"
    "@functools.partial(jax.jit, static_argnums=(1,))\ndef g(x, n): return x * (2 if n[0] is True else 3)\n"
    "def f(x, n): return g(x, n)\n"
)
_BY_SHAPE = (
    "@functools.partial(jax.jit, static_argnums=(1,))\ndef g(x, n): return x * (2 if n[0] is True else 3)\n"
    "def f(x): return g(jnp.ones(4), (True,) if x.shape == (2,) else (1,)) + x.sum()\n"
)
_UNREACHED = (
    "def h(x): return x * 2\nme = sys.modules[__name__]\ns = 'h'\n"
    "@jax.jit\ndef g(x): return getattr(me, s + '')(x)\ndef f(x): return g(x)\n"
)
_THREADS = (
    _FAR + "def prepare(j):\n barrier = threading.Barrier(3)\n"
    " def call(n):\n  barrier.wait(60)\n  j(jax.device_put(X, jax.devices()[n]))\n"
    " threads = [threading.Thread(target=call, args=(n,)) for n in (1, 2, 3)]\n"
    " [t.start() for t in threads]\n [t.join() for t in threads]\n"
)
_MADE = (
    "def helper(x): return x * 2\ndef make():\n @jax.jit\n def g(x): return helper(x)\n"
    " def f(x): return g(x)\n return f\n"
    "def wrap(jit):\n global JIT\n JIT = jit\n return jit(make())\n"
)
_MEMO = "@functools.lru_cache\ndef table(): return helper()\ndef helper(): return 2\ndef f(x): return x * table()\n"
_FAILS = (
    "def helper(x): return x * 2\n@jax.jit\ndef g(x): return helper(x)\nBROKEN = []\n"
    "def f(x):\n y = g(x)\n if BROKEN: raise ValueError('broken')\n return y\n"
)
# Its lowering traces a jitted function.
_PRIMITIVE = (
    "from jax.extend.core import Primitive\nfrom jax.interpreters import mlir\nK = 5\n"
    "@jax.jit\ndef g(x): return x * K\nP = Primitive('case_s17')\nP.def_abstract_eval(lambda aval: aval)\n"
    "mlir.register_lowering(P, mlir.lower_fun(lambda x: g(x), multiple_results=False))\ndef f(x): return P.bind(x)\n"
)
_SHAPE = "def prepare(j): jax.devices(); j.eval_shape(X)\n"
_DIRTY = "K = 5\nSEEN = []\n@jax.jit\ndef g(x): return x * K\ndef f(x):\n if not SEEN: SEEN.append(1)\n return g(x)\n"

CASES = (
    case("S01", HIT, _OUTER, only_a=_FIRST),
    case("S01-unrun", HIT, _OUTER, ("x * 7", "x * 8"), only_a=_FIRST),
    case("S01-inner-helper", MISS, _OUTER, ("x * 2", "x * 3"), only_a=_FIRST),
    case("S01-inner", MISS, _OUTER, ("return helper(x)", "return helper(x) + 1"), only_a=_FIRST),
    case("S02-global", HIT, _GLOBAL, only_a=_POISON),
    case("S02-global-edited", MISS, _GLOBAL, ("K = 5", "K = 6"), only_a=_POISON),
    case(
        "S02-global-back",
        HIT,
        _GLOBAL,
        only_a=_FAR
        + "def prepare(j):\n global K\n j(far(X))\n K = 1\n j(jax.device_put(X, jax.devices()[2]))\n K = 5\n",
    ),
    case("S03-scan", HIT, _SCAN, only_a=_POISON),
    case("S03-scan-edited", MISS, _SCAN, ("c * K", "c + K"), only_a=_FIRST),
    case("S04-rule", HIT, _VJP, only_a=_POISON),
    case("S05-list", HIT, _LIST, only_a=_FAR + "def prepare(j):\n L[:] = [1, 2]\n j(far(X))\n L[:] = [5]\n"),
    case("S06-for-a-while", HIT, _FOR_A_WHILE, only_a="def prepare(j): JIT(outer)(X)"),
    case("S06-far", HIT, _FOR_A_WHILE, only_a=_FAR + "def prepare(j): JIT(outer)(far(X))"),
    case(
        "S07-environment",
        HIT,
        _ENVIRONMENT,
        only_a=_FAR + "def prepare(j):\n os.environ['CASE_S07'] = '1'\n j(far(X))\n os.environ['CASE_S07'] = '5'\n",
    ),
    case("S07-environment-same", MISS, _ENVIRONMENT, ("= '5'", "= '6'"), only_a=_FIRST),
    case("S08-equal-static", OK, _STATIC, only_a=_FAR + "def prepare(j): j(far(X), (True,))"),
    case("S08-equal-by-shape", HIT, _BY_SHAPE, only_a=_FAR + "def prepare(j): j(far(X[:2]))"),
    case("S09-unreached", bypass("dynamic_module_attr", "unreached_code", "dynamic_scope"), _UNREACHED, only_a=_FIRST),
    case("S10-threads", HIT, _OUTER, only_a=_THREADS),
    case("S10-threads-edited", MISS, _OUTER, ("x * 2", "x * 3"), only_a=_THREADS),
    case("S11-another-of-the-kind", HIT, _MADE, only_a=_FAR + "def prepare(j): JIT(make())(far(X))"),
    case("S11-edited", MISS, _MADE, ("x * 2", "x * 3"), only_a=_FAR + "def prepare(j): JIT(make())(far(X))"),
    case("S12-memo", MISS, _MEMO, ("return 2", "return 3"), only_a=_FIRST),
    case(
        "S13-fails",
        MISS,
        _FAILS,
        ("x * 2", "x * 3"),
        only_a=_FAR
        + "def prepare(j):\n BROKEN.append(1)\n try: j(far(X))\n except ValueError: pass\n BROKEN.clear()\n",
    ),
    case(
        "S14-dirty",
        bypass("trace_side_effect"),
        _DIRTY + "def prepare(j): SEEN.clear(); j(jax.device_put(X, jax.devices()[1])); SEEN.clear()",
    ),
    case(
        "S15-lowered-between",
        HIT,
        _INNER,
        only_a=_FAR + "def prepare(j):\n global K\n j(far(X))\n jax.clear_caches()\n K = 1\n j.lower(X[:2])\n K = 5\n",
    ),
    case(
        "S15-explained-between",
        HIT,
        _INNER,
        only_a=_FAR + "def prepare(j):\n global K\n j(far(X))\n jax.clear_caches()\n K = 1\n"
        " with jax.explain_cache_misses(True): j(X[:2])\n K = 5\n",
    ),
    case(
        "S16-cleared", MISS, _OUTER, ("x * 2", "x * 3"), only_a=_FAR + "def prepare(j): j(far(X)); jax.clear_caches()"
    ),
    case(
        "S16-cleared-inner",
        MISS,
        _OUTER,
        ("x * 2", "x * 3"),
        only_a=_FAR + "def prepare(j): j(far(X)); g.clear_cache()",
    ),
    case("S17-shape-first", HIT, _OUTER, only_a=_SHAPE),
    case("S17-struct-first", HIT, _OUTER, only_a="def prepare(j): jax.eval_shape(j, jax.ShapeDtypeStruct((4,), 'f4'))"),
    case("S17-shape-first-unrun", HIT, _OUTER, ("x * 7", "x * 8"), only_a=_SHAPE),
    case("S17-shape-first-edited", MISS, _OUTER, ("x * 2", "x * 3"), only_a=_SHAPE),
    case("S17-lowered-first", HIT, _OUTER, only_a="def prepare(j): j.lower(X).compile()"),
    case("S17-lowered-first-edited", MISS, _OUTER, ("x * 2", "x * 3"), only_a="def prepare(j): j.lower(X).compile()"),
    case("S17-older-global", HIT, _GLOBAL, only_a="def prepare(j):\n global K\n K = 1\n j.eval_shape(X)\n K = 5\n"),
    case("S17-older-inner", HIT, _INNER, only_a="def prepare(j):\n global K\n K = 1\n j.eval_shape(X[:2])\n K = 5\n"),
    case(
        "S17-older-lowering",
        HIT,
        _PRIMITIVE,
        only_a="def prepare(j):\n global K\n jax.devices()\n t = j.trace(X)\n K = 1\n t.lower()\n K = 5\n",
    ),
    case(
        "S17-older-environment",
        HIT,
        _ENVIRONMENT,
        only_a="def prepare(j):\n os.environ['CASE_S07'] = '1'\n j.eval_shape(X)\n os.environ['CASE_S07'] = '5'\n",
    ),
    case("S17-environment", MISS, _ENVIRONMENT, ("= '5'", "= '6'"), only_a=_SHAPE),
    case("S17-for-a-while", HIT, _FOR_A_WHILE, only_a="def prepare(j): JIT(outer).eval_shape(X)"),
    case("S17-unreached", bypass("dynamic_module_attr", "unreached_code", "dynamic_scope"), _UNREACHED + _SHAPE),
    case(
        "S17-dirty", bypass("trace_side_effect"), _DIRTY + "def prepare(j): SEEN.clear(); j.eval_shape(X); SEEN.clear()"
    ),
    # Not MISS: in the second process of A, too, the memo is filled when the call comes, and nobody knows from what.
    case("S17-memo", OK, _MEMO, ("return 2", "return 3"), only_a=_SHAPE),
    case("S17-other-shape", HIT, _BY_SHAPE, only_a="def prepare(j): j.eval_shape(X[:2])"),
    case(
        "S17-fails",
        MISS,
        _FAILS,
        ("x * 2", "x * 3"),
        only_a="def prepare(j):\n BROKEN.append(1)\n try: j.eval_shape(X)\n except ValueError: pass\n BROKEN.clear()\n",
    ),
)
