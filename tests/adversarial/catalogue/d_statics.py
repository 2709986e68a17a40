"""D: static arguments and auxiliary data."""

from __future__ import annotations

import itertools

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case

_STATIC = (
    "import datetime, decimal, pathlib\ndef f(x, n): return {}\nOPTIONS = {{'static_argnums': 1}}\n{}\nARGS = (X, {})"
)


def _static(body: str, value: str, before: str = "") -> str:
    return _STATIC.format(body, before, value)


def _pairs(number: str, body: str, values: dict[str, str], before: str = "") -> list[object]:
    cases = []
    for (left, first), (right, second) in itertools.combinations(values.items(), 2):
        program = _static(body, f"({first})", before)
        cases.append(case(f"{number}-{left}-{right}", MISS, program, (f"({first}))", f"({second}))")))
    return cases


_NODE = (
    "@jax.tree_util.register_pytree_node_class\nclass N:\n def __init__(s, a, b): s.a, s.b = a, b\n"
    " def tree_flatten(s): return (s.a,), s.b\n @classmethod\n def tree_unflatten(c, b, a): return c(a[0], b)\n"
)
_TYPE = "jnp.asarray(n[0] if type(n) is tuple else n)"
_SETS = (Process((("PYTHONHASHSEED", "0"),)), Process((("PYTHONHASHSEED", "1"),)))
_MUTATED = (
    "class S:\n def __init__(s, v): s.v = v\n def __hash__(s): return 1\n def __eq__(s, o): return s is o\n"
    "s = S(2)\ndef f(x, n): return x * n.v\nOPTIONS = {'static_argnums': 1}\nARGS = (X, s)\n"
)

