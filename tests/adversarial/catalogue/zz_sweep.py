"""What a sweep over the language and the standard library found: direct hits with the result of another process."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_MEMO = "@functools.cache\ndef g(k=1): return k\n"
_VARIABLE = "import contextvars\nV = contextvars.ContextVar('case_zs', default=2)\ndef f(x): return x * V.get(5)"

CASES = (
    # Memos.
    case(
        "ZS01-attribute",
        MISS,
        _MEMO + "g.scale = 2\ndef f(x): return x * g() * g.scale",
        ("g.scale = 2", "g.scale = 3"),
    ),
    case("ZS01-added", MISS, _MEMO + "def f(x): return x * g() * getattr(g, 'scale', 2)", only_b="g.scale = 3"),
    case("ZS01-same", HIT, _MEMO + "g.scale = 2\ndef f(x): return x * g() * g.scale"),
    case("ZS01-described", HIT, _MEMO + "def f(x): return x * g()", only_b="g.__doc__ = 'a'"),
    case(
        "ZS01-counted",
        bypass("trace_side_effect"),
        _MEMO + "g.n = 0\ndef f(x):\n g.n += 1\n return x * 2\ndef observe(): return g.n",
    ),
    case(
        "ZS02-cleared",
        bypass("trace_side_effect", "memo_prewarmed"),
        "K = 3\n@functools.cache\ndef g(): return K\ndef f(x):\n v = g()\n g.cache_clear()\n return x * v\nK = 2\ng()\nK = 3",
        ("K = 2\ng()\nK = 3", ""),
    ),
    case(
        "ZS02-cleared-in-C",
        bypass("trace_side_effect", "memo_prewarmed"),
        "import operator\nC = operator.methodcaller('cache_clear')\nK = 3\n@functools.cache\ndef g(): return K\n"
        "def f(x):\n v = g()\n C(g)\n return x * v\nK = 2\ng()\nK = 3",
    ),
    case("ZS02-cleared-before", HIT, _MEMO + "def f(x): return x * g()", only_b="g(2)\ng.cache_clear()"),
    case("ZS02-info", bypass("memo_prewarmed"), _MEMO + "def f(x): return x * (1 + g.cache_info().currsize)"),
    case(
        "ZS02-wrapped-lies",
        bypass("unknown_object"),
        "import json\n@functools.cache\ndef g(): return 2\nfunctools.update_wrapper(g, json.dumps)\ndef f(x): return x * g()",
        ("return 2", "return 3"),
    ),
    # Context variables.
    case("ZS03-set-to-default", MISS, _VARIABLE, only_b="V.set(2)"),
    case("ZS03-set-alike", HIT, _VARIABLE + "\nV.set(3)"),
    case("ZS03-default", HIT, _VARIABLE),
)
