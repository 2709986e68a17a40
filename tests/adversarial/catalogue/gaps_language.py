"""In the gaps of A, B and C: features of the language that decide what a function does."""

from __future__ import annotations

import sys

from tests.adversarial.case import MISS, OK, bypass, case

_TWO_DEEP = (
    "def m():\n k = 2\n def a():\n  def b():\n   nonlocal k\n   k = 3\n  return b\n"
    " return lambda x: x * k, a()\nf, change = m()"
)
_TWO_DEEP_IN_TRACE = (
    "def m():\n n = 0\n def f(x):\n  def a():\n   def b():\n    nonlocal n\n    n += 1\n   b()\n  a()\n  return x * 2\n"
    " return f, lambda: n\nf, observe = m()"
)
_MATCH = (
    "class P:\n __match_args__ = ('a', 'b')\n def __init__(s): s.a, s.b = 2, 3\np = P()\n"
    "def f(x):\n match p:\n  case P(a, _): return x * a"
)
_COROUTINE = (
    "async def h(x): return x * 2\nasync def g(x): return await h(x)\ndef f(x):\n try: g(x).send(None)\n"
    " except StopIteration as stop: return stop.value"
)
_ASYNC_GENERATOR = (
    "async def h(x): yield x * 2\nasync def g(x):\n async for v in h(x): return v\ndef f(x):\n try: g(x).send(None)\n"
    " except StopIteration as stop: return stop.value"
)
_DISPATCH_METHOD = (
    "class C:\n @functools.singledispatchmethod\n def g(s, v): return 1\n @g.register\n def _(s, v: int): return v * 2\n"
    "c = C()\ndef f(x): return x * c.g(3)"
)
_CACHED = "class C:\n @functools.cached_property\n def t(s): return 2\nc = C()\ndef f(x): return x * c.t"
_MISSING = "class E(enum.Enum):\n A = 2\n B = 3\n @classmethod\n def _missing_(c, v): return c.A\ndef f(x): return x * E(9).value"
_POST_INIT = (
    "@dataclasses.dataclass(frozen=True)\nclass C:\n a: int = 2\n b: int = dataclasses.field(init=False)\n"
    " def __post_init__(s): object.__setattr__(s, 'b', s.a * 2)\ndef f(x): return x * C().b"
)
_PROTOCOL = (
    "import typing\n@typing.runtime_checkable\nclass P(typing.Protocol):\n def q(s): ...\nclass C: pass\n"
    "def f(x): return x * 2 if isinstance(C(), P) else x"
)
_META = "class M(type):\n {}\nclass C(metaclass=M): pass\ndef f(x): return {}"
_METHOD = "class C:\n k = 5\n {}\nc = C()\ndef f(x): return {}"


def _meta(id: str, method: str, use: str) -> object:
    return case(id, MISS, _META.format(method, use), (method, method.replace("2", "3", 1)))


def _method(id: str, method: str, use: str) -> object:
    return case(id, MISS, _METHOD.format(method, use), (method, method.replace("2", "3", 1)))


_NEW = (
    (
        case("A32-generic-function", MISS, "def g[T](x: T) -> T: return x * 2\ndef f(x): return g(x)", ("* 2", "* 3")),
        case("C68-generic-class", MISS, "class C[T]:\n k = 2\ndef f(x): return x * C[int].k", ("k = 2", "k = 3")),
    )
    if sys.version_info >= (3, 12)
    else ()
)

