"""What a sweep over the language and the standard library found: direct hits with the result of another process."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, Process, bypass, case

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
_TYPE = "import typing\nT = typing.TypeVar('T')\ndef f(x): return x * (2 if {} else 3)"
_KEY = "K = functools.cmp_to_key(lambda a, b: a - b)\ndef f(x): return x * sorted([3, 2, 5], key=K)[0]"
_VALUES = (
    ("struct", "import struct\nV = struct.Struct('<i')\ndef f(x): return x * V.size", ("<i", "<q")),
    ("match", "import re\nV = re.match('a+', 'aab')\ndef f(x): return x * V.end()", ("'aab'", "'aaab'")),
    ("match-end", "import re\nV = re.compile('a').match('aab', 0)\ndef f(x): return x * (2 + V.pos)", (", 0)", ", 1)")),
    ("memory", "V = memoryview(b'abc')\ndef f(x): return x * V[0]", ("abc", "bbc")),
    ("memory-part", "V = memoryview(b'aba')[:2]\ndef f(x): return x * V[1]", ("[:2]", "[1:]")),
    ("memory-owner", "V = memoryview(b'aba')[:2]\ndef f(x): return x * len(V.obj)", ("aba", "abab")),
    ("key", _KEY, ("a - b", "b - a")),
)
_HANDLED = "import codecs\ncodecs.register_error('zs', codecs.replace_errors)\n"
_HANDLED += "def f(x): return x * (1 + len('\u00e9'.encode('ascii', 'zs')))"
# No handler can be taken back: one that differs would count for all code of its process that names ``str``.
_APART = Process(env=(("CODECS", "zs"),))
_SOUGHT = (
    "import codecs\ndef s(n): return codecs.lookup('utf-8') if n == 'zs14enc' else None\ncodecs.register(s)\n"
    "'a'.encode('zs14enc')\ndef f(x): return x * len('\u00e9'.encode('zs14enc'))\ndef undo(): codecs.unregister(s)"
)
_ORDER = "O = collections.OrderedDict(a=2, b=3)\ndef f(x): return x * next(iter({}))"

_ADDED = "import {0}\nC = {0}.{2}\n{0}.{1}.k = 2\ndef f(x): return x * C.k\ndef undo(): del {0}.{1}.k"


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
    case("ZS04-parent", bypass("opaque_callable"), _LOGGER + "def f(x): return x * len(L.parent.name)"),
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
    # Values that tell more than was told.
    case("ZS11-covariant", MISS, _TYPE.format("T.__covariant__"), ("('T')", "('T', covariant=True)")),
    case("ZS11-text", MISS, _TYPE.format("repr(T) == '~T'"), ("('T')", "('T', contravariant=True)")),
    case(
        "ZS11-parameters",
        MISS,
        "import typing\nP = typing.ParamSpec('P')\ndef f(x): return x * len(repr(P))",
        ("('P')", "('P', covariant=True)"),
    ),
    case("ZS11-same", HIT, _TYPE.format("T.__covariant__")),
    case(
        "ZS11-unpacked",
        MISS,
        "T = tuple[int]\ndef f(x): return x * (2 if T.__unpacked__ else 3)",
        ("T = tuple[int]", "T = next(iter(tuple[int]))"),
    ),
    case(
        "ZS11-uuid",
        MISS,
        "import uuid\nU = uuid.UUID(int=5)\ndef f(x): return x * (2 if U.is_safe is uuid.SafeUUID.safe else 3)",
        ("int=5", "int=5, is_safe=uuid.SafeUUID.safe"),
    ),
    case("ZS11-uuid-same", HIT, "import uuid\nU = uuid.UUID(int=5)\ndef f(x): return x * U.int"),
    # What describes, and what leads back to the process.
    _reads(
        "ZS12-callback", "R.__callback__ is None", "import weakref\ndef g(): pass\nR = weakref.ref(g)", "unknown_object"
    ),
    _reads("ZS12-traceback", "E.__traceback__ is None", "E = ValueError('a')", "dynamic_scope"),
    _reads(
        "ZS12-text-signature", "len(g.__text_signature__)", "def g(): pass\ng.__text_signature__ = 'a'", "dynamic_scope"
    ),
    _reads(
        "ZS12-attributes", "len(C.__static_attributes__)", "class C: __static_attributes__ = ('a',)", "dynamic_scope"
    ),
    case(
        "ZS12-code-of-generator",
        MISS,
        "def g(): yield 2\ndef f(x): return x * (1 + len(g().gi_code.co_names))",
        ("yield 2", "yield len([abs])"),
    ),
    # Values of the standard library that were refused.
    *(case(f"ZS13-{name}", MISS, program, edit) for name, program, edit in _VALUES),
    *(case(f"ZS13-{name}-same", HIT, program) for name, program, _ in _VALUES),
    case(
        "ZS13-memory-of-list", bypass("unknown_object"), "V = memoryview(bytearray(b'abc'))\ndef f(x): return x * V[0]"
    ),
    # The order of an OrderedDict as a dictionary.
    case(
        "ZS14-order",
        MISS,
        _ORDER.format("dict.values(O)"),
        ("a=2, b=3)", "b=3, a=2)\nO.move_to_end('b')"),
    ),
    case("ZS14-order-same", HIT, _ORDER.format("O.values()"), ("a=2, b=3)", "c=1, a=2, b=3)\nO.pop('c')")),
    # Encodings that somebody has registered.
    case("ZS15-handler", MISS, _HANDLED, ("replace_errors", "ignore_errors"), a=_APART, b=_APART),
    case("ZS15-handler-same", HIT, _HANDLED),
    case("ZS15-search", MISS, _SOUGHT, ("'utf-8'", "'latin-1'")),
    case("ZS15-search-same", HIT, _SOUGHT),
    case("ZS15-stock", HIT, "def f(x): return x * len('\u00e9'.encode('utf-8'))"),
    # What somebody has added to the classes of values.
    case("ZS16-path", MISS, _ADDED.format("pathlib", "PurePath", "PurePath('a')"), ("k = 2", "k = 3")),
    case("ZS16-uuid", MISS, _ADDED.format("uuid", "UUID", "UUID(int=3)"), ("k = 2", "k = 3")),
    case("ZS16-path-same", HIT, "import pathlib\nP = pathlib.Path('a')\ndef f(x): return x * len(P.parts)"),
)
