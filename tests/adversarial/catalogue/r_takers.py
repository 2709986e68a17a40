"""R30 to R38: what takes all attributes, or asks for some by names that stand in no code that runs."""

from __future__ import annotations

import sys

from tests.adversarial.case import HIT, MISS, OK, bypass, case

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

_PROTOCOL = """class Act:
 def __call__(self, x): return x
@{0}.runtime_checkable
class P({0}.Protocol):
 def apply(self, x): ...
class M: pass
class K(M):
 lr = 1.0
 tag = 'a'
 apply = Act()
k = K()
"""
_IS = "2 if isinstance(k, P) else 3"
_GONE = (" apply = Act()\n", "")
_NONE = ("apply = Act()", "apply = None")
_MIXED = "M: go = 1; apply = 'q'"
_PROTOCOLS = [
    case
    for module in ("typing", "typing_extensions")
    for text in (_PROTOCOL.format(module),)
    for case in (
        _reads(f"R31-removed-{module}", MISS, text, _IS, _GONE),
        _reads(f"R31-none-{module}", MISS, text, _IS, _NONE),
        _reads(f"R31-class-{module}", MISS, text, "2 if issubclass(K, P) else 3", _NONE),
        _reads(f"R31-mixin-{module}", MISS, text.replace(*_GONE).replace("M: pass", _MIXED), _IS, (_MIXED, "M: pass")),
        _reads(f"R31-asked-before-{module}", MISS, text + "isinstance(k, P)", _IS, _GONE),
        _reads(
            f"R31-default-{module}",
            MISS,
            text + "@dataclasses.dataclass\nclass Q:\n lr: float = 1.0\n apply: object = print",
            "2 if issubclass(Q, P) else 3",
            ("object = print", "object = None"),
        ),
        _does(
            f"R31-made-in-trace-{module}",
            MISS,
            text,
            f"@{module}.runtime_checkable\nclass R({module}.Protocol):\n def apply(self, x): ...\n"
            "return x * (2 if isinstance(k, R) else 3)",
            _GONE,
        ),
        _does(f"R31-pattern-{module}", MISS, text, "match k:\n case P(): return x * 2\nreturn x * 3", _GONE),
        _reads(f"R31-other-{module}", HIT, text, _IS, ("tag = 'a'", "tag = 'bbb'")),
    )
]

_CONFIG = "class D:\n 'doc'\n lr = '1'\n def m(self): self.v = 1\nN = '__di' + 'ct__'\n"
_DOC = ("'doc'", "'longer doc'")
_LENGTHS = "sum(len(v) for v in {}.values() if isinstance(v, (str, tuple)))"
_DESCRIPTIONS = [
    *(
        test
        for word, before, namespace in (
            ("vars", "", "vars(D)"),
            ("attribute", "", "D.__dict__"),
            ("made-up", "", "getattr(D, N)"),
            ("getter", "G = operator.attrgetter(N)", "G(D)"),
            ("getter-made", "", "operator.attrgetter(N)(D)"),
            ("descriptor", "G = [type.__dict__['__dict__']]", "G[0].__get__(D)"),
            ("bound-descriptor", "G = type.__dict__['__dict__'].__get__", "G(D)"),
            ("held", "def g(o, vars=vars): return vars(o)", "g(D)"),
            ("held-by-another", "show = vars", "show(D)"),
        )
        for test in (
            _reads(f"R32-{word}", OK, _CONFIG + before, _LENGTHS.format(namespace), _DOC),
            _reads(
                f"R32-{word}-attributes",
                OK,
                _CONFIG + before,
                _LENGTHS.format(namespace),
                ("self.v = 1", "self.v = self.longer = 1"),
            ),
        )
    ),
    _does(
        "R32-pattern",
        MISS,
        _CONFIG,
        f"match D:\n case object(__dict__=d): return x * {_LENGTHS.format('d')}",
        _DOC,
    ),
    _reads("R32-value", MISS, _CONFIG, "len(vars(D)['lr'])", ("lr = '1'", "lr = '11'")),
    _reads("R32-same", HIT, _CONFIG, _LENGTHS.format("vars(D)")),
    # Python 3.11 does not tell the recorder whose namespace ``vars`` is asked for.
    _reads(
        "R32-object", HIT if sys.version_info >= (3, 12) else MISS, _CONFIG + "d = D()\nd.m()", "vars(d)['v']", _DOC
    ),
    _reads(
        "R32-object-attribute", HIT, "class D:\n def __init__(self): self.v = 1\nd = D()", "getattr(d, '__dict__')['v']"
    ),
    _reads(
        "R32-enumeration", MISS, "import enum\nclass D(enum.Enum):\n 'doc'\n a = 1\n", _LENGTHS.format("vars(D)"), _DOC
    ),
    _reads("R32-has", HIT, _CONFIG + "d = D()", "2 if hasattr(d, '__dict__') else 3"),
    _does(
        "R32-either",
        MISS,
        _CONFIG + "d = D()",
        f"n = 0\nfor o in (d, D): n += {_LENGTHS.format('vars(o)')}\nreturn x * n",
        _DOC,
    ),
    _reads("R32-unread", HIT, _CONFIG, "len(D.lr)", _DOC),
    _reads("R32-unread-attributes", HIT, _CONFIG, "len(D.lr)", ("self.v = 1", "self.v = self.longer = 1")),
]

