"""H: hidden inputs. I: side effects of tracing."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Case, bypass, case

_FILE = (
    "import pathlib\nT = pathlib.Path(__file__).with_name('table.txt')\nT.write_text('{}')\n"
    "def f(x):\n with open('table.txt' if False else N) as s: return x * float(s.read())\n"
)
_RANDOM = "import random, secrets, uuid\ndef f(x): return x * 2 if {} is not None else x"
_OWN_HASH = (
    "class Base:\n def __hash__(s): return id(s)\nclass C(Base):\n k = 2\n def __call__(s, x): return x * s.k\n"
    " def __hash__(s): return super().__hash__() ^ hash('a')\nc = C()\ndef f(x): return {}"
)
_TIME = "import time, datetime\ndef f(x): return x * 2 if {} else -x"
_SCOPE = "import inspect\ndef f(x): return x * 2 if {} else -x"


def _package(id: str) -> str:
    return Case(id, OK, {}, {}).package


# Modules that need each other import each other inside of functions; here the other one is loaded already.
_INNER = (
    "from . import late\ndef f(x):\n from .late import scaled\n return scaled(x)\n"
    "=== late.py\nK = 2\ndef scaled(x): return x * K"
)
_INNER_MODULE = (
    "from . import late\ndef f(x):\n from . import late\n return x * late.K * late.scale()\n"
    "=== late.py\nK = 2\nL = 7\ndef scale(): return 4"
)
_INNER_METHOD = (
    "from . import late\nclass M:\n def go(self, x):\n  from .late import C\n  return C().go(x)\nm = M()\n"
    "def f(x): return m.go(x)\n=== late.py\nclass C:\n def go(self, x): return x * 4"
)
_INNER_CLOSURE = (
    "from . import late\ndef f(x):\n from .late import scaled\n def inner(v): return scaled(v)\n return inner(x)\n"
    "=== late.py\nK = 2\ndef scaled(x): return x * K"
)

_NAMES = "S = {'a', 'bb', 'ccc'}\n"
_FIRST = _NAMES + "FIRST = 'a'\n"
CASES = (
    case("H158", bypass("time_read"), _TIME.format("time.time() > 0")),
    case("H158-datetime", bypass("time_read"), _TIME.format("datetime.datetime.now()")),
    case("H158-perf", bypass("time_read"), _TIME.format("time.perf_counter() > 0")),
    case(
        "H158-helper",
        bypass("time_read"),
        "from . import other\ndef f(x): return x * other.g()\n=== other.py\n"
        "from time import monotonic as now\ndef g(): return 2 if now() > 0 else 1",
    ),
    case(
        "H158-hidden",
        bypass("time_read"),
        "import time\nT = {'t': time.time}\ndef f(x): return x * 2 if T['t']() else x",
    ),
    *(
        case(f"H159-{name}", bypass("rng_read", "unknown_object"), _RANDOM.format(call))
        for name, call in {
            "random": "random.random()",
            "numpy": "np.random.rand()",
            "uuid": "uuid.uuid4()",
            "urandom": "os.urandom(2)",
            "secrets": "secrets.token_hex(2)",
            "generator": "np.random.default_rng().random()",
        }.items()
    ),
    case("H159-instance", bypass("rng_read"), "import random\nR = random.Random(0)\ndef f(x): return x * R.random()"),
    case(
        "H161",
        OK,
        "import pathlib\nT = str(pathlib.Path(__file__).with_name('t.txt'))\nopen(T, 'w').write('2')\n"
        "def f(x): return x * float(open(T).read())",
        ("'2'", "'3'"),
    ),
    case(
        "H161-numpy",
        OK,
        "import pathlib\nT = str(pathlib.Path(__file__).with_name('t.npy'))\nnp.save(T, np.float32(2))\n"
        "def f(x): return x * np.load(T)",
        ("(2)", "(3)"),
    ),
    case(
        "H161-path",
        OK,
        "import pathlib\nT = pathlib.Path(__file__).with_name('t.txt')\nT.write_text('2')\n"
        "def f(x): return x * float(T.read_text())",
        ("'2'", "'3'"),
    ),
    case("H162-id", bypass("id_or_hash_read"), "def f(x): return x * 2 if id(f) else x"),
    case("H162-hash", bypass("id_or_hash_read"), "def f(x): return x * 2 if hash('a') is not None else x"),
    case("H162-hash-for-jax", HIT, _OWN_HASH.format("jax.jit(c)(x)")),
    case("H162-hash-for-jax-edited", MISS, _OWN_HASH.format("jax.jit(c)(x)"), ("k = 2", "k = 3")),
    *(
        case(f"H162-hash-{name}", bypass("id_or_hash_read"), _OWN_HASH.format(f"jax.jit(c)(x) * 2 if {asked} else x"))
        for name, asked in {"asked-for": "hash(c)", "method": "c.__hash__()", "of-base": "Base.__hash__(c)"}.items()
    ),
    case(
        "H162-repr",
        bypass("id_or_hash_read"),
        "class C: pass\nc = C()\ndef f(x): return x * 2 if '0x' in repr(c) else x",
    ),
    case(
        "H162-str-format",
        bypass("id_or_hash_read"),
        "class C: pass\nc = C()\ndef f(x): return x * 2 if '0x' in f'{c}' else x",
    ),
    case("H163-stack", bypass("dynamic_scope"), _SCOPE.format("len(inspect.stack())")),
    case("H163-frame", bypass("dynamic_scope"), _SCOPE.format("sys._getframe().f_back is not None")),
    case("H165", bypass("generator_state"), "G = iter([2, 3])\ndef f(x): return x * next(G)", ("[2, 3]", "[4, 3]")),
    case(
        "H165-generator",
        bypass("generator_state", "unknown_object"),
        "G = (i for i in (2, 3))\ndef f(x): return x * next(G)",
        ("(2, 3)", "(4, 3)"),
    ),
    case(
        "H165-count",
        bypass("generator_state"),
        "import itertools\nG = itertools.count(2)\ndef f(x): return x * next(G)",
        ("(2)", "(4)"),
    ),
    case("H167", bypass("hash_order"), "W = {'a': 1, 'b': 1}\ndef f(x): return jnp.stack([x * W[k] for k in set(W)])"),
    case("H167-sorted", HIT, "W = {'a': 1, 'b': 2}\ndef f(x): return jnp.stack([x * W[k] for k in sorted(set(W))])"),
    case("H167-captured-sorted", HIT, _NAMES + "def f(x): return jnp.stack([x * len(k) for k in sorted(S)])"),
    case("H167-captured-counted", HIT, _NAMES + "def f(x): return x * len(S) if S else x"),
    case("H167-captured-compared", HIT, _NAMES + "T = {'a', 'bb'}\ndef f(x): return x * 2 if T <= S else x"),
    case("H167-captured-without", HIT, _NAMES + "def f(x): return x * len(sorted(S - {'a', 'z'})[0])"),
    case("H167-captured-other", MISS, _NAMES + "def f(x): return x * len(S)", ("'bb'", "'bb', 'd'")),
    case(
        "H167-attribute-sorted",
        HIT,
        _NAMES + "c = types.SimpleNamespace(names=S)\ndef f(x): return x * len(sorted(c.names)[0]) * len(c.names)",
    ),
    *(
        case(f"H167-captured-{name}", bypass("hash_order"), _FIRST + f"def f(x):\n  {body}")
        for name, body in {
            "by-key": "return x * (2 if max(S, key=lambda k: 1) == FIRST else 2)",
            "by-alias": "sorted(S); T = S\n  for k in T: return x * (2 if k == FIRST else 2)",
            "by-namesake": "sorted = list\n  return x * (2 if sorted(S)[0] == FIRST else 2)",
            "as-default": "g = lambda s=S: len(s) * len(tuple(s))\n  return x * g()",
            "in-closure": "g = lambda: [*S][0] == FIRST\n  return x * (2 if g() else 2) * len(S)",
        }.items()
    ),
    case("H167-ints", HIT, "S = {1, 2}\ndef f(x): return jnp.stack([x * k for k in S])"),
    case(
        "H167-literal",
        bypass("hash_order"),
        "W = {'a': 1, 'b': 1}\ndef f(x): return jnp.stack([x * W[k] for k in {'a', 'b'}])",
    ),
    case(
        "H167-difference",
        bypass("hash_order"),
        "W = {'a': 1, 'b': 1, 'c': 1}\nV = {'c': 1}\n"
        "def f(x): return jnp.stack([x * W[k] for k in W.keys() - V.keys()])",
    ),
    case(
        "H169",
        bypass("opaque_callable", "unknown_object"),
        "import ctypes\nL = ctypes.CDLL(None)\ndef f(x): return x * L.abs(-2)",
    ),
    case("H170", MISS, "A = np.array([1, 2])\ndef f(x): return x[: A.max()]", ("[1, 2]", "[1, 3]")),
    case("H171", MISS, "W = jnp.float32(2)\ndef f(x): return x * 2 if float(W) > 2 else x", ("(2)", "(3)")),
    case(
        "H173",
        bypass("file_read_untracked"),
        "import pathlib\nT = pathlib.Path(__file__).with_name('m.bin')\nnp.full(4, 2, 'f4').tofile(T)\n"
        "W = np.memmap(T, 'f4', 'r', shape=4)\ndef f(x): return x * W",
        ("(4, 2,", "(4, 3,"),
    ),
    case("H174", bypass("large_captured_const"), "W = np.zeros(17 << 20, 'f4')\ndef f(x): return x + W[:4]"),
    case(
        "H175", OK, "import platform\ndef f(x): return x * 2 if sys.version_info > (3, 8) and os.name == 'posix' else x"
    ),
    case(
        "H160-callable-default",
        bypass("time_read"),
        "import time\ndef f(x, t=time.time): return x * 2 if t() else x\nOPTIONS = {}\nARGS = (X,)\n"
        "g = f\ndef f(x): return g(x)",
    ),
    case(
        "H164-class-hook",
        bypass("time_read"),
        "import time\nclass C:\n def __mul__(s, o): return o * 2 if time.time() else o\nc = C()\ndef f(x): return c * x",
    ),
    case("I177", HIT, "def f(x):\n print(end='')\n return x * 2"),
    case("I177-logging", HIT, "import logging\nL = logging.getLogger('case')\ndef f(x):\n L.info('a')\n return x * 2"),
    case("I177-warning", OK, "import warnings\ndef f(x):\n warnings.warn('a')\n return x * 2"),
    case(
        "I178", bypass("trace_side_effect"), "L = []\ndef f(x):\n L.append(1)\n return x * 2\ndef observe(): return L"
    ),
    case(
        "I179",
        bypass("trace_side_effect"),
        "C = {'n': 0}\ndef f(x):\n C['n'] += 1\n return x * 2\ndef observe(): return C",
    ),
    case(
        "I179-global",
        bypass("trace_side_effect"),
        "n = 0\ndef f(x):\n global n\n n += 1\n return x * 2\ndef observe(): return n",
    ),
    case(
        "I179-self",
        bypass("trace_side_effect"),
        "class C:\n n = 0\n def __call__(s, x):\n  s.n += 1\n  return x * 2\nf = C()\ndef observe(): return f.n",
    ),
    case(
        "I179-class",
        bypass("trace_side_effect"),
        "class C: n = 0\ndef f(x):\n C.n += 1\n return x * 2\ndef observe(): return C.n",
    ),
    case(
        "I179-nonlocal",
        bypass("trace_side_effect"),
        "def m():\n n = 0\n def f(x):\n  nonlocal n\n  n += 1\n  return x * 2\n return f, lambda: n\nf, observe = m()",
    ),
    case(
        "I179-array",
        bypass("trace_side_effect"),
        "A = np.zeros(2)\ndef f(x):\n A[0] += 1\n return x * 2\ndef observe(): return A",
    ),
    case(
        "I180-leak",
        bypass("trace_side_effect", "leaked_tracer"),
        "L = {}\ndef f(x):\n L['x'] = x\n return x * 2\ndef observe(): return [*L]",
    ),
    case(
        "I180-unwalked",
        bypass("trace_side_effect", "unreached_code", "opaque_callable"),
        "import sys\ndef f(x):\n sys.case_attribute = 1\n return x * 2\ndef observe(): return sys.case_attribute",
    ),
    case(
        "I182",
        bypass("trace_side_effect"),
        "M = {}\ndef f(x):\n if x.ndim not in M: M[x.ndim] = 2\n return x * M[x.ndim]\ndef observe(): return M",
    ),
    case("I183", HIT, "@functools.lru_cache\ndef g(n): return n * 2\ndef f(x): return x * g(2)"),
    case(
        "I185",
        HIT,
        "import flax.linen as nn\nm = nn.Dense(2)\nV = {'params': {'kernel': np.ones((4, 2), 'f4'), 'bias': np.ones(2, 'f4')}}\n"
        "def f(x): return m.apply(V, x)\ndef prepare(j): pass",
        ("def prepare(j): pass", "def prepare(j): jax.jit(m.init)(jax.random.key(0), X)"),
    ),
    case("I185b", HIT, "import optax\nS = optax.cosine_decay_schedule(1e-3, 1000)\ndef f(x): return x * S(x.sum())"),
    case(
        "I185b-warm",
        HIT,
        "import optax\nS = optax.cosine_decay_schedule(1e-3, 1000)\ndef f(x): return x * S(x.sum())",
        only_b="S(1)",
    ),
    case(
        "I186",
        bypass("trace_side_effect"),
        "def f(x):\n class N: pass\n jax.tree_util.register_pytree_node(N, lambda n: ((), None), lambda a, c: N())\n return x * 2",
    ),
    case(
        "I187",
        bypass("lazy_import"),
        "def f(x):\n from . import late\n return x * late.K\n=== late.py\nK = 2",
        ("K = 2", "K = 3"),
    ),
    case("I187-of-ones-own", HIT, _INNER),
    case("I187-other-code", MISS, _INNER, ("return x * K", "return x - K")),
    case("I187-other-value", MISS, _INNER, ("K = 2", "K = 3")),
    case("I187-set-from-outside", MISS, _INNER, only_b="late.K = 3"),
    case("I187-replaced", MISS, _INNER, only_b="def scaled(x): return x * 5\nlate.scaled = scaled"),
    case(
        "I187-another-module-of-the-name",
        MISS,
        _INNER,
        only_b="late = types.ModuleType(late.__name__)\nlate.scaled = lambda x: x * 7\nold = sys.modules[late.__name__]\n"
        "sys.modules[late.__name__] = late\ndef undo(): sys.modules[late.__name__] = old",
    ),
    case(
        "I187-not-loaded-any-more",
        MISS,
        _INNER,
        only_b="del sys.modules[late.__name__]",
    ),
    case("I187-absolute", HIT, _INNER.replace("from .late", f"from {_package('I187-absolute')}.late")),
    case(
        "I187-absolute-other-value",
        MISS,
        _INNER.replace("from .late", f"from {_package('I187-absolute-other-value')}.late"),
        ("K = 2", "K = 3"),
    ),
    case("I187-in-a-method", HIT, _INNER_METHOD),
    case("I187-in-a-method-other", MISS, _INNER_METHOD, ("return x * 4", "return x * 5")),
    case("I187-in-a-closure", MISS, _INNER_CLOSURE, ("K = 2", "K = 3")),
    case("I187-renamed", MISS, _INNER.replace("import scaled", "import scaled as other, scaled"), ("K = 2", "K = 3")),
    case(
        "I187-computed-name",
        bypass("lazy_import"),
        "from . import late\ndef f(x):\n from .late import K\n return x * K\n=== late.py\ndef __getattr__(name): return 2",
    ),
    case(
        "I187-module-with-a-say",
        bypass("lazy_import"),
        "from . import late\ndef f(x):\n from .late import K\n return x * K\n=== late.py\nK = 2\n"
        "class M(types.ModuleType):\n def __getattribute__(self, n): return 3 if n == 'K' else super().__getattribute__(n)\n"
        "sys.modules[__name__].__class__ = M",
    ),
    case(
        "I187-importer-replaced",
        MISS,
        _INNER,
        only_b="real, other = builtins.__import__, types.SimpleNamespace(scaled=lambda x: x * 9)\n"
        "def importer(name, *rest): return other if name == 'late' else real(name, *rest)\n"
        "builtins.__import__ = importer\ndef undo(): builtins.__import__ = real",
    ),
    case(
        "I187-module-itself",
        bypass("dynamic_module_attr"),
        "from . import late\ndef f(x):\n from . import late\n return x * getattr(late, 'K' * 1)\n=== late.py\nK = 2",
    ),
    case("I187-module", HIT, _INNER_MODULE),
    case("I187-module-other-value", MISS, _INNER_MODULE, ("K = 2", "K = 3")),
    case("I187-module-unread-value", HIT, _INNER_MODULE, ("L = 7", "L = 8")),
    case("I187-module-other-function", MISS, _INNER_MODULE, ("return 4", "return 5")),
    case("I187-module-set-from-outside", MISS, _INNER_MODULE, only_b="late.scale = lambda: 9"),
    *(
        case(
            f"I187-module-by-its-full-name-{name}",
            MISS,
            f"from . import late\ndef f(x):\n import {_package(f'I187-module-by-its-full-name-{name}')}.late{text}"
            "\n=== late.py\nK = 2",
            ("K = 2", "K = 3"),
        )
        for name, text in (
            ("as", " as m\n return x * m.K"),
            ("whole", f"\n return x * {_package('I187-module-by-its-full-name-whole')}.late.K"),
        )
    ),
    case(
        "I187-module-in-a-nested-function",
        MISS,
        "from . import late\ndef f(x):\n from . import late\n return jax.vmap(lambda v: v * late.K)(x)\n=== late.py\nK = 2",
        ("K = 2", "K = 3"),
    ),
    case(
        "I187-module-by-a-nested-function",
        bypass("dynamic_module_attr"),
        "from . import late\ndef f(x):\n m = None\n def g():\n  nonlocal m\n  from . import late as m\n g()\n"
        " return x * m.K\n=== late.py\nK = 2",
    ),
    case(
        "I187-module-handed-on",
        bypass("dynamic_module_attr"),
        "from . import late\ndef g(m): return m.K\ndef f(x):\n from . import late\n return x * g(late)\n=== late.py\nK = 2",
    ),
    case(
        "I187-module-assigned-to",
        bypass("trace_side_effect"),
        "from . import late\ndef f(x):\n from . import late\n late.K = 3\n return x\n=== late.py\nK = 2\n",
    ),
    *(
        case(
            f"I187-library-{name}",
            MISS,
            f"import {module}\n{module}.case = 2\ndef f(x):\n {statement}\n return x * {value}\n"
            f"def undo(): del {module}.case",
            (".case = 2", ".case = 3"),
        )
        for name, module, statement, value in (
            ("sys", "sys", "import sys", "sys.case"),
            ("logging", "logging", "import logging as log", "log.case"),
            ("from-logging", "logging", "from logging import case", "case"),
            ("optax", "optax", "import optax", "optax.case"),
            ("from-optax", "optax", "from optax import case as k", "k"),
        )
    ),
    case("I187-library", HIT, "import optax\ndef f(x):\n import optax\n return x * optax.global_norm(x)"),
    case(
        "I187-library-object",
        MISS,
        "np.case = np.ones(3)\ndef f(x):\n import numpy\n return x * numpy.case[0]\ndef undo(): del np.case",
        ("ones(3)", "zeros(3)"),
    ),
    case("I187-clock", bypass("time_read"), "def f(x):\n import time\n return x * (1 + 0 * time.time())"),
    case(
        "I187-clock-class", bypass("time_read"), "def f(x):\n from datetime import date\n return x * date.today().day"
    ),
    case(
        "I187-working-directory", bypass("file_read_untracked"), "def f(x):\n import os\n return x * len(os.getcwd())"
    ),
    case(
        "I187-set",
        bypass("hash_order"),
        "from . import late\ndef f(x):\n from .late import S\n return x * sum(len(k) for k in S)\n"
        "=== late.py\nS = {'a', 'bcd', 'ef', 'ghij'}",
    ),
    case("I187-loaded", OK, "def f(x):\n import math\n return x * math.floor(2.5)"),
    case("I190", OK, "def f(x): raise ValueError('no')"),
    case("I190-second", OK, "def f(x): return x * 2", ("return x * 2", "raise ValueError('no')")),
)
