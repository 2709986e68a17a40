"""R30: what takes all attributes, or asks for some by names that stand in no code that runs."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, case

_IMPORTS = (
    "import ast, copy, dataclasses, functools, io, operator, pickle, types, typing, typing_extensions, zlib\n"
    "class C:\n def __init__(self): self.lr = 2.0; self.run = 'a'\nc = C()\n"
)
_RUN = ("self.run = 'a'", "self.run = 'bbb'")


def _does(id: str, expected: str, before: str, body: str, *edits: tuple[str, str]) -> object:
    lines = "".join(f" {line}\n" for line in body.splitlines())
    return case(id, expected, f"{_IMPORTS}{before}\ndef f(x):\n{lines}", *(edits or (_RUN,)))


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str]) -> object:
    return _does(id, expected, before, f"return x * ({expression})", *edits)


# A function that takes all attributes, under its own name, which stands in no code as a name that is looked up.
_HELD = [
    _reads("R30-default", MISS, "def g(o, dumps=pickle.dumps): return zlib.crc32(dumps(o)) % 1000", "g(c)"),
    _reads("R30-keyword-default", MISS, "def g(o, *, dumps=pickle.dumps): return len(dumps(o))", "g(c)"),
    _reads(
        "R30-cell", MISS, "def mk():\n dumps = pickle.dumps\n def g(): return len(dumps(c))\n return g\ng = mk()", "g()"
    ),
    _reads(
        "R30-method", MISS, "class H:\n def g(self, o, dumps=pickle.dumps): return len(dumps(o))\nh = H()", "h.g(c)"
    ),
    _reads(
        "R30-reduce",
        MISS,
        "def g(o, __reduce_ex__=object.__reduce_ex__): return len(__reduce_ex__(o, 2)[2]['run'])",
        "g(c)",
    ),
    _reads(
        "R30-state",
        MISS,
        "def g(o, __getstate__=object.__getstate__): return len(__getstate__(o)['run'])",
        "g(c)",
    ),
    _reads(
        "R30-bound",
        MISS,
        "def mk(__reduce_ex__):\n def g(): return __reduce_ex__(2)\n return g\ng = mk(c.__reduce_ex__)",
        "len(g()[2]['run'])",
    ),
    case(
        "R30-static",
        MISS,
        _IMPORTS + "ARGS = (X, pickle.dumps)\nOPTIONS = {'static_argnums': (1,)}\n"
        "def f(x, dumps): return x * len(dumps(c))",
        _RUN,
    ),
    case(
        "R30-static-keyword",
        MISS,
        _IMPORTS + "ARGS = (X,)\nKWARGS = {'dumps': pickle.dumps}\nOPTIONS = {'static_argnames': ('dumps',)}\n"
        "def f(x, dumps): return x * len(dumps(c))",
        _RUN,
    ),
    _does(
        "R30-pattern",
        MISS,
        "class S: dumps = pickle.dumps\ns = S()",
        "match s:\n case S(dumps=d): return x * len(d(c))",
    ),
    _does("R30-pattern-own", MISS, "", "match c:\n case C(__reduce_ex__=d): return x * len(d(2)[2]['run'])"),
    _reads("R30-unread", HIT, "def g(o, length=len): return length(o)", "g('aa') * c.lr"),
    _does("R30-pattern-unread", HIT, "", "'vars of it'\nmatch c:\n case C(lr=v): return x * v"),
    _reads("R30-global-unrun", HIT, "dumps = pickle.dumps\ndef g(o): return len(dumps(o))", "c.lr"),
]

CASES = [
    *_HELD,
]
