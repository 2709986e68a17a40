"""V: attributes that are asked for by made-up names, namespaces of classes, and the order of sets made at run time."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Process, bypass, case

_SEEDS = (Process((("PYTHONHASHSEED", "0"),)), Process((("PYTHONHASHSEED", "1"),)))
_FUNCTION = "T = 'oc__'\ndef g(): 'a'"
_CLASS = "T = 'oc__'\nclass C: 'a'\nc = C()"
_LONGER = ("'a'", "'bb'")
_SCOPE = bypass("dynamic_scope")
_LONG = "D = dict.fromkeys(['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'ggggggg'])\ndef g(d): return d.keys() - {}"
_TIES = "D = dict.fromkeys(['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg'])\ndef g(d): return d.keys() - {}"


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str], only_b: str = "") -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits, only_b=only_b)


def _order(id: str, expression: str, expected: str = MISS, before: str = "", names: str = _LONG) -> object:
    """What comes first of a set that no name leads to."""
    program = f"import itertools\n{names}\n{before}\ndef f(x): return x * ord(({expression})[0][0])"
    return case(id, expected, program, a=_SEEDS[0], b=_SEEDS[1])


CASES = (
    *(
        _reads(f"V01-{name}", _SCOPE, f"import operator, string\n{_FUNCTION}", f"len({expression})", _LONGER)
        for name, expression in {
            "getattr": "getattr(g, '__d' + T)",
            "getter": "operator.attrgetter('__d' + T)(g)",
            "format": "('{0.__d' + T + '}').format(g)",
            "format-map": "('{g.__d' + T + '}').format_map({'g': g})",
            "formatter": "string.Formatter().format('{0.__d' + T + '}', g)",
            "of-object": "object.__getattribute__(g, '__d' + T)",
            "of-method": "g.__getattribute__('__d' + T)",
            "mapped": "[*map(getattr, [g], ['__d' + T])][0]",
            "reduced": "functools.reduce(getattr, ['__d' + T], g)",
            "partial": "functools.partial(getattr, g)('__d' + T)",
        }.items()
    ),
    *(
        _reads(f"V02-{name}", expected, f"import inspect\n{_CLASS}", f"len({expression})", _LONGER)
        for name, expected, expression in (
            ("class", _SCOPE, "getattr(C, '__d' + T)"),
            ("instance", _SCOPE, "getattr(c, '__d' + T)"),
            ("of-type", _SCOPE, "type.__getattribute__(C, '__d' + T)"),
            ("static", _SCOPE, "inspect.getattr_static(C, '__d' + T)"),
            ("namespace", MISS, "C.__dict__['__d' + T]"),
            ("namespace-get", MISS, "C.__dict__.get('__d' + T)"),
            ("namespace-copied", MISS, "dict(C.__dict__)['__d' + T]"),
            ("namespace-all", MISS, "''.join(v for v in C.__dict__.values() if type(v) is str)"),
        )
    ),
    _reads(
        "V03-tuple-of-names", _SCOPE, "N = ('__doc__',)\ndef g(): 'a'", "[len(getattr(g, n)) for n in N][0]", _LONGER
    ),
    _reads(
        "V03-pattern",
        _SCOPE,
        "def g(): 'a'\ndef h(v):\n match v:\n  case types.FunctionType(__doc__=d): return d",
        "len(h(g))",
        _LONGER,
    ),
    _reads(
        "V03-pattern-by-position",
        _SCOPE,
        "class B: __match_args__ = ('__doc__',)\nclass C(B): 'a'\nc = C()\ndef h(v):\n match v:\n  case B(d): return d",
        "len(h(c))",
        _LONGER,
    ),
    _reads(
        "V03-forwarded",
        _SCOPE,
        "class C: 'a'\nclass P:\n def __getattr__(s, n): return getattr(C, n[3:])\np = P()",
        "len(p.of___doc__)",
        _LONGER,
    ),
    _reads(
        "V04-line", _SCOPE, "T = 'no'\ndef g(): 1", "getattr(g.__code__, 'co_firstline' + T)", ("def g", "\n\ndef g")
    ),
    _reads(
        "V04-traceback",
        _SCOPE,
        "T = 'neno'\ndef h():\n try: 1 / 0\n except Exception as e: return getattr(e.__traceback__, 'tb_li' + T)",
        "h()",
        ("def h", "\n\ndef h"),
    ),
    _reads(
        "V04-annotations",
        _SCOPE,
        "T = 'ions__'\nclass K: k = 2\ndef g(a: K): pass",
        "getattr(g, '__annotat' + T)['a'].k",
        ("k = 2", "k = 3"),
    ),
    _reads("V04-hash", bypass("id_or_hash_read"), "T = 'sh__'", "getattr('a', '__ha' + T)() is not None"),
    _reads("V04-subclasses", _SCOPE, "T = 'es__'\nclass C: pass", "len(getattr(C, '__subclass' + T)()) + 1"),
    _reads(
        "V05-looked-into",
        _SCOPE,
        "T, U = 'sure__', 'tents'\ndef m(k):\n def g(): return k\n return g\ng = m(2)",
        "getattr(getattr(g, '__clo' + T)[0], 'cell_con' + U)",
        ("m(2)", "m(3)"),
    ),
    # What is ordinary beside it.
    _reads(
        "V06-by-names",
        HIT,
        "N = ('a', 'b')\nclass C:\n 'a'\n a = 1\n b = 2\nc = C()",
        "sum(getattr(c, n) for n in N)",
        ("'a'\n", "'bb'\n"),
    ),
    _reads(
        "V06-formatted", HIT, "class C: a = 2\nc = C()\nS = '{0.a}_{1}'", "len(S.format(c, 'b')) + len('{}'.format(3))"
    ),
    _reads("V06-namespace", HIT, "class C: a, b = 1, 2", "sum(v for k, v in C.__dict__.items() if k[0] != '_')"),
    _reads(
        "V06-wrapped-while-tracing",
        HIT,
        "def g(v):\n 'a'\n return v * 2",
        "functools.wraps(g)(lambda v: g(v))(3)",
        _LONGER,
    ),
    _reads(
        "V06-asked-by-jax",
        HIT,
        "class P:\n def __init__(s, f): s.f = f\n def __getattr__(s, n): return getattr(s.f, n)\n"
        " def __call__(s, v): return s.f(v)\np = P(jnp.sin)",
        "jax.vmap(p)(x)",
    ),
    # The order of sets.
    _order("V10-list", "list(g(D))"),
    _order("V10-joined", "' '.join(g(D)).partition(' ')[0] * 2", names=_TIES),
    _order("V10-tuple", "tuple(g(D))"),
    _order("V10-dict", "list(dict.fromkeys(g(D)))"),
    _order("V10-enumerated", "list(enumerate(g(D)))[0][1]"),
    _order("V10-zipped", "list(zip(g(D)))[0]"),
    _order("V10-next", "next(iter(g(D)))"),
    _order("V10-mapped", "[*map(str, g(D))]"),
    _order("V10-reduced", "functools.reduce(lambda a, b: a + b, g(D))"),
    _order("V10-popped", "g(D).pop()"),
    _order("V10-deque", "collections.deque(g(D))"),
    _order("V10-counted", "list(collections.Counter(g(D)))"),
    _order("V10-chained", "next(itertools.chain(g(D), 'x'))"),
    _order("V10-arguments", "h(*g(D))", before="def h(*a): return a"),
    _order("V10-extended", "h()", before="def h():\n l = []\n l.extend(g(D))\n return l"),
    _order("V10-sliced", "h()", before="def h():\n l = []\n l[:] = g(D)\n return l"),
    _order("V10-yielded", "list(h())", before="def h(): yield from g(D)"),
    _order("V10-largest-by-key", "max(g(D), key=len)", names=_TIES),
    _order("V10-sorted-by-key", "sorted(g(D), key=len)", names=_TIES),
    _order("V10-sorted", "sorted(g(D))", HIT),
    _order("V10-smallest", "min(g(D))", HIT),
    _order("V10-asked", "'a' if any(g(D)) and all(g(D)) and 'a' in g(D) and len(g(D)) > 3 else 'b'", HIT),
)