CASES = (
    case("A4-positional-only-default", MISS, "def g(a, k=2, /): return a * k\ndef f(x): return g(x)", ("k=2", "k=3")),
    case(
        "A4-made-positional-only",
        MISS,
        "def g(x, k=2): return x * k\ndef f(x):\n try: return g(x, k=3)\n except TypeError: return x",
        ("k=2)", "k=2, /)"),
    ),
    case(
        "A8-except-star",
        MISS,
        "def f(x):\n try: raise ExceptionGroup('', [ValueError()])\n except* ValueError: x = x * 2\n return x",
        ("* 2", "* 3"),
    ),
    case(
        "A12-keywords-passed-on",
        MISS,
        "def g(x, **k): return x * k['a']\ndef f(x): return g(x, a=2, b=3)",
        ("a=2, b=3", "b=2, a=3"),
    ),
    case("A20-nonlocal-two-deep", MISS, _TWO_DEEP, only_b="change()"),
    case("A20-nonlocal-two-deep-in-trace", bypass("trace_side_effect"), _TWO_DEEP_IN_TRACE),
    case("A24-match-args", MISS, _MATCH, ("('a', 'b')", "('b', 'a')")),
    case("A28-coroutine", MISS, _COROUTINE, ("* 2", "* 3")),
    case("A28-async-generator", MISS, _ASYNC_GENERATOR, ("* 2", "* 3")),
    case(
        "A28-generator-send",
        MISS,
        "def g():\n k = yield\n yield k * 2\ndef f(x):\n i = g()\n next(i)\n return i.send(x)",
        ("* 2", "* 3"),
    ),
    case(
        "A28-yield-from",
        MISS,
        "def h(): return (yield 2)\ndef g(): yield from h()\ndef f(x): return x * sum(g())",
        ("yield 2", "yield 3"),
    ),
    case("A32-class-in-function", MISS, "def f(x):\n class C: k = 2\n return x * C.k", ("k = 2", "k = 3")),
    *_NEW,
    case(
        "C68-class-cell",
        MISS,
        "class A:\n k = 2\n def g(s, x): return x * __class__.k\nclass B(A): k = 7\ndef f(x): return B().g(x)",
        ("k = 2", "k = 3"),
    ),
    _method("C68-class-getitem", "def __class_getitem__(c, i): return i * 2", "x * C[4]"),
    _method("C68-getattribute", "def __getattribute__(s, n): return 2", "x * c.k"),
    _method("C68-new", "def __new__(c): o = object.__new__(c); o.q = 2; return o", "x * C().q"),
    _method("C72-contains", "def __contains__(s, v): return v == 2", "x * 7 if 2 in c else x"),
    _method("C72-bool", "def __bool__(s): return 2 == 2", "x * 7 if c else x"),
    _method("C72-iter", "def __iter__(s): return iter((2, 4))", "x * sum(c)"),
    _method("C72-format", "def __format__(s, spec): return 'a' * 2", "x * len(f'{c}')"),
    _method("C72-str", "def __str__(s): return 'a' * 2", "x * len(str(c))"),
    _method("C72-repr", "def __repr__(s): return 'a' * 2", "x * len(f'{c!r}')"),
    case(
        "C72-copy",
        MISS,
        "import copy\nclass C:\n def __copy__(s): return 2\nc = C()\ndef f(x): return x * copy.copy(c)",
        ("return 2", "return 3"),
    ),
    case(
        "C72-exit",
        MISS,
        "class C:\n def __enter__(s): return s\n def __exit__(s, *e): return True\n"
        "def f(x):\n with C(): x = x * 2; raise ValueError\n return x",
        ("return True", "return False"),
    ),
    _meta("C72-metaclass-operator", "def __mul__(c, o): return o * 2", "C * x"),
    _meta(
        "C72-metaclass-instancecheck", "def __instancecheck__(c, o): return o == 2", "x * 7 if isinstance(2, C) else x"
    ),
    _meta("C72-metaclass-len", "def __len__(c): return 2", "x * len(C)"),
    case("C76-dispatch-method", MISS, _DISPATCH_METHOD, ("v * 2", "v * 3")),
    case("C76-cached-property-overridden", MISS, _CACHED, only_b="c.t = 7"),
    case("C76-enum-missing", MISS, _MISSING, ("return c.A", "return c.B")),
    case(
        "C76-flag",
        MISS,
        "class F(enum.Flag):\n A = 1\n B = 2\nV = F.A | F.B\ndef f(x): return x * V.value",
        ("F.A | F.B", "F.A & F.B"),
    ),
    case(
        "C80-named-tuple-default",
        MISS,
        "import typing\nclass T(typing.NamedTuple): a: int = 2\ndef f(x): return x * T().a",
        ("= 2", "= 3"),
    ),
    case("C80-post-init", MISS, _POST_INIT, ("s.a * 2", "s.a * 3")),
    case(
        "C80-dataclass-compare",
        MISS,
        "@dataclasses.dataclass\nclass C: a: int = dataclasses.field(compare=True)\n"
        "def f(x): return x * 2 if C(1) == C(2) else x",
        ("=True", "=False"),
    ),
    case("C84-protocol", OK, _PROTOCOL, only_b="C.q = lambda s: 1"),
    case(
        "C84-class-decorator",
        MISS,
        "def d(c):\n c.k = 2\n return c\n@d\nclass C: pass\ndef f(x): return x * C.k",
        ("c.k = 2", "c.k = 3"),
    ),
    case("C84-made-by-type", MISS, "C = type('C', (), {'k': 2})\ndef f(x): return x * C.k", ("'k': 2", "'k': 3")),
    case(
        "C88-hash-of-the-user",
        bypass("hash_order"),
        "class C:\n def __init__(s, v): s.v = v\n def __hash__(s): return hash(str(s.v))\n"
        "S = {C(2), C(3)}\ndef f(x): return x * len([*S])",
    ),
    case(
        "C88-weak-proxy",
        bypass("unknown_object", "generator_state"),
        "import weakref\nclass C: k = 2\nc = C()\nP = weakref.proxy(c)\ndef f(x): return x * P.k",
        ("k = 2", "k = 3"),
    ),
)