_SAVED = "b = io.BytesIO()\n{}\nreturn x * len(b.getvalue())"
_LIBRARIES = [
    _does("R33-save", MISS, "", _SAVED.format("np.save(b, np.array([c], dtype=object))")),
    _does("R33-save-object", MISS, "", _SAVED.format("np.save(b, c)")),
    _does("R33-savez", MISS, "", _SAVED.format("np.savez(b, a=np.array([c], dtype=object))")),
    _does("R33-write-array", MISS, "", _SAVED.format("np.lib.format.write_array(b, np.array([c], dtype=object))")),
    _does("R33-numpy", HIT, "", "return x * np.linalg.norm(np.ones(4)) * np.median(np.ones(3)) * c.lr"),
    _reads(
        "R33-fraction", HIT, "import fractions, statistics", "float(statistics.mean([1, fractions.Fraction(c.lr)]))"
    ),
]

_FUNCTION = "def h(x):\n a = 1\n return x + a\n"
_GENERATOR = "def h(x):\n a = 1\n yield a\n"
_COROUTINE = "async def h(x):\n a = 1\n return a\n"
_MORE = (" a = 1\n", " a = 1; b = 2; c = 3\n")
_INTO_FUNCTIONS = [
    _does("R34-pattern", MISS, _FUNCTION, "match h:\n case object(__code__=co): return x * co.co_nlocals", _MORE),
    _does(
        "R34-nested",
        MISS,
        _FUNCTION,
        "match [h]:\n case [types.FunctionType(__code__=types.CodeType(co_nlocals=n))]: return x * n",
        _MORE,
    ),
    _does(
        "R34-constants",
        MISS,
        _FUNCTION,
        "match h:\n case object(__code__=types.CodeType(co_consts=n)): return x * len(n)",
        (" a = 1\n", " a = (1, 2); d = 'q'\n"),
    ),
    _does(
        "R34-method",
        MISS,
        "class H:\n def m(x):\n  a = 1\n  return a\n",
        "match H().m:\n case object(__func__=types.FunctionType(__code__=co)): return x * co.co_nlocals",
        _MORE,
    ),
    _does("R34-generator", MISS, _GENERATOR, "match h(x):\n case object(gi_code=co): return x * co.co_nlocals", _MORE),
    _reads("R34-frame", MISS, _GENERATOR, "len(h(x).gi_frame.f_code.co_varnames)", _MORE),
    _does(
        "R34-frame-pattern",
        MISS,
        _GENERATOR,
        "match h(x):\n case object(gi_frame=fr): return x * len(fr.f_code.co_varnames)",
        _MORE,
    ),
    _does(
        "R34-coroutine",
        MISS,
        _COROUTINE,
        "made = h(x)\nn = len(made.cr_frame.f_code.co_varnames)\nmade.close()\nreturn x * n",
        _MORE,
    ),
    _reads(
        "R34-async-generator",
        MISS,
        "async def h(x):\n a = 1\n yield a\n",
        "len(h(x).ag_frame.f_code.co_varnames)",
        _MORE,
    ),
    *(
        _reads(f"R34-descriptor-{i}", bypass("dynamic_scope"), f"{_FUNCTION}D = {held}\n", f"{use}.co_nlocals", _MORE)
        for i, (held, use) in enumerate(
            (
                ("types.FunctionType.__dict__['__code__'].__get__", "D(h)"),
                ("[types.FunctionType.__dict__['__code__']]", "D[0].__get__(h)"),
            )
        )
    ),
    _reads(
        "R34-own-slot",
        HIT,
        "class S:\n __slots__ = ('lineno',)\ns = S(); s.lineno = 2\nD = [S.lineno]\n",
        "D[0].__get__(s)",
    ),
    _does("R34-unread", HIT, _FUNCTION, "match h:\n case object(__name__=n): return x * len(n)", _MORE),
]

