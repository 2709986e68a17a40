"""S18: inner calls. What one function of a process has a jitted function traced to may serve the others that call it."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_WRAP = "def wrap(jit):\n global JIT, G\n JIT, G = jit, jit(body)\n return jit(f)\n"
_CALLS = _WRAP + "def f(x): return G(x) + 1\ndef other(x): return G(x) * 3\n"
_TOP = "def wrap(jit):\n global JIT, G\n JIT, G = jit, jit(body)\n return G\ndef other(x): return G(x) * 3\n"
_BODY = "K = 5\ndef helper(x): return x * K\ndef body(x): return helper(x) - 1\n"
# Holds a generator, so that it gets no key.
_KEYLESS = "GENERATOR = (n for n in range(3))\ndef keyless(x): return (GENERATOR, G(x) * 3)[1]\n"
_OTHER_FIRST = "def prepare(j): JIT(other)(X)\n"
_KEYLESS_FIRST = "def prepare(j): JIT(keyless)(X)\n"
_OLDER = "def prepare(j):\n global K\n K = 1\n JIT({0})(X)\n K = 5\n"
_FOR_A_WHILE = "def prepare(j): JIT(meddling)(X)\ndef meddling(x):\n global K\n K = 1\n y = G(x)\n K = 5\n return y\n"
_ENVIRONMENT = (
    "os.environ['CASE_S18'] = '5'\ndef helper(): return int(os.environ['CASE_S18'])\ndef body(x): return x * helper()\n"
)
_OLDER_ENVIRONMENT = "def prepare(j):\n os.environ['CASE_S18'] = '1'\n JIT({0})(X)\n os.environ['CASE_S18'] = '5'\n"
_RULE = (
    "K = 5\n@jax.custom_jvp\ndef g(x): return x * 2\ng.defjvp(lambda p, t: (g(p[0]), t[0] * slope()))\n"
    "def slope(): return K\ndef body(x): return g(x).sum()\n"
    + _WRAP
    + "def f(x): return jax.grad(G)(x) + 1\ndef other(x): return jax.grad(G)(x) * 3\n"
    "def late(x):\n global K\n y = jax.grad(lambda x: jax.lax.cond(True, G, G, x))(x)\n return y\n"
)
_MEMO = "@functools.lru_cache\ndef table(): return helper()\nK = 5\ndef helper(): return K\ndef body(x): return x * table()\n"
_LIST = "L = []\ndef body(x):\n L.append(1)\n return x * len(L)\n"
_KEYS = "def body(x): return x + jax.random.key_data(jax.random.key(3)).size\n"
_ROUNDS = (
    "def prepare(j): JIT(meddling)(X)\ndef meddling(x):\n before = jax.config.jax_default_prng_impl\n"
    " jax.config.update('jax_default_prng_impl', 'rbg')\n y = G(x)\n"
    " jax.config.update('jax_default_prng_impl', before)\n return y\n"
)
_SILU = "def body(x): return jax.nn.silu(x) * 2\n"
_PATCH = (
    "import jax._src.nn.functions as functions\ndef prepare(j): JIT(meddling)(X)\ndef meddling(x):\n"
    " before = functions.sigmoid\n functions.sigmoid = functions.relu\n y = G(x)\n functions.sigmoid = before\n return y\n"
)
_STATIC = (
    "@functools.partial(jax.named_call, name='n')\ndef scale(x, n): return x * (2 if n[0] is True else 3)\n"
    "def body(x, n): return scale(x, n)\n"
    "def wrap(jit):\n global JIT, G\n JIT, G = jit, jit(body, static_argnums=(1,))\n return jit(f)\n"
    "def f(x): return G(x, (1,)) + 1\ndef other(x): return G(x, (True,))\n"
)
_AXIS = "def body(x): return jnp.sum(x.reshape(2, 2), axis=A)\nA = 1\n"
_SCAN = (
    "K = 5\ndef step(c, _): return c * K, None\ndef body(x): return jax.lax.scan(step, x, None, 2)[0]\n"
    + _CALLS
    + "def same_step(x):\n global K\n K = 1\n y = jax.lax.scan(step, x, None, 2)[0]\n K = 5\n return y + G(x)\n"
)
_FAILS = (
    "BROKEN = []\ndef helper(x): return x * 2\ndef body(x):\n y = helper(x)\n if BROKEN: raise ValueError('broken')\n"
    " return y\n"
)

CASES = (
    case("S18", HIT, _BODY + _CALLS, only_a=_OTHER_FIRST),
    case("S18-edited", MISS, _BODY + _CALLS, ("x * K", "x + K"), only_a=_OTHER_FIRST),
    case("S18-global-edited", MISS, _BODY + _CALLS, ("K = 5", "K = 6"), only_a=_OTHER_FIRST),
    case("S18-keyless", HIT, _BODY + _CALLS + _KEYLESS, only_a=_KEYLESS_FIRST),
    case("S18-keyless-edited", MISS, _BODY + _CALLS + _KEYLESS, ("x * K", "x + K"), only_a=_KEYLESS_FIRST),
    case("S18-top-first", HIT, _BODY + _CALLS, only_a="def prepare(j): G(X)"),
    case("S18-top-first-edited", MISS, _BODY + _CALLS, ("x * K", "x + K"), only_a="def prepare(j): G(X)"),
    case("S18-top-last", HIT, _BODY + _TOP, only_a=_OTHER_FIRST),
    case("S18-top-last-edited", MISS, _BODY + _TOP, ("x * K", "x + K"), only_a=_OTHER_FIRST),
    case("S18-top-last-older", HIT, _BODY + _TOP, only_a=_OLDER.format("other")),
    case("S18-older", HIT, _BODY + _CALLS, only_a=_OLDER.format("other")),
    case("S18-older-keyless", HIT, _BODY + _CALLS + _KEYLESS, only_a=_OLDER.format("keyless")),
    case("S18-for-a-while", HIT, _BODY + _CALLS, only_a=_FOR_A_WHILE),
    case("S18-top-last-for-a-while", HIT, _BODY + _TOP, only_a=_FOR_A_WHILE),
    case("S18-step-for-a-while", HIT, _SCAN, only_a="def prepare(j): JIT(same_step)(X)"),
    case("S18-step-edited", MISS, _SCAN, ("c * K, None\ndef body", "c + K, None\ndef body"), only_a=_OTHER_FIRST),
    case("S18-environment", HIT, _ENVIRONMENT + _CALLS, only_a=_OLDER_ENVIRONMENT.format("other")),
    case("S18-environment-edited", MISS, _ENVIRONMENT + _CALLS, ("= '5'", "= '6'"), only_a=_OTHER_FIRST),
    case("S18-environment-keyless", HIT, _ENVIRONMENT + _CALLS + _KEYLESS, only_a=_OLDER_ENVIRONMENT.format("keyless")),
    case(
        "S18-environment-keyless-edited",
        MISS,
        _ENVIRONMENT + _CALLS + _KEYLESS,
        ("= '5'", "= '6'"),
        only_a=_KEYLESS_FIRST,
    ),
    case("S18-rule", HIT, _RULE, only_a=_OTHER_FIRST),
    case("S18-rule-older", HIT, _RULE, only_a=_OLDER.format("other")),
    case("S18-rule-older-late", HIT, _RULE, only_a=_OLDER.format("late")),
    case("S18-rule-eager", MISS, _RULE, ("return K", "return K + 1"), only_a="def prepare(j): jax.grad(G)(X)"),
    case("S18-rule-edited", MISS, _RULE, ("return K", "return K + 1"), only_a=_OTHER_FIRST),
    case("S18-memo", MISS, _MEMO + _CALLS, ("return K", "return K + 1"), only_a=_OTHER_FIRST),
    case("S18-memo-keyless", OK, _MEMO + _CALLS + _KEYLESS, only_a=_OLDER.format("keyless")),
    case("S18-effect", bypass("trace_side_effect"), _LIST + _CALLS),
    case("S18-configured-for-a-while", HIT, _KEYS + _CALLS, only_a=_ROUNDS),
    case("S18-patched-for-a-while", HIT, _SILU + _CALLS, only_a=_PATCH),
    case("S18-equal-static", HIT, _STATIC, only_a=_OTHER_FIRST),
    case("S18-equal-static-of-jax", HIT, _AXIS + _CALLS, only_a="def prepare(j):\n global A\n A = -1\n G(X)\n A = 1\n"),
    case(
        "S18-fails",
        MISS,
        _FAILS + _CALLS,
        ("x * 2", "x * 3"),
        only_a=("def prepare(j):\n BROKEN.append(1)\n try: JIT(other)(X)\n except ValueError: pass\n BROKEN.clear()\n"),
    ),
)
