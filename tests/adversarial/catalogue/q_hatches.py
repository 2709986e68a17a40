"""Q: what the user vouches for, and what a trace reads around it: files, pure functions, registered fingerprints."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_IMPORTS = "import jitserve as J, functools, pathlib\n"
_THERE = "old = os.getcwd()\nos.chdir(os.path.dirname(__file__))\ndef undo(): os.chdir(old)\n"
_CONTENTS = ("'2'", "'3'")
_OTHER = ("F = J.File('t')", "F = J.File('t.csv')")
_VALUE = ("2.0", "3.0")


def _file(id: str, expected: str, read: str, *edit: tuple[str, str], before: str = "") -> object:
    """A file of the same name in the directories that the two processes run in, read by an expression."""
    write = "text = '2'\npathlib.Path('t').write_text(text)\npathlib.Path('t.csv').write_text(text)\n"
    return case(id, expected, f"{_IMPORTS}{_THERE}{write}{before}\ndef f(x): return x * ({read})", *edit)


def _hatch(id: str, expected: str, before: str, expression: str, *edit: tuple[str, str]) -> object:
    return case(id, expected, f"{_IMPORTS}{before}\ndef f(x): return x * ({expression})", *edit)


_TEXT = "float(J.File('t').text())"
_HOLDER = "class Holder:\n def __init__(self): self.file = J.File('t')"
_PATH = bypass("file_read_untracked")
_PURE = "@J.pure(version=1)\n"
_WRAPPED = "def top(): return 1.0\ndef make(k):\n @functools.wraps(top)\n def inner(): return k\n return inner\n"
_RENAMED = "def make(k):\n def inner(): return k\n inner.__qualname__ = 'inner'\n return inner\n"
_COMPILER = """class Dispatcher:
 def __init__(self, function):
  functools.update_wrapper(self, function)
  self.function, self.state = function, iter([1])
 def __call__(self): return self.function()
