"""MM: memos of the user's that the program itself has filled before the call, from a state that is no more."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, case

_TABLE = "CFG = {'heads': 2.0}\n@functools.lru_cache\ndef table(n): return n * CFG['heads']\n"
_CLASS = "CFG = {'heads': 2.0}\nclass M:\n"
_WRAPS = (
    "def logged(g):\n @functools.wraps(g)\n def inner(*a): return g(*a)\n return inner\n"
    "CFG = {'heads': 2.0}\n@functools.lru_cache\n@logged\ndef table(n): return n * CFG['heads']\n"
)
_AROUND = (
    "def logged(g):\n @functools.wraps(g)\n def inner(*a): return g(*a)\n return inner\n"
    "CFG = {'heads': 2.0}\n@logged\n@functools.lru_cache\ndef table(n): return n * CFG['heads']\n"
)
_CLOSURE = (
    "CFG = {'heads': 2.0}\ndef make():\n @functools.cache\n def table(n): return n * CFG['heads']\n"
    " def f(x): return x * table(3)\n return f, table\nf, table = make()\n"
)
_IN_DICT = "CFG = {'heads': 2.0}\nT = {'table': functools.cache(lambda n: n * CFG['heads'])}\ndef f(x): return x * T['table'](3)\n"
_OF_METHOD = (
    _CLASS
    + " def __init__(s): s.table = functools.lru_cache(s.compute)\n def compute(s, n): return n * CFG['heads']\n"
    + "m = M()\ndef f(x): return x * m.table(3)\n"
)
_JITTED = _TABLE + "@jax.jit\ndef g(x): return x * table(3)\ndef f(x): return g(x) + 1\n"
# What only a trace does whose condition holds.
_NOT_RUN = _TABLE + "ON = False\ndef f(x): return x * table(3) if ON else x * 2\n"

_MEMOS = {
    "function": (_TABLE + "def f(x): return x * table(3)\n", "table(3)"),
    "method": (
        _CLASS
        + " @functools.cache\n def table(s, n): return n * CFG['heads']\nm = M()\ndef f(x): return x * m.table(3)\n",
        "m.table(3)",
    ),
    "staticmethod": (
        _CLASS
        + " @staticmethod\n @functools.cache\n def table(n): return n * CFG['heads']\ndef f(x): return x * M.table(3)\n",
        "M.table(3)",
    ),
    "classmethod": (
        _CLASS
        + " @classmethod\n @functools.cache\n def table(c, n): return n * CFG['heads']\ndef f(x): return x * M.table(3)\n",
        "M.table(3)",
    ),
    "partial": (_TABLE + "p = functools.partial(table, 3)\ndef f(x): return x * p()\n", "p()"),
    "of-partial": (
        "CFG = {'heads': 2.0}\ndef table(k, n): return n * CFG['heads']\np = functools.cache(functools.partial(table, 1))\n"
        "def f(x): return x * p(3)\n",
        "p(3)",
    ),
    "of-method": (_OF_METHOD, "m.table(3)"),
    "of-wrapper": (_WRAPS + "def f(x): return x * table(3)\n", "table(3)"),
    "wrapped": (_AROUND + "def f(x): return x * table(3)\n", "table(3)"),
    "closure": (_CLOSURE, "table(3)"),
    "in-dict": (_IN_DICT, "T['table'](3)"),
    "property": (
        _TABLE + "class M:\n @property\n def value(s): return table(3)\nm = M()\ndef f(x): return x * m.value\n",
        "m.value",
    ),
    "maxsize": (
        _TABLE.replace("lru_cache", "lru_cache(maxsize=2, typed=True)") + "def f(x): return x * table(3)\n",
        "table(3)",
    ),
    "of-memo": (_TABLE + "outer = functools.cache(table)\ndef f(x): return x * outer(3)\n", "outer(3)"),
    "inner-of-memo": (_TABLE + "outer = functools.cache(table)\ndef f(x): return x * outer(3)\n", "table(3)"),
    "inner-jit": (_JITTED, "table(3)"),
    "static": (
        _TABLE + "def f(x, t): return x * t(3)\nOPTIONS = {'static_argnums': 1}\nARGS = (X, table)\n",
        "table(3)",
    ),
    "whole": (  # under a footprint that prunes nothing
        _TABLE + "def g(a): return a\ndef f(x): return x * table(3) * g.__code__.co_argcount\n",
        "table(3)",
    ),
}


def _filled(name: str, expected: str, program: str, fill: str) -> Case:
    return case(f"MM01-{name}", expected, program, only_a="CFG['heads'] = 4.0", only_b=f"{fill}\nCFG['heads'] = 4.0")


CASES = (
    *(_filled(name, MISS, *memo) for name, memo in _MEMOS.items()),
    *(case(f"MM02-{name}-empty", HIT, program, only_b="CFG['heads']") for name, (program, _) in _MEMOS.items()),
    *(
        case(f"MM03-{name}-cleared", HIT, program, only_b=f"{fill}\ntable.cache_clear()")
        for name, (program, fill) in _MEMOS.items()
        if name in ("function", "closure", "static")
    ),
    _filled("not-run", HIT, _NOT_RUN, "table(3)"),
    _filled(
        "not-run-method",
        HIT,
        _CLASS + " k = 2\n @functools.cache\n def table(s, n): return n * s.k\nm = M()\ndef f(x): return x * m.k\n",
        "m.table(3)",
    ),
    _filled(
        "not-run-whole",
        HIT,
        _TABLE
        + "def make():\n n = 3\n def f(x):\n  nonlocal n\n  n = float(n)\n  return x * n if n else table(3)\n return f\nf = make()\n",
        "table(3)",
    ),
)