_LAZY = "class L:\n def __init__(self): self.lr = 1.0; self.__dict__['_w'] = 2.0\n"
_CACHED = " @functools.cached_property\n def width(self): return 9.0\n"
_SET = ("['_w'] = 2.0", "['_w'] = 3.0")
_MEMOS = [
    _reads("R35-other-name", MISS, _LAZY + _CACHED + "L.__dict__['width'].attrname = '_w'\nn = L()", "n.width", _SET),
    _reads(
        "R35-alias",
        MISS,
        _LAZY.replace("'_w'", "'width'") + _CACHED + "L.b = L.__dict__['width']\nn = L()",
        "n.b",
        ("['width'] = 2.0", "['width'] = 3.0"),
    ),
    _reads(
        "R35-named",
        MISS,
        _LAZY + "p = functools.cached_property(lambda self: 9.0)\np.__set_name__(L, '_w')\nL.b = p\nn = L()",
        "n.b",
        _SET,
    ),
    _reads(
        "R35-held",
        MISS,
        _LAZY + "p = functools.cached_property(lambda self: 9.0)\np.__set_name__(L, '_w')\nn = L()",
        "p.__get__(n)",
        _SET,
    ),
    _reads(
        "R35-own-name", MISS, _LAZY.replace("'_w'", "'width'") + _CACHED + "n = L()", "n.width", ("] = 2.0", "] = 3.0")
    ),
    _reads("R35-unread", HIT, _LAZY + _CACHED + "n = L()\nn.width", "n.width", _SET),
]

_FIELD = "@dataclasses.dataclass\nclass Q:\n run: str = 'a'\n lr: str = 'q'\nq = Q('q', 'q')\n"
_LABELS = [
    _reads(
        "R36-equals-sign",
        MISS,
        _FIELD + "vars(q)['run='] = 1\nG = [q]",
        "len(dataclasses.fields(Q)[0].default) * len(G[0].lr)",
        ("str = 'a'", "str = 'aaa'"),
    ),
    _reads(
        "R36-surrogate",
        MISS,
        "vars(c)['k?'] = 2.0\nvars(c)['k\\ud800'] = 1\nG = [c]",
        "G[0].lr * G[0].__getattribute__('k' + '?')",
        ("2.0\n", "3.0\n"),
    ),
    _reads("R36-default", HIT, _FIELD + "G = [q]", "len(G[0].lr)", ("str = 'a'", "str = 'aaa'")),
]

_NODE = "class Node: _fields = ('a', 'b')\nn = Node(); n.a = ast.parse('1'); n.b = ast.parse('2'); n.note = 'a'\n"
_LESS = ("('a', 'b')", "('a',)")
_TREES = [
    _reads("R37-children", MISS, _NODE, "sum(1 for _ in ast.iter_child_nodes(n))", _LESS),
    _reads("R37-fields", MISS, _NODE, "sum(1 for _ in ast.iter_fields(n))", _LESS),
    _reads("R37-walk", MISS, _NODE, "sum(1 for _ in ast.walk(n))", _LESS),
    _reads("R37-unread", HIT, _NODE, "sum(1 for _ in ast.iter_child_nodes(n))", ("note = 'a'", "note = 'bbb'")),
]

# With a character that is a part of identifiers, and that no regular expression takes for one of a word.
_MARKS = "vars(c)['क\u093f'] = 2.0\nN = 'क\u093f'\n"
_HALF = ("= 2.0\nN", "= 3.0\nN")
_SPELLED = [
    _reads("R38-made-up", MISS, _MARKS, "getattr(c, N)", _HALF),
    _reads("R38-constant", MISS, _MARKS, "getattr(c, 'क\u093f')", _HALF),
    _reads("R38-getter", MISS, _MARKS + "G = operator.attrgetter(N)", "G(c)", _HALF),
    _reads("R38-format", MISS, _MARKS, "float(('{0.' + N + '}').format(c))", _HALF),
    _does("R38-pattern", MISS, _MARKS, "match c:\n case C(क\u093f=v): return x * v", _HALF),
    _reads("R38-unread", HIT, _MARKS, "getattr(c, 'l' + N[:0] + 'r')", _HALF),
]

CASES = [
    *_HELD,
    *_PROTOCOLS,
    *_DESCRIPTIONS,
    *_LIBRARIES,
    *_INTO_FUNCTIONS,
    *_MEMOS,
    *_LABELS,
    *_TREES,
    *_SPELLED,
]
