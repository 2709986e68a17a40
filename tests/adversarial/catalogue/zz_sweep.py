"""What a sweep over the language and the standard library found: direct hits with the result of another process."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_MEMO = "@functools.cache\ndef g(k=1): return k\n"
_VARIABLE = "import contextvars\nV = contextvars.ContextVar('case_zs', default=2)\ndef f(x): return x * V.get(5)"
_LOGGER = "import logging\nL = logging.getLogger('case_zs')\nL.setLevel(10)\nL.propagate = False\nLOG = []\n"
_HANDLER = "class H(logging.Handler):\n out = None\n def emit(s, r): {}\n"
_LOGS = "def f(x):\n L.info('a')\n return x * (2 + len(LOG))\n"
_UNDO = "def undo():\n L.handlers.clear()\n L.filters.clear()\n vars(L).pop('k', None)\n"

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
    # Loggers.
    case("ZS04-attribute", MISS, _LOGGER + "L.k = 2\ndef f(x): return x * L.k\n" + _UNDO, ("k = 2", "k = 3")),
    case(
        "ZS04-counted",
        bypass("trace_side_effect"),
        _LOGGER + "L.k = 0\ndef f(x):\n L.k += 1\n return x * 2\ndef observe(): return L.k\n" + _UNDO,
    ),
    case(
        "ZS04-level",
        MISS,
        _LOGGER + "L.addHandler(logging.NullHandler(level=5))\ndef f(x): return x * L.handlers[0].level\n" + _UNDO,
        ("=5", "=7"),
    ),
    case(
        "ZS04-has-handlers",
        bypass("opaque_callable"),
        _LOGGER + "h = logging.NullHandler()\ndef f(x): return x * (2 if L.hasHandlers() else 3)\n" + _UNDO,
        only_b="L.addHandler(h)",
    ),
    case(
        "ZS04-manager",
        bypass("opaque_callable"),
        _LOGGER + "def f(x): return x * (2 if 'zs' in L.manager.loggerDict else 3)",
    ),
    case("ZS04-parent", bypass("opaque_callable"), _LOGGER + "def f(x): return x * (2 + len(L.parent.handlers))"),
    case(
        "ZS04-manager-of-class",
        bypass("opaque_callable"),
        "import logging\ndef f(x): return x * (2 if 'zs' in logging.Logger.manager.loggerDict else 3)",
    ),
    case("ZS04-child", bypass("opaque_callable"), _LOGGER + "def f(x): return x * (2 + len(L.getChild('a').handlers))"),
    case("ZS04-child-made", bypass("opaque_callable"), _LOGGER + "def f(x):\n L.getChild('a')\n return x * 2"),
    case(
        "ZS05-handler",
        MISS,
        _LOGGER + _HANDLER.format("LOG.append(1)") + "L.addHandler(logging.NullHandler())\n" + _LOGS + _UNDO,
        ("logging.NullHandler()", "H()"),
    ),
    case(
        "ZS05-handler-edited",
        MISS,
        _LOGGER + _HANDLER.format("OUT.append(1)") + "OUT = []\nL.addHandler(H())\n" + _LOGS + _UNDO,
        ("OUT.append", "LOG.append"),
    ),
    case(
        "ZS05-helper-edited",
        MISS,
        _LOGGER + _HANDLER.format("note()") + "def note(): pass\nL.addHandler(H())\n" + _LOGS + _UNDO,
        ("def note(): pass", "def note(): LOG.append(1)"),
    ),
    case(
        "ZS05-handler-leads-elsewhere",
        MISS,
        _LOGGER + _HANDLER.format("s.out.append(1)") + "h = H()\nh.out = []\nL.addHandler(h)\n" + _LOGS + _UNDO,
        only_b="h.out = LOG",
    ),
    case(
        "ZS05-handler-changes-what-is-read",
        bypass("trace_side_effect"),
        _LOGGER + _HANDLER.format("LOG.append(1)") + "L.addHandler(H())\n" + _LOGS + _UNDO,
    ),
    case(
        "ZS05-handler-keeps-records",
        HIT,
        _LOGGER + _HANDLER.format("s.out.append(1)") + "h = H()\nh.out = []\nL.addHandler(h)\n" + _LOGS + _UNDO,
        only_b="L.warning('b')",
    ),
    case(
        "ZS05-handler-of-parent",
        MISS,
        _LOGGER + _HANDLER.format("LOG.append(1)") + _LOGS.replace("L.", "M.") + "M = logging.getLogger('case_zs.b')\n"
        "M.setLevel(10)\nL.addHandler(logging.NullHandler())\n" + _UNDO,
        ("logging.NullHandler()", "H()"),
    ),
    case(
        "ZS05-filter",
        MISS,
        _LOGGER + "L.addFilter(lambda r: True)\n" + _LOGS + _UNDO,
        ("lambda r: True", "lambda r: LOG.append(1)"),
    ),
    case(
        "ZS05-formatter",
        MISS,
        _LOGGER + "import io\nclass F(logging.Formatter):\n def format(s, r):\n  LOG.append(1)\n  return ''\n"
        "h = logging.StreamHandler(io.StringIO())\nL.addHandler(h)\n" + _LOGS + _UNDO,
        only_b="h.setFormatter(F())",
    ),
    case(
        "ZS05-file",
        HIT,
        _LOGGER + "class H(logging.FileHandler): pass\nL.addHandler(H(os.devnull))\n" + _LOGS + _UNDO,
    ),
)
