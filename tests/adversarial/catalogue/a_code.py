"""A: the identity of code."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case

_LAMBDAS = "f, g = (lambda x: x * 2), (lambda x: x * {})"
_MEMBERS = "def f(x): return x * 2 if 'a' in {'a', 'b', 'c'} else x"

CASES = (
    case("A1", MISS, "def f(x): return x * 2", ("* 2", "* 3")),
    case("A2", MISS, "def f(x): return x * 2 if '1' == 1 else x", ("== 1", "== '1'")),
    case("A3-bool", MISS, "def f(x): return jnp.asarray(1)", ("(1)", "(True)")),
    case("A3-float", MISS, "def f(x): return jnp.asarray(1)", ("(1)", "(1.0)")),
    case("A3-negative-zero", MISS, "def f(x): return jnp.asarray(0.0)", ("(0.0)", "(-0.0)")),
    case("A3-tuple", MISS, "def f(x): return jnp.asarray((1, 2))", ("(1, 2)", "(1.0, 2)")),
    case("A4-nan-payload", OK, "N = np.uint32(0x7fc00000).view('f4')\ndef f(x): return x + N", ("0000)", "0001)")),
    case("A4-bytes", MISS, "def f(x): return x * len('ab')", ("'ab'", "b'abc'")),
    case("A4-big-int", MISS, "def f(x): return x * (2**70 % 7)", ("2**70", "2**71")),
    case("A4-operator", MISS, "def f(x): return x + 2", ("x + 2", "x - 2")),
    case("A4-jump-over", MISS, "def f(x):\n if x.ndim: x = x * 2\n return x", ("if x.ndim", "if not x.ndim")),
    case("A5", HIT, "def f(x):\n 'one'\n return x * 2", ("'one'", "'two'")),
    case("A5-added", HIT, "def f(x):\n return x * 2", ("(x):\n", "(x):\n 'new'\n")),
    case("A5-read", bypass("dynamic_scope"), "def f(x):\n 'one'\n return x * len(f.__doc__)", ("'one'", "'three'")),
    case("A6", OK, "def f(x: int): return x * 2", ("int", "float")),
    case(
        "A6-hints",
        bypass("dynamic_scope"),
        "import typing\ndef f(x: int): return x * 2 if typing.get_type_hints(f)['x'] is int else x",
        (": int", ": float"),
    ),
    case(
        "A6-dataclass",
        MISS,
        "@dataclasses.dataclass\nclass C: a: int = 1\n"
        "def f(x): return x * 2 if dataclasses.fields(C)[0].type is int else x",
        ("a: int", "a: float"),
    ),
    case("A7", HIT, "def f(x): return x * 2", only_b="# another directory, and a comment"),
    case("A7-lines", HIT, "def f(x): return x * 2", ("def f", "\n\n# moved down\ndef f")),
    case("A9", MISS, "def f(x):\n assert x.ndim\n return x * 2", b=Process(flags=("-O",))),
    case("A9-raises", OK, "def f(x):\n assert not x.ndim, 'no'\n return x * 2", b=Process(flags=("-O",))),
    case("A9-debug", MISS, "def f(x): return x * 2 if __debug__ else x", b=Process(flags=("-O",))),
    case("A9-docstrings", MISS, "def f(x): return x * 2", b=Process(flags=("-OO",))),
    case("A10", MISS, "def g(a, b): return a - b\ndef f(x): return g(a=x, b=2)", ("g(a, b)", "g(b, a)")),
    case("A11", MISS, "def f(x, k=2): return x * k\nARGS = (X, 3)", ("x, k", "x, *, k")),
    case("A11-star", MISS, "def f(x, k=2): return x * len(k)\nARGS = (X, (1, 2))", ("k=2", "*k")),
    case("A13", MISS, "def g(x, k=2): return x * k\ndef f(x): return g(x)", only_b="g.__defaults__ = (3,)"),
    case("A14", MISS, "def g(x, k=[2]): return x * k[0]\ndef f(x): return g(x)", only_b="g.__defaults__[0][0] = 3"),
    case("A15", MISS, "def g(x, *, k=2): return x * k\ndef f(x): return g(x)", only_b="g.__kwdefaults__['k'] = 3"),
    case(
        "A16-attribute-of-function",
        MISS,
        "def g(x): return x * g.k\ng.k = 2\ndef f(x): return g(x)",
        ("g.k = 2", "g.k = 3"),
    ),
    case("A16-code-replaced", MISS, "def f(x): return x * 2", only_b="f.__code__ = (lambda x: x * 3).__code__"),
    case("A17", MISS, _LAMBDAS.format(3), only_b="f = g"),
    case("A18", OK, _LAMBDAS.format(2), only_b="f = g"),
    case(
        "A19",
        MISS,
        "def g(x): return x * K\nf = types.FunctionType(g.__code__, {'K': 2, '__name__': __name__})",
        ("'K': 2", "'K': 3"),
    ),
    case(
        "A21",
        MISS,
        "def g(x): return x * 2 if type(x) is list else -x[0] if type(x) is tuple else sum(x)\n"
        "def f(x): return jnp.stack([v * 2 for v in [x, x]]) if type([v for v in x]) is list else x",
        ("type([v for v in x])", "type((v for v in x))"),
    ),
    case("A22", MISS, "def f(x):\n def g(v, k=2): return v * k\n return g(x)", ("k=2", "k=3")),
    case("A22-constant", MISS, "def f(x):\n def g(v): return lambda: v * 2\n return g(x)()", ("* 2", "* 3")),
    case("A23", OK, "def f(x): return sum([v * 2 for v in x])", ("v * 2 for v", "w * 2 for w")),
    case("A25", OK, "def f(x): return x * 2", ("def f", "def g"), only_b="f = g"),
    case(
        "A26",
        MISS,
        "def d(f):\n @functools.wraps(f)\n def w(x): return f(x) * 2\n return w\ndef f(x): return x + 1",
        only_b="f = d(f)",
    ),
    case(
        "A26-order",
        MISS,
        "def d(f): return lambda x: f(x) * 2\ndef e(f): return lambda x: f(x) + 1\n@d\n@e\ndef f(x): return x",
        ("@d\n@e", "@e\n@d"),
    ),
    case(
        "A27",
        MISS,
        "def d(f):\n @functools.wraps(f)\n def w(x): return f(x) * 2\n return w\n@d\ndef f(x): return x",
        ("* 2", "* 3"),
    ),
    case(
        "A29",
        MISS,
        "def f(x): return x * 2",
        ("* 2", "* 3"),
        only_a="t = open(__file__).read()\nopen(__file__, 'w').write(t.replace('* 2', '* 3', 1))",
    ),
    case("A30", HIT, "exec('def f(x): return x * 2', globals())"),
    case("A30-edited", MISS, "exec('def f(x): return x * 2', globals())", ("* 2", "* 3")),
    case("A31", MISS, "def g(k, x): return x * k\nf = functools.partial(g, 2)", ("g, 2", "g, 3")),
    case("A31-keyword", MISS, "def g(x, k): return x * k\nf = functools.partial(g, k=2)", ("k=2", "k=3")),
    case(
        "A31-nested",
        MISS,
        "def g(j, k, x): return x * k + j\nf = functools.partial(functools.partial(g, 2), 1)",
        ("g, 2", "g, 3"),
    ),
    case(
        "A33",
        HIT,
        _MEMBERS,
        ("{'a', 'b', 'c'}", "{'c', 'b', 'a'}"),
        a=Process((("PYTHONHASHSEED", "0"),)),
        b=Process((("PYTHONHASHSEED", "1"),)),
    ),
    case(
        "A8-try-ranges",
        MISS,
        "def g(x):\n try:\n  x = x * 2\n except ZeroDivisionError: x = -x\n else: 1 / 0\n return x\n"
        "def f(x):\n try: return g(x)\n except ZeroDivisionError: return x + 1",
        (
            "  x = x * 2\n except ZeroDivisionError: x = -x\n else: 1 / 0",
            "  x = x * 2\n  1 / 0\n except ZeroDivisionError: x = -x",
        ),
    ),
    case(
        "A12-lambda-default",
        MISS,
        "fs = [lambda x, k=k: x * k for k in (2, 3)]\nf = fs[0]",
        ("f = fs[0]", "f = fs[1]"),
    ),
    case(
        "A20-late-binding-closure",
        MISS,
        "def m():\n fs = []\n for k in (2, 3): fs.append(lambda x: x * k)\n return fs[0]\nf = m()",
        ("(2, 3)", "(3, 2)"),
    ),
    case("A24-format-spec", MISS, "def f(x): return x * len(f'{2:>3}')", (":>3", ":>4")),
    case(
        "A28-wraps-lies",
        MISS,
        "def g(x): return x * 2\n@functools.wraps(jnp.sin)\ndef h(x): return x * 2\ndef f(x): return h(x)",
        ("def h(x): return x * 2", "def h(x): return x * 3"),
    ),
    *(
        case(
            f"A27-{decorator.partition('(')[0].rpartition('.')[2].replace('_', '-')}",
            MISS,
            f"@{decorator}\ndef g(x): return (x * 2).sum()\ndef f(x): return {call}(x)",
            ("* 2", "* 3"),
        )
        for decorator, call in (
            *((f"jax.{name}", "g") for name in ("checkpoint", "vmap", "grad", "jit", "named_call")),
            ("jnp.vectorize", "g"),
            ("functools.singledispatch", "g"),
            ("functools.partial(jax.remat, static_argnums=())", "g"),
            ("staticmethod", "g.__func__"),
        )
    ),
    case(
        "A27-contextmanager",
        MISS,
        "@contextlib.contextmanager\ndef g(x): yield x * 2\ndef f(x):\n with g(x) as y: return y",
        ("* 2", "* 3"),
    ),
    case(
        "A32-match",
        MISS,
        "def f(x):\n match x.ndim:\n  case 1: return x * 2\n  case _: return x",
        ("case 1", "case 2"),
    ),
)
