"""What a sweep over the language and the standard library found: direct hits with the result of another process."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, bypass, case

_MEMO = "@functools.cache\ndef g(k=1): return k\n"
_VARIABLE = "import contextvars\nV = contextvars.ContextVar('case_zs', default=2)\ndef f(x): return x * V.get(5)"
_LOGGER = "import logging\nL = logging.getLogger('case_zs')\nL.setLevel(10)\nL.propagate = False\nLOG = []\n"
_HANDLER = "class H(logging.Handler):\n out = None\n def emit(s, r): {}\n"
_LOGS = "def f(x):\n L.info('a')\n return x * (2 + len(LOG))\n"
_UNDO = "def undo():\n L.handlers.clear()\n L.filters.clear()\n vars(L).pop('k', None)\n"
_STREAM = "class W:\n encoding = 'utf-8'\n def write(s, t): {}\n def flush(s): pass\nold = sys.stdout\nLOG = []\n"
_PRINTS = "def f(x):\n print('a')\n return x * (2 + len(LOG))\ndef undo(): sys.stdout = old\n"
_WARNS = (
    "import warnings\nLOG = []\ndef f(x):\n warnings.warn('zs07')\n return x * (2 + len(LOG))\n"
    "old, kept = warnings.showwarning, warnings.filters[:]\n"
    "def undo():\n warnings.showwarning = old\n warnings.filters[:] = kept\n warnings._filters_mutated()"
)
_PARSE = "import urllib.parse as up\nold = [up.uses_relative[:], up.uses_netloc[:]]\n"
_PARSE += "def f(x): return x * len(up.urljoin('zs://a/b', 'c'))\n"
_PARSE += "def undo(): up.uses_relative[:], up.uses_netloc[:] = old"
_XML = "import xml.etree.ElementTree as ET\ndef f(x): return x * len(ET.tostring(ET.Element('{u}a'), 'unicode'))\n"
_XML += "def undo(): ET._namespace_map.pop('u', None)"
_JSON = "import json\nold = json.JSONEncoder.default\ndef undo(): json.JSONEncoder.default = old\n"
_GENERATES = (
    "LOG = []\ndef f(x):\n async def ag(): yield 2\n a = ag()\n try: a.__anext__().send(None)\n"
    " except StopIteration as e: return x * e.value * (1 + len(LOG))\ndef undo(): sys.set_asyncgen_hooks(None, None)"
)


def _reads(id: str, expression: str, before: str = "", reason: str = "time_read") -> Case:
    return case(id, bypass(reason), f"{before}\ndef f(x): return x * (0 * int({expression}) + 2)")


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
    # Streams and warnings.
    case("ZS06-stdout", MISS, _STREAM.format("LOG.append(1)") + _PRINTS, only_b="sys.stdout = W()"),
    case("ZS06-stdout-that-fails", MISS, _STREAM.format("raise ValueError('no')") + _PRINTS, only_b="sys.stdout = W()"),
    case(
        "ZS06-stdout-of-python",
        HIT,
        _STREAM.format("pass") + _PRINTS,
        only_b="import io\nsys.stdout = io.StringIO()",
    ),
    case(
        "ZS07-shown-otherwise",
        MISS,
        _WARNS,
        only_b="warnings.simplefilter('always')\nwarnings.showwarning = lambda *a, **k: LOG.append(1)",
    ),
    case("ZS07-shown", HIT, _WARNS, only_b="warnings.showwarning = warnings._showwarning_orig"),
    # Tables and hooks that functions of the standard library go by.
    case("ZS08-schemes", MISS, _PARSE, only_b="up.uses_relative.append('zs')\nup.uses_netloc.append('zs')"),
    case("ZS08-schemes-same", HIT, _PARSE),
    case("ZS08-namespace", MISS, _XML, only_b="ET.register_namespace('pppp', 'u')"),
    case("ZS08-namespace-imported", HIT, "def f(x): return x * 2", only_b="import xml.etree.ElementTree"),
    case(
        "ZS08-extension",
        MISS,
        "import copyreg, pickle\nclass P: pass\np = P()\ndef f(x): return x * len(pickle.dumps(p))\n"
        "def undo(): copyreg._extension_registry.clear(), copyreg._inverted_registry.clear()",
        only_b="copyreg.add_extension(P.__module__, 'P', 77)",
    ),
    _reads("ZS08-entities", "len(html.unescape('&zz26;'))", "import html, html.entities", "opaque_callable"),
    case("ZS08-asyncgen-hooks", MISS, _GENERATES, only_b="sys.set_asyncgen_hooks(lambda g: LOG.append(1), None)"),
    case("ZS08-asyncgen-hooks-none", HIT, _GENERATES),
    case(
        "ZS09-encoder",
        MISS,
        _JSON
        + "class O: pass\no = O()\ndef f(x):\n try: return x * len(json.dumps(o))\n except TypeError: return x * 2",
        only_b="json.JSONEncoder.default = lambda s, o: 'abcdef'",
    ),
    case("ZS09-encoder-same", HIT, _JSON + "def f(x): return x * len(json.dumps([1]))"),
    # Clocks, counters and the state of the process below functions of the standard library.
    _reads("ZS10-gzip", "gzip.compress(b'a')[4]", "import gzip"),
    _reads("ZS10-gzip-file", "gzip.GzipFile(fileobj=io.BytesIO(), mode='w').write(b'a')", "import gzip, io"),
    _reads("ZS10-zip", "zipfile.ZipFile(io.BytesIO(), 'w').writestr('a', 'b') or 2", "import zipfile, io"),
    case(
        "ZS10-gzip-read",
        HIT,
        "import gzip\nZ = gzip.compress(b'ab', mtime=0)\ndef f(x): return x * len(gzip.decompress(Z))",
    ),
    _reads("ZS10-record", "logging.makeLogRecord({}).process", "import logging", "opaque_callable"),
    _reads(
        "ZS10-record-class",
        "logging.LogRecord('a', 1, 'b', 1, 'c', (), None).created % 9",
        "import logging",
        "opaque_callable",
    ),
    _reads("ZS10-thread", "len(threading.Thread(target=print).name)", reason="opaque_callable"),
    _reads("ZS10-cache-token", "1 + abc.get_cache_token()", "import abc", "opaque_callable"),
    _reads("ZS10-seconds", "int(D.strftime('%s')) % 86400 + 1", "import datetime\nD = datetime.datetime(2024, 1, 1)"),
    case(
        "ZS10-year",
        HIT,
        "import datetime\nD = datetime.datetime(2024, 1, 1)\ndef f(x): return x * int(D.strftime('%Y'))",
    ),
    _reads("ZS10-link", "2 if os.path.islink('bin') else 3", reason="file_read_untracked"),
)