"""
_ANOTHER = bypass("opaque_callable")
_CLASS = "class C: pass\nh, g = C(), C()\nh.v = 2.0\ng.v = 2.0\ng.o = h\nh.o = g\n"
_OF_OBJECT = ("h.v = 2", "h.v = 3")
_LEADS_BACK = bypass("unknown_object")

CASES = (
    _file("Q01-captured", MISS, "float(F.text())", _CONTENTS, before="F = J.File('t')"),
    _file("Q01-captured-same", HIT, "float(F.text())", before="F = J.File('t')"),
    _file("Q01-elsewhere", HIT, "float(F.text())", _OTHER, before="F = J.File('t')"),
    _file("Q02-made-in-trace", MISS, _TEXT, _CONTENTS),
    _file("Q02-made-in-trace-same", HIT, _TEXT),
    _file("Q02-bytes", MISS, "float(J.File('t').bytes())", _CONTENTS),
    _file("Q02-digest", MISS, "float(J.File('t').digest()[0])", _CONTENTS),
    _file("Q02-by-partial", MISS, "float(make().text())", _CONTENTS, before="make = functools.partial(J.File, 't')"),
    _file("Q02-by-map", MISS, "float(list(map(J.File, ['t']))[0].text())", _CONTENTS),
    _file("Q02-by-helper", MISS, "float(Holder().file.text())", _CONTENTS, before=_HOLDER),
    _file("Q03-suffix", _PATH, "len(pathlib.Path(F).suffix)", _OTHER, before="F = J.File('t')"),
    _file("Q03-repr", _PATH, "float(len(str(F)))", _OTHER, before="F = J.File('t')"),
    _file("Q03-opened", _PATH, "float(open(F).read())", _CONTENTS, before="F = J.File('t')"),
    _file("Q04-same-object", MISS, "1.0 + (F is G)", ("G = F", "G = J.File('t')"), before="F = J.File('t')\nG = F"),
    _hatch("Q05-pure-above", MISS, f"T = [2.0]\n{_PURE}@J.depends_on(T)\ndef t(): return T[0]", "t()", _VALUE),
    _hatch("Q05-pure-below", MISS, f"T = [2.0]\n@J.depends_on(T)\n{_PURE}def t(): return T[0]", "t()", _VALUE),
    _hatch("Q05-function", MISS, f"def g(): return 2.0\n@J.depends_on(g)\n{_PURE}def t(): return g()", "t()", _VALUE),
    _hatch("Q06-attribute", MISS, f"{_PURE}def t(): return 1.0\nt.eps = 2.0", "t() * t.eps", _VALUE),
    _hatch(
        "Q06-attribute-of-wrapped",
        MISS,
        "def g(): return 1.0\nt = J.pure(version=1)(g)\ng.eps = 2.0",
        "t() * t.__wrapped__.eps",
        _VALUE,
    ),
    _hatch(
        "Q06-name",
        MISS,
        f"{_PURE}def t(): return 1.0\nt.__name__ = 'a'",
        "t() * (1.0 + (t.__name__ == 'a'))",
        ("= 'a'\n", "= 'b'\n"),
    ),
    _hatch("Q07-of-two-by-wraps", _ANOTHER, f"{_WRAPPED}t = J.pure(version=1)(make(2.0))", "t()", _VALUE),
    _hatch("Q07-of-two-by-name", _ANOTHER, f"{_RENAMED}t = J.pure(version=1)(make(2.0))", "t()", _VALUE),
    _hatch(
        "Q07-of-two-by-jit",
        _ANOTHER,
        "def g(k): return k\nt = J.pure(version=1)(jax.jit(functools.partial(g, k=2.0)))",
        "t()",
        _VALUE,
    ),
    _hatch("Q07-decorated", HIT, f"{_WRAPPED}{_PURE}@lambda g: make(1.0)\ndef top(): return 1.0", "top()"),
    _hatch("Q07-jitted", HIT, f"{_PURE}@jax.jit\ndef t(): return 1.0", "t()"),
    _hatch("Q09-body", HIT, f"{_PURE}def t(): return 2.0 and 1.0", "t()", _VALUE),
    _hatch("Q09-jitted-body", HIT, f"{_PURE}@jax.jit\ndef t(): return 2.0 and 1.0", "t()", _VALUE),
    _hatch("Q09-memo-body", HIT, f"{_PURE}@functools.cache\ndef t(): return 2.0 and 1.0", "t()", _VALUE),
    _hatch("Q09-dispatch-body", HIT, f"{_PURE}@functools.singledispatch\ndef t(y): return 2.0 and 1.0", "t(1)", _VALUE),
    _hatch("Q09-dispatcher", HIT, f"{_COMPILER}{_PURE}@Dispatcher\ndef t(): return 2.0 and 1.0", "t()", _VALUE),
    _hatch(
        "Q09-set-on-dispatcher", MISS, f"{_COMPILER}{_PURE}@Dispatcher\ndef t(): return 1.0\nt.k = 2.0", "t.k", _VALUE
    ),
    _hatch(
        "Q09-set-on-jitted", MISS, "@jax.jit\ndef g(): return 1.0\ng.k = 2.0\nt = J.pure(version=1)(g)", "t.k", _VALUE
    ),
    _hatch("Q09-mapped-body", HIT, f"{_PURE}@jax.vmap\ndef t(y): return 2.0 and y", "t(x)", _VALUE),
    _hatch("Q07-by-extension", HIT, "t = J.pure(version=1)(np.sin)", "t(1.0)"),
    _hatch(
        "Q07-methods",
        HIT,
        f"class M:\n {_PURE} def m(self): return 1.0\n @staticmethod\n {_PURE} def s(): return 1.0\nM0 = M()",
        "M0.m() + M.s()",
    ),
    _hatch(
        "Q07-of-class",
        HIT,
        "class M:\n @classmethod\n def c(cls): return 1.0\nt = J.pure(version=1)(M.c)",
        "t()",
    ),
    _hatch(
        "Q07-of-another-class",
        _ANOTHER,
        "class M:\n @classmethod\n def c(cls): return cls.v\nclass N(M): v = 2.0\nt = J.pure(version=1)(N.c)",
        "t()",
        _VALUE,
    ),
    _hatch("Q08-itself", _LEADS_BACK, f"{_CLASS}J.register_fingerprint(C, lambda c: c)", "h.v", _OF_OBJECT),
    _hatch("Q08-in-list", _LEADS_BACK, f"{_CLASS}J.register_fingerprint(C, lambda c: [c])", "h.v", _OF_OBJECT),
    _hatch("Q08-round", _LEADS_BACK, f"{_CLASS}J.register_fingerprint(C, lambda c: c.o)", "h.v", _OF_OBJECT),
    _hatch("Q08-data", MISS, f"{_CLASS}J.register_fingerprint(C, lambda c: c.v)", "h.v", _OF_OBJECT),
)