CASES = (
    *_pairs("D90", "jnp.asarray(n)", {"int": "1", "bool": "True", "float": "1.0", "numpy": "np.int64(1)"}),
    *_pairs("D91", _TYPE, {"int": "(1,)", "bool": "(True,)", "float": "(1.0,)"}),
    *_pairs(
        "D91-dataclass",
        "jnp.asarray(n.a)",
        {"int": "D(1)", "float": "D(1.0)"},
        "@dataclasses.dataclass(frozen=True)\nclass D: a: object",
    ),
    case(
        "D92-same-process",
        MISS,
        _static("jnp.asarray(n)", "1"),
        ("(X, 1)", "(X, 1.0)"),
        only_b="def prepare(j): j(X, True)",
    ),
    case("D93", HIT, _static("x + n", "float('nan')")),
    case("D93-payload", OK, _static("x + n", "np.uint64(0x7ff8000000000000).view('f8').item()"), ("0000)", "0001)")),
    case("D94", MISS, _static("x * getattr(n, 'k', 2)", "'a'", "class S(str): k = 3"), ("'a')", "S('a'))")),
    case(
        "D94-attribute",
        MISS,
        _static("x * n.k", "s", "class S(str): pass\ns = S('a')\ns.k = 2"),
        ("s.k = 2", "s.k = 3"),
    ),
    case("D94-bytes", MISS, _static("x * 2 if type(n) is str else x", "'a'"), ("'a')", "b'a')")),
    case(
        "D95-int",
        MISS,
        _static("x * 2 if type(n) is int else x", "1", "class E(enum.IntEnum): A = 1"),
        ("(X, 1)", "(X, E.A)"),
    ),
    case(
        "D95-value",
        MISS,
        _static("x * 2 if type(n) is str else x", "'a'", "class E(enum.Enum): A = 'a'"),
        only_b="ARGS = (X, E.A)",
    ),
    case(
        "D95-module",
        MISS,
        "from . import one, two\ndef f(x, n): return x * n.k()\nOPTIONS = {'static_argnums': 1}\nARGS = (X, one.E.A)\n"
        "=== one.py\nclass E(enum.Enum):\n A = 1\n def k(s): return 2\n"
        "=== two.py\nclass E(enum.Enum):\n A = 1\n def k(s): return 3",
        ("one.E.A", "two.E.A"),
    ),
    case("D97", OK, _MUTATED + "def prepare(j): j(X, s); s.v = 3", ("s.v = 3", "s.v = 4")),
    case("D98", MISS, _static("n(x)", "g", "def g(x): return x * 2"), ("x * 2", "x * 3")),
    case("D98-closure", MISS, _static("n(x)", "m(2)", "def m(k): return lambda x: x * k"), ("m(2)", "m(3)")),
    case(
        "D99", MISS, _static("n(x)", "c.g", "class C:\n a = 2\n def g(s, x): return x * s.a\nc = C()"), only_b="c.a = 3"
    ),
    case("D101", MISS, _static("x * np.array([1, 0, 0, 0], 'u1').view(n)[0]", "np.dtype('<i4')"), ("'<i4'", "'>i4'")),
    case(
        "D101-structured",
        MISS,
        _static("x * np.dtype(n).fields['a'][1]", "np.dtype([('b', 'i4'), ('a', 'i4')])"),
        ("[('b', 'i4'), ('a', 'i4')]", "[('b', 'i2'), ('c', 'i1'), ('d', 'i1'), ('a', 'i2'), ('e', 'i2')]"),
    ),
    case(
        "D102",
        HIT,
        _static("x * 2 if 'a' in n else x", "frozenset({'a', 'b'})"),
        ("{'a', 'b'}", "{'b', 'a'}"),
        a=_SETS[0],
        b=_SETS[1],
    ),
    case(
        "D102-iterated",
        bypass("hash_order"),
        _static("x * len([*n][0])", "frozenset({'a', 'b'})"),
        ("{'a', 'b'}", "{'b', 'a'}"),
    ),
    case(
        "D103",
        MISS,
        _static("x * [*n.values()][0]", "H({'a': 1, 'b': 2})", "class H(dict):\n def __hash__(s): return 1"),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ),
    case(
        "D103-frozen-dict",
        MISS,
        _static("x * [*n.values()][0]", "fd({'a': 1, 'b': 2})", "from flax.core import FrozenDict as fd"),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ),
    case("D105", OK, _static("x * n[0]", "np.ones(2)"), ("ones", "zeros")),
    case("D106-path", MISS, _static("x * len(n.name)", "pathlib.PurePosixPath('a')"), ("'a'", "'bb'")),
    case("D106-date", MISS, _static("x * n.year", "datetime.date(2, 1, 1)"), ("(2, 1", "(3, 1")),
    case("D106-decimal", MISS, _static("x * float(n)", "decimal.Decimal('2')"), ("'2'", "'3'")),
    case(
        "D107",
        bypass("static_unknown", "unknown_object", "generator_state"),
        _static("x * 2", "zlib.decompressobj()", "import zlib"),
    ),
    case("D109", MISS, _static("x * (n % 7)", "2**70"), ("2**70", "2**70 + 1")),
    case("D110", MISS, _NODE + "def f(n): return jnp.asarray(n.b)\nARGS = (N(X, 1),)", ("(X, 1)", "(X, 1.0)")),
    case("D110-output", MISS, _NODE + "K = 1\ndef f(x): return N(x, K)", ("K = 1", "K = 1.0")),
    case(
        "D111",
        MISS,
        _NODE + "def m(k): return lambda x: x * k\ndef f(n): return n.b(n.a)\nARGS = (N(X, m(2)),)",
        ("m(2)", "m(3)"),
    ),
    case(
        "D111-partial",
        MISS,
        "def f(p): return p(2)\nARGS = (jax.tree_util.Partial(lambda x, k: x * k, X),)",
        ("x * k", "x + k"),
    ),
    # In the gaps of the catalogue.
    case(
        "D92-static-name",
        MISS,
        "def f(x, *, n): return jnp.asarray(n)\nOPTIONS = {'static_argnames': 'n'}\nKWARGS = {'n': 1}",
        ("'n': 1", "'n': True"),
    ),
    case("D96-complex", MISS, _static("jnp.asarray(n)", "0j"), ("0j", "-0j")),
    case(
        "D96-slice",
        MISS,
        _static(
            "x[n]",
            "H(slice(0, 2))",
            "@dataclasses.dataclass(frozen=True)\nclass H:\n s: object\n __index__ = None\n def __hash__(s): return 1",
        ).replace("x[n]", "x[n.s]"),
        ("(0, 2)", "(0, 3)"),
    ),
    case("D96-range", MISS, _static("x * n[1]", "range(0, 9, 2)"), ("9, 2", "9, 3")),
    case("D100-type", MISS, _static("jnp.asarray(n(1))", "int"), ("(X, int)", "(X, float)")),
    case("D100-jnp-function", MISS, _static("n(x)", "jnp.sin"), ("jnp.sin", "jnp.cos")),
    case("D100-ufunc", MISS, _static("x * n(2.0, 3.0)", "np.add"), ("np.add", "np.multiply")),
    case(
        "D104-named-tuple",
        MISS,
        _static("x * n.a", "T(2, 3)", "T = collections.namedtuple('T', 'a b')"),
        ("'a b'", "'b a'"),
    ),
    case(
        "D108-nested-eq",
        MISS,
        _static(
            "x * n[0].v",
            "(E(2),)",
            "class E:\n def __init__(s, v): s.v = v\n def __eq__(s, o): return True\n def __hash__(s): return 0",
        ),
        ("E(2)", "E(3)"),
    ),
    case(
        "D112-node-keys",
        MISS,
        "def f(d): return [v * i for i, v in enumerate(d.values())]\nARGS = ({'a': X, 'b': X},)",
        ("{'a': X, 'b': X}", "{'a': X, 'c': X}"),
    ),
    case(
        "D112-key-type",
        MISS,
        "def f(d): return [v * (type(k) is int) for k, v in d.items()]\nARGS = ({1: X},)",
        ("{1: X}", "{1.0: X}"),
    ),
)
