"""C: classes and objects."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_CLASS = "class C:\n a = 2\n def g(s, x): return x * s.a\nc = C()\ndef f(x): return c.g(x)"
_INSTANCE = (
    "class C:\n def __init__(s, a): s.a = a\n def __call__(s, x): return x * s.a\nc = C(2)\ndef f(x): return c(x)"
)
_MRO = (
    "class A:\n def g(s, x): return x * 2\nclass B:\n def g(s, x): return x * 3\n"
    "class C(A, B): pass\ndef f(x): return C().g(x)"
)
_META = "class M(type):\n def __call__(c, x): return x * 2\nclass C(metaclass=M): pass\ndef f(x): return C(x)"
_META_ATTRIBUTE = (
    "class M(type):\n def __getattr__(c, n): return 2\nclass C(metaclass=M): pass\ndef f(x): return x * C.anything"
)
_SLOTS = "class C: __slots__ = ('a', 'b')\nc = C()\nc.a = 2\ndef f(x): return x * c.a if not hasattr(c, 'b') else -x"
_GELU = "old = jax.nn.gelu\njax.nn.gelu = lambda x: x * 2\ndef undo(): jax.nn.gelu = old"
_INTERNALS = (
    "import jax._src.nn.functions as F\nold = F.{0}\ndef mine(*a, **k): return old(*a, **k) * 2\nF.{0} = mine\n"
    "def undo(): F.{0} = old"
)
_EQUAL = (
    "class C:\n def __init__(s, a): s.a = a\n def __eq__(s, o): return True\n def __hash__(s): return 1\n"
    " def g(s, x): return x * s.a\nc, d = C(2), C(3)\nf = c.g"
)
_CACHED = "K = 1\nclass C:\n @functools.cached_property\n def t(s): return 2 * K\nc = C()\ndef f(x): return x * c.t"
_DATA = "@dataclasses.dataclass\nclass C:\n a: int = 2\n b: int = 3\nc = C()\ndef f(x): return x * c.a + c.b"
_ASTUPLE = "def f(x): return x * np.array(dataclasses.astuple(c))[0]"
_REPLACED = (
    "@dataclasses.dataclass(frozen=True)\nclass C:\n a: int = 2\n b: int = 3\nc = C()\ndef f(x): return x * c.a + c.b"
)
_ENUM = "class E(enum.Enum):\n A = {}\n B = {}\n def m(s): return s.value * 2\ndef f(x): return x * E.A.m()"
_CYCLE = (
    "class N:\n def __init__(s): s.up = None; s.down = []\np, q = N(), N()\np.down.append(q)\nq.up = p\np.k = 2\n"
    "def f(x): return x * q.up.k"
)
_MUTUAL = "def g(x, n): return h(x, n - 1) if n else x * 2\ndef h(x, n): return g(x, n)\ndef f(x): return {}(x, 3)"
_DESCRIPTOR = "class D:\n def __get__(s, o, t): return 2\nclass C: a = D()\nc = C()\ndef f(x): return x * c.a"
_LINEN = (
    "import flax.linen as nn\nm = nn.Dense(2, use_bias=False)\nW = {'params': {'kernel': np.ones((4, 2), 'f4')}}\n"
    "def f(x): return m.apply(W, x)"
)

CASES = (
    case("C66", MISS, _CLASS, ("a = 2", "a = 3")),
    case("C66-later", MISS, _CLASS, only_b="C.a = 3"),
    case("C67", MISS, _INSTANCE, ("C(2)", "C(3)")),
    case("C67-later", MISS, _INSTANCE, only_b="c.a = 3"),
    case("C67-call", MISS, _INSTANCE, ("x * s.a", "x + s.a")),
    case("C69", MISS, _MRO, ("C(A, B)", "C(B, A)")),
    case("C69-mixin", MISS, _MRO, only_b="class X(B): pass\nclass C(X, A): pass"),
    case("C69-bases-replaced", MISS, _MRO, only_b="C.__bases__ = (B, A)"),
    case(
        "C70",
        MISS,
        "class C:\n @property\n def a(s): return 2\nc = C()\ndef f(x): return x * c.a",
        ("return 2", "return 3"),
    ),
    case(
        "C70-file",
        OK,
        "import pathlib\np = pathlib.Path(__file__).with_name('n.txt')\np.write_text('2')\n"
        "class C:\n @property\n def a(s): return int(open(p).read())\nc = C()\ndef f(x): return x * c.a",
        ("'2'", "'3'"),
    ),
    case("C71-call", MISS, _META, ("x * 2", "x * 3")),
    case("C71-getattr", MISS, _META_ATTRIBUTE, ("return 2", "return 3")),
    case(
        "C71-instance-getattr",
        MISS,
        "class C:\n def __getattr__(s, n): return 2\nc = C()\ndef f(x): return x * c.q",
        ("return 2", "return 3"),
    ),
    case(
        "C73",
        bypass("unknown_object"),
        "import weakref\nclass D:\n d = weakref.WeakKeyDictionary()\n def __get__(s, o, t): return s.d[o]\n"
        "class C: a = D()\nc = C()\nD.d[c] = 2\ndef f(x): return x * c.a",
        ("= 2", "= 3"),
    ),
    case("C74", MISS, _SLOTS, ("c.a = 2", "c.a = 3")),
    case("C74-unset", MISS, _SLOTS, only_b="c.b = 1"),
    case("C75", MISS, _CLASS, only_b="c.g = lambda x: x * 5"),
    case("C77", MISS, "def f(x): return jax.nn.gelu(x)", only_b=_GELU),
    case("C77-from", MISS, "from jax.nn import gelu\ndef f(x): return gelu(x)", only_b="gelu = lambda x: x * 2"),
    case(
        "C77-numpy",
        MISS,
        "def f(x): return x * np.prod((1, 2))",
        only_b="old = np.prod\nnp.prod = lambda a: 7\ndef undo(): np.prod = old",
    ),
    case("C78", MISS, "def f(x): return jax.nn.gelu(x)", only_b=_INTERNALS.format("gelu")),
    case(
        "C78-inner",
        MISS,
        "def f(x): return jax.nn.silu(x)",
        only_b="import jax._src.lax.lax as L\nold = L.logistic\nL.logistic = lambda x, **k: old(x, **k) * 2\n"
        "import jax._src.nn.functions as F\nF.lax.logistic = L.logistic\ndef undo(): L.logistic = F.lax.logistic = old",
    ),
    case(
        "C78-flax-method",
        MISS,
        _LINEN,
        only_b="old = nn.Dense.__call__\nnn.Dense.__call__ = lambda s, x: old(s, x) * 2\n"
        "def undo(): nn.Dense.__call__ = old",
    ),
    case(
        "C78-code-replaced",
        MISS,
        "def f(x): return jnp.broadcast_shapes((1,), (4,))[0] * x",
        only_b="F = jnp.broadcast_shapes\nold = F.__code__\nF.__code__ = (lambda *s: (7,)).__code__\n"
        "def undo(): F.__code__ = old",
    ),
    case(
        "C78-method-of-array",
        MISS,
        "def f(x): return x.clip(0, 2)",
        only_b="from jax._src.interpreters.partial_eval import DynamicJaxprTracer as T\n"
        "T.clip = lambda s, a, b: s * 7\ndef undo(): del T.clip",
    ),
    case("C81", MISS, _EQUAL, only_b="f = d.g"),
    case("C82", OK, _CACHED, only_a="c.t"),
    case("C82-by-trace", HIT, _CACHED),
    case("C82-stale", MISS, _CACHED, only_a="c.t\nK = 5", only_b="K = 5"),
    case("C83", MISS, _DATA + "\n" + _ASTUPLE, (" a: int = 2\n b: int = 3", " b: int = 3\n a: int = 2")),
    case("C83-default", MISS, _DATA, ("b: int = 3", "b: int = 4")),
    case("C83-replaced", HIT, _REPLACED, only_b="c = dataclasses.replace(c)"),
    case(
        "C83-factory",
        MISS,
        _DATA.replace("b: int = 3", "b: int = dataclasses.field(default_factory=lambda: 3)").replace(
            "x * c.a + c.b", "x * C().b"
        ),
        ("lambda: 3", "lambda: 4"),
    ),
    case("C85", OK, _INSTANCE, only_b="c.run = 'runs/7'"),
    case("C86", HIT, _INSTANCE + "\nimport threading\nc.lock = threading.Lock()", only_b="c.lock.acquire()"),
    case("C86-logger", HIT, "import logging\n" + _INSTANCE + "\nc.log = logging.getLogger('a')"),
    case(
        "C86-thread",
        MISS,
        _INSTANCE + "\nimport threading\nc.t = threading.Thread()",
        ("C(2)", "C(3)"),
    ),
    case("C87", HIT, _CYCLE),
    case("C87-edited", MISS, _CYCLE, ("p.k = 2", "p.k = 3")),
    case(
        "C87-mutual",
        HIT,
        _MUTUAL.format("g"),
        only_b="def prepare(jitted):\n from jitserve import fingerprint\n fingerprint.walk(h)",
    ),
    case("C87-mutual-edited", MISS, _MUTUAL.format("g"), ("x * 2", "x * 3")),
    case("C89", MISS, _ENUM.format(1, 2), ("A = 1", "A = 3")),
    case(
        "C89-auto",
        MISS,
        _ENUM.format("enum.auto()", "enum.auto()"),
        (" A = enum.auto()\n B = enum.auto()", " B = enum.auto()\n A = enum.auto()"),
    ),
    case("C89-method", MISS, _ENUM.format(1, 2), ("s.value * 2", "s.value * 3")),
    # In the gaps of the catalogue.
    case("C68-descriptor", MISS, _DESCRIPTOR, ("return 2", "return 3")),
    case(
        "C68-set-name",
        MISS,
        "class D:\n def __set_name__(s, o, n): s.n = n\n def __get__(s, o, t): return len(s.n)\n"
        "class C: ab = D()\ndef f(x): return x * C().ab",
        ("class C: ab = D()", "class C: ab = abc = D()"),
    ),
    case(
        "C72-operator",
        MISS,
        "class V:\n def __mul__(s, o): return o * 2\nv = V()\ndef f(x): return v * x",
        ("o * 2", "o * 3"),
    ),
    case(
        "C72-array-priority",
        MISS,
        "class V:\n def __jax_array__(s): return jnp.ones(4) * 2\nv = V()\ndef f(x): return x * v",
        ("* 2", "* 3"),
    ),
    case(
        "C76-class-replaced", MISS, _INSTANCE, only_b="class E(C):\n def __call__(s, x): return x * 7\nc.__class__ = E"
    ),
    case(
        "C76-len",
        MISS,
        "class V(list):\n def __len__(s): return 2\nv = V([1])\ndef f(x): return x * len(v)",
        ("return 2", "return 3"),
    ),
    case(
        "C76-dict-subclass",
        MISS,
        "class D(dict):\n def __missing__(s, k): return 2\nd = D()\ndef f(x): return x * d['q']",
        ("return 2", "return 3"),
    ),
    case(
        "C76-default-dict",
        MISS,
        "d = collections.defaultdict(lambda: 2)\ndef f(x): return x * d.get('a', d.default_factory())",
        ("lambda: 2", "lambda: 3"),
    ),
    case(
        "C80-singledispatch",
        MISS,
        "@functools.singledispatch\ndef g(v): return 1\n@g.register\ndef _(v: int): return 2\n"
        "def f(x): return x * g(3)",
        ("return 2", "return 3"),
    ),
    case(
        "C80-singledispatch-later",
        MISS,
        "@functools.singledispatch\ndef g(v): return 1\ndef f(x): return x * g(3)",
        only_b="g.register(int, lambda v: 3)",
    ),
    case(
        "C84-abc",
        MISS,
        "import abc\nclass A(abc.ABC): pass\nclass B: pass\ndef f(x): return x * 2 if isinstance(B(), A) else x",
        only_b="A.register(B)",
    ),
    case(
        "C84-subclasshook",
        MISS,
        "import abc\nclass A(abc.ABC):\n @classmethod\n def __subclasshook__(c, o): return False\n"
        "def f(x): return x * 2 if isinstance(1, A) else x",
        ("return False", "return True"),
    ),
    case(
        "C84-init-subclass",
        MISS,
        "class A:\n def __init_subclass__(c): c.k = 2\nclass B(A): pass\ndef f(x): return x * B.k",
        ("c.k = 2", "c.k = 3"),
    ),
    case(
        "C88-weak-callback",
        bypass("unknown_object"),
        "import weakref\nclass C: k = 2\nc = C()\nw = weakref.ref(c)\ndef f(x): return x * 2 if w() is not None else x",
        only_b="del c",
    ),
    case(
        "C88-super",
        MISS,
        "class A:\n def g(s, x): return x * 2\nclass B(A):\n def g(s, x): return super().g(x)\n"
        "def f(x): return B().g(x)",
        ("x * 2", "x * 3"),
    ),
)
