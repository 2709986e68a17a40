"""Y: values whose identity or order tells, classes that claim to be of another module, and filters of warnings."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case

_SEED = Process((("PYTHONHASHSEED", "0"),))
_OTHER_SEED = Process((("PYTHONHASHSEED", "1"),))
_LETTERS = ("'a', 'f'", "'f', 'a'")  # of one hash, as far as a small set goes, with that seed
_EIGHT = ("0, 8", "8, 0")
_NAN = "N = float('nan')\n"
_NEW_NAN = "float('nan')"
_VIEW = ("A[:2]", "A[:2].copy()")
_OWN = ("np.zeros(4, 'f4')", "np.zeros(5, 'f4')[:4]")
_RECORDS = "import warnings\ndef f(x):\n with warnings.catch_warnings(record=True) as w:\n{}  warnings.warn('a')\n return x * (len(w) + 1)"
_LOUD = (
    "import warnings\nloud = warnings.catch_warnings()\nloud.__enter__()\nwarnings.simplefilter('always')\n"
    "def undo(): loud.__exit__(None, None, None)"
)


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str]) -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits)


def _seeded(id: str, expected: str, before: str, expression: str, edit: tuple[str, str] | None, b: Process) -> object:
    program = f"{before}\ndef f(x): return x * ({expression})"
    return case(id, expected, program, *([edit] if edit else []), a=_SEED, b=b)


CASES = (
    # Sets of numbers are in the same order in every process, and in another one if they were made in another way.
    _reads("Y01-set", MISS, "S = set([0, 8])", "[*S][0] + 2", _EIGHT),
    _reads("Y01-frozenset", MISS, "S = frozenset([0, 8])", "[*S][0] + 2", _EIGHT),
    _reads("Y01-attribute", MISS, "class C: pass\nc = C()\nc.s = {0, 8}", "[v for v in c.s][0] + 2", _EIGHT),
    _reads("Y01-handed", MISS, "S = {0, 8}\ndef g(v): return list(v)", "g(S)[0] + 2", _EIGHT),
    _reads("Y01-popped", MISS, "S = {0, 8}", "S.copy().pop() + 2", _EIGHT),
    case("Y01-literal", MISS, "def f(x):\n for k in {0, 8}: return x * (k + 2)", _EIGHT),
    case("Y01-literal-asked", HIT, "def f(x): return x * 2 if x.ndim in {32, 8, 1} else x", ("32, 8, 1", "8, 32, 1")),
    case("Y01-same", HIT, "S = {0, 8}\ndef f(x): return x * ([*S][0] + 2)"),
    # With a fixed seed sets of texts are so, too.
    _seeded("Y02-set", MISS, "S = {'a', 'f'}", "ord([*S][0])", _LETTERS, _SEED),
    _seeded("Y02-handed", MISS, "S = {'a', 'f'}\ndef g(s): return [*s]", "ord(g(S)[0])", _LETTERS, _SEED),
    _seeded("Y02-asked", HIT, "S = {'a', 'f'}", "2 if 'a' in S else 3", _LETTERS, _SEED),
    case(
        "Y02-literal",
        OK,
        "def f(x):\n for k in {'a', 'f'}: return x * ord(k)",
        _LETTERS,
        a=_SEED,
        b=_SEED,
    ),
    # Literals that are not of texts alone.
    _seeded("Y03-one-text", OK, "", "[k for k in {'aa', 1, 2, 3}].index(1) + 1", None, _OTHER_SEED),
    _seeded("Y03-tuples", OK, "", "[k for k in {('a', 1), ('b', 2), ('c', 3)}][0][1] + 1", None, _OTHER_SEED),
    # To a container, a NaN is equal to itself only.
    _reads("Y04-in-list", MISS, _NAN + "L = [N]", "2 if N in L else 3", ("[N]", f"[{_NEW_NAN}]")),
    _reads("Y04-in-tuple", MISS, _NAN + "T = (N,)\nU = (N,)", "2 if T == U else 3", ("U = (N,)", f"U = ({_NEW_NAN},)")),
    _reads("Y04-key", MISS, _NAN + "D = {N: 2}", "D.get(N, 3)", ("{N:", f"{{{_NEW_NAN}:")),
    _reads(
        "Y04-numpy",
        MISS,
        "N = np.float64('nan')\nL = [N]",
        "2 if N in L else 3",
        ("[N]", "[np.float64('nan')]"),
    ),
    _reads("Y04-same", HIT, "import math\n" + _NAN + "L = [N, math.nan, np.nan]", "2 if N in L else 3"),
    # Arrays that share their memory.
    _reads("Y05-shares", MISS, "A = np.zeros(4, 'f4')\nB = A[:2]", "2 if np.shares_memory(A, B) else 3", _VIEW),
    _reads(
        "Y05-seen-through-the-other",
        MISS,
        "A = np.zeros(4, 'f4')\nB = A[:2]\ndef g():\n B[0] = 5\n r = A[0]\n B[0] = 0\n return r",
        "g() + 1",
        _VIEW,
    ),
    _reads(
        "Y05-other-part",
        MISS,
        "A = np.zeros(4, 'f4')\nB = A[:2]\ndef g():\n B[0] = 5\n r = A[0]\n B[0] = 0\n return r",
        "g() + 1",
        ("A[:2]", "A[2:]"),
    ),
    _reads("Y05-base", MISS, "A = np.zeros(4, 'f4')", "2 if A.base is None else 3", _OWN),
    _reads("Y05-part-of-another-that-is-not-captured", HIT, "A = np.zeros(5, 'f4')[:4]", "A + 1", ("[:4]", "[1:]")),
    # Exceptions: what their classes keep in C.
    _reads("Y06-name", MISS, "E = ImportError('x', name='ab')", "len(E.name)", ("'ab'", "'abc'")),
    _reads("Y06-value", MISS, "E = StopIteration(2)\nE.value = 3", "E.value", ("= 3", "= 4")),
    _reads("Y06-cause", MISS, "E = ValueError(2)\nE.__cause__ = KeyError(3)", "E.__cause__.args[0]", ("(3)", "(4)")),
    _reads(
        "Y06-start", MISS, "E = UnicodeDecodeError('u', b'a', 0, 1, 'r')\nE.start = 1", "E.start + 1", ("= 1", "= 0")
    ),
    # Classes that were made in a module of the standard library, and say so.
    _reads("Y07-made-dataclass", MISS, "C = dataclasses.make_dataclass('C', [('a', int, 2)])", "C().a", ("2)", "3)")),
    _reads(
        "Y07-generated-methods",
        MISS,
        "@dataclasses.dataclass\nclass C:\n __module__ = 'types'\n a: int = 2",
        "C().a",
        ("= 2", "= 3"),
    ),
    _reads(
        "Y08-default-of-context-variable",
        MISS,
        "import contextvars\nV = contextvars.ContextVar('v', default=2)",
        "V.get()",
        ("=2", "=3"),
    ),
    _reads(
        "Y09-bound-of-type-variable",
        bypass("dynamic_scope"),
        "import typing\nT = typing.TypeVar('T', bound=int)",
        "2 if T.__bound__ is int else 3",
        ("bound=int", "bound=float"),
    ),
    case("Y10-recorded-warnings", bypass("dynamic_scope"), _RECORDS.format(""), only_b=_LOUD),
    case("Y10-filtered", HIT, _RECORDS.format("  warnings.simplefilter('always')\n"), only_b=_LOUD),
    # What else the standard library knows of the process.
    case(
        "Y12-dialect",
        MISS,
        "import csv\ncsv.register_dialect('case_v12', delimiter=';')\n"
        "def f(x): return x * len(next(csv.reader(['a;b'], 'case_v12')))\n"
        "def undo(): csv.unregister_dialect('case_v12')",
        ("';'", "','"),
    ),
    case(
        "Y12-name-of-level",
        bypass("opaque_callable"),
        "import logging\ndef f(x): return x * len(logging.getLevelName(25))",
        only_b="logging.addLevelName(25, 'abc')\ndef undo(): logging.addLevelName(25, 'Level 25')",
    ),
    case(
        "Y12-default-context",
        MISS,
        "import decimal\ndef f(x): return x * decimal.Context().prec",
        only_b="decimal.DefaultContext.prec = 5\ndef undo(): decimal.DefaultContext.prec = 28",
    ),
    case(
        "Y12-exception-of-caller",
        bypass("dynamic_scope"),
        "def f(x): return x * (2 if sys.exception() is None else 3)\ndef wrap(jit): return jit(f)",
        only_b="def wrap(jit):\n j = jit(f)\n def call(x):\n  try: raise ValueError\n  except ValueError: return j(x)\n return call",
    ),
    # Classes that answer no question.
    _reads(
        "Y13-metaclass",
        MISS,
        "class M(type):\n def __getattribute__(c, n):\n  if n == 'k': return 2\n  raise RuntimeError(n)\n"
        "class C(metaclass=M): pass",
        "C.k",
        ("return 2", "return 3"),
    ),
    _reads(
        "Y13-property",
        MISS,
        "class C:\n k = 2\n @property\n def __dict__(s): raise RuntimeError\nc = C()",
        "c.k",
        ("k = 2", "k = 3"),
    ),
    # A chain of links so long that names of its parts must not be as long.
    _reads(
        "Y11-long-chain",
        MISS,
        "class N:\n def __init__(s, n): s.n = n\nL = None\nfor i in range(5000): L = N(L)\nL.k = 2",
        "L.k",
        ("L.k = 2", "L.k = 3"),
    ),
)
