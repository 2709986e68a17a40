"""R40 to R46: what is read by names that are made up, or by C, and what few programs read at all."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Case, Process, bypass, case

_IMPORTS = (
    "import abc, codecs, dataclasses as D, datetime, decimal, functools, inspect, logging, operator, os, sys\n"
    "import traceback, types, typing, warnings\n"
    "class C:\n def __init__(self): self.lr = 2.0; self.run = 'a'\nc = C()\n"
)
_RUN = ("self.run = 'a'", "self.run = 'bbb'")
_ZONES = (Process(env=(("TZ", "UTC"),)), Process(env=(("TZ", "America/New_York"),)))
_CLOCK = bypass("time_read")


def _reads(id: str, expected: str, before: str, body: str, *edits: tuple[str, str]) -> Case:
    """A function with that body, or that multiplies by that expression."""
    lines = body if "return" in body else f"return x * ({body})"
    indented = "".join(f" {line}\n" for line in lines.split("\n"))
    return case(id, expected, f"{_IMPORTS}{before}\ndef f(x):\n{indented}", *edits)


def _zone(id: str, expected: str, before: str, expression: str) -> Case:
    program = (
        f"{_IMPORTS}T = datetime.datetime(2024, 1, 1, 12)\nFMT = '%s'\n{before}\ndef f(x): return x * ({expression})"
    )
    return case(id, expected, program, a=_ZONES[0], b=_ZONES[1])


def _decodes(id: str, expected: str, before: str, expression: str) -> Case:
    program = f"{_IMPORTS}{_HANDLER}{before}\ndef f(x): return x * ({expression})"
    return case(id, expected, program, _ENCODING, a=_APART, b=_APART)


_LITERAL = "@D.dataclass\nclass Q:\n a: typing.Literal['q', 'r'] = 'q'\n"
_KIND = "class Kind: n = 2\n@D.dataclass\nclass Q:\n a: Kind = 'q'\nq = Q()"
_FIELD = ("['q', 'r']", "['q', 'r', 's']")
_VIEW = "B = np.arange(10.0)\nB[9] = 3.0\nA = B[:4]\n"
_BEYOND = ("B[9] = 3.0", "B[9] = 4.0")
_NAMED = "L = logging.getLogger('zz')\nL.setLevel(10)\nL.addHandler(logging.NullHandler(level=5))\n"
_LEVEL = ("setLevel(10)", "setLevel(20)")
_WARN = "with warnings.catch_warnings(record=True) as w:\n warnings.simplefilter('always'); warnings.warn('q')\n"
_ABSTRACT = (
    "class Base(abc.ABC):\n @property\n @abc.abstractmethod\n def kind(self): ...\nclass Mx:\n kind = 'a'\n go = 1\n"
)
_CONCRETE = ("kind = 'a'\n", "")
_APART = Process(env=(("CODECS", "my"),))  # where handlers that differ count for these cases alone
_HANDLER = "codecs.register_error('my', operator.attrgetter('encoding', 'end'))\n"
_ENCODING = ("'encoding'", "'reason'")
_VALUE = "class V: pass\nv = V()\n"
_VALIDATOR = (
    "from pydantic_core import SchemaValidator, core_schema as K\n"
    "S = K.model_fields_schema({'run': K.model_field(K.str_schema())}, from_attributes=True)\n"
)

# What a message suggests on Python 3.12 and later, once it has been made before.
_SUGGESTS = """
import traceback
from . import m
w = 1
def text(error): return len("".join(traceback.format_exception_only(error)))
try: m.barfoo
except AttributeError as e: text(e)
def f(x):
    try: return x * {asked}
    except (AttributeError, NameError) as e: return x * text(e)
=== m.py
z = 1
"""

CASES = [
    # Types of fields, arrays behind views, the time zone, loggers, warnings, the environment.
    _reads("R40-field", OK, "N = ['type']\n" + _LITERAL, "len(typing.get_args(getattr(D.fields(Q)[0], N[0])))", _FIELD),
    _reads(
        "R40-field-getter",
        MISS,
        "G = operator.attrgetter('type')\n" + _LITERAL,
        "len(typing.get_args(G(D.fields(Q)[0])))",
        _FIELD,
    ),
    _reads("R40-field-format", OK, _LITERAL, "len('{0.type}'.format(D.fields(Q)[0]))", _FIELD),
    _reads(
        "R40-field-loop",
        HIT,
        "@D.dataclass\nclass Q:\n type: str = 'q'\n b: typing.Optional[int] = 2\nq = Q()",
        "len([getattr(q, k.name) for k in D.fields(q)])",
    ),
    _reads("R40-field-unread", HIT, _KIND, "len(q.a)", ("n = 2", "n = 3")),
    _reads("R40-owner", OK, "N = ['T', 'base']\n" + _VIEW, "sum(float(np.sum(getattr(A, n))) for n in N)", _BEYOND),
    _reads("R40-owner-getter", MISS, "G = operator.attrgetter('base')\n" + _VIEW, "G(A)[9]", _BEYOND),
    _reads("R40-owner-format", OK, _VIEW, "len('{0.base}'.format(A))", ("B[9] = 3.0", "B[9] = 4000.0")),
    _reads("R40-owner-method", OK, "N = 'ba' + 'se'\n" + _VIEW, "A.__getattribute__(N)[9]", _BEYOND),
    _reads("R40-owner-mapped", OK, "N = 'ba' + 'se'\n" + _VIEW, "jax.tree.map(getattr, [A], [N])[0][9]", _BEYOND),
    _reads("R40-owner-of-mine", HIT, "N = 'ba' + 'se'\nc.base = 2.0\n" + _VIEW, "c.lr + A[0]", _BEYOND),
    _reads("R40-owner-none", HIT, "N = 'ba' + 'se'\nc.base = 2.0", "getattr(c, N)"),
    _zone("R40-zone-format", OK, "G = {'fmt': '%s'}", "int(format(T, G['fmt'])) % 100000"),
    _zone("R40-zone-braces", OK, "", "int(f'{T:{FMT}}') % 100000"),
    _zone("R40-zone-caller", OK, "G = operator.methodcaller('strftime', '%s')", "int(G(T)) % 100000"),
    _zone("R40-zone-made-up", OK, "N = 'strf' + 'time'", "int(getattr(T, N)(FMT)) % 100000"),
    _zone("R40-zone-mapped", OK, "N = 'time' + 'stamp'", "int([*map(getattr(datetime.datetime, N), [T])][0]) % 100000"),
    _zone("R40-zone-class", OK, "DT0 = datetime.datetime", "int(format(DT0(2024, 1, 1, 12), FMT)) % 100000"),
    _zone("R40-zone-none", HIT, "", "len(FMT)"),
    _reads("R40-logger", OK, "N = 'le' + 'vel'\n" + _NAMED, "getattr(logging.getLogger('zz'), N) + 1", _LEVEL),
    _reads(
        "R40-logger-getter", OK, "G = operator.attrgetter('level')\n" + _NAMED, "G(logging.getLogger('zz')) + 1", _LEVEL
    ),
    _reads(
        "R40-logger-handlers",
        OK,
        "N = 'hand' + 'lers'\n" + _NAMED,
        "getattr(L, N)[0].level + 1",
        ("level=5", "level=6"),
    ),
    _reads(
        "R40-logger-handlers-getter",
        OK,
        "G = operator.attrgetter('handlers')\n" + _NAMED,
        "G(L)[0].level + 1",
        ("level=5", "level=6"),
    ),
    _reads(
        "R40-logger-of-mine",
        HIT,
        "c.level = 2.0\nN = 'le' + 'vel'\n" + _NAMED,
        "L.info('hello')\nreturn x * getattr(c, N)",
    ),
    _reads(
        "R40-logger-field",
        HIT,
        "c.level = 2.0\ndef g(): return getattr(c, 'level')",
        "logging.getLogger('yy').info('hello')\nreturn x * g()",
    ),
    _reads(
        "R40-warning",
        bypass("dynamic_scope"),
        "N = 'file' + 'name'\n",
        _WARN + "return x * (2 + 0 * len(getattr(w[0], N)))",
    ),
    case("R46-suggestion-of-module", OK, _SUGGESTS.format(asked="m.fooba"), ("z = 1", "foobar = 1")),
    case("R46-suggestion-of-name", OK, _SUGGESTS.format(asked="fooba"), ("w = 1", "foobar = 1")),
    case(
        "R40-environment",
        bypass("opaque_callable", "env_read_untracked"),
        f"{_IMPORTS}N = '_da' + 'ta'\ndef f(x): return x * len(getattr(os.environ, N))",
        a=Process(env=(("ZZQ", "1"),)),
    ),
    _reads("R40-flags", bypass("opaque_callable"), "N = 'fla' + 'gs'", "2 + len(getattr(decimal.getcontext(), N))"),
    # Texts that NumPy takes for the time of day.
    _reads(
        "R41-item", _CLOCK, "G = {'start': 'now'}", "2 + 0 * int(np.datetime64(G['start'], 'us').astype('i8')) % 100000"
    ),
    _reads(
        "R41-attribute", _CLOCK, "c.start = 'now'", "2 + 0 * int(np.datetime64(c.start, 'us').astype('i8')) % 100000"
    ),
    _reads(
        "R41-list", _CLOCK, "A = ['now']\nT = 'M8[us]'", "2 + 0 * int(np.array(A, dtype=T).astype('i8')[0]) % 100000"
    ),
    _reads("R41-array", _CLOCK, "A = np.array(['now'])", "2 + 0 * int(A.astype('M8[s]').astype('i8')[0]) % 100000"),
    _reads(
        "R41-dtype",
        _CLOCK,
        "A = ['Now']\nT = np.dtype('M8[s]')",
        "2 + 0 * int(np.array(A).astype(T).astype('i8')[0]) % 100000",
    ),
    _reads("R41-range", _CLOCK, "W = ['today']", "2 + 0 * len(np.arange(W[0], '2099-01-01', dtype='M8[D]'))"),
    _reads("R41-date", HIT, "G = {'start': '2024-01-01'}", "int(np.datetime64(G['start']).astype(int)) % 7"),
    _reads("R41-word", HIT, "G = {'when': 'now'}", "len(G['when'])"),
    _reads(
        "R41-mapped",
        _CLOCK,
        "T = datetime.datetime\nN = 'n' + 'ow'",
        "2 + 0 * [*map(getattr(T, N), [None])][0].microsecond",
    ),
    _reads(
        "R41-until",
        _CLOCK,
        "T = datetime.datetime\nN = 'n' + 'ow'",
        "2 + 0 * next(iter(getattr(T, N), None)).microsecond",
    ),
    _reads(
        "R41-tree",
        _CLOCK,
        "T = datetime.datetime\nN = 'n' + 'ow'",
        "2 + 0 * jax.tree.map(getattr(T, N), [None], is_leaf=lambda q: q is None)[0].microsecond",
    ),
    _reads(
        "R41-getter",
        _CLOCK,
        "T = datetime.datetime\nG = operator.attrgetter('now')",
        "2 + 0 * [*map(G(T), [None])][0].microsecond",
    ),
    _reads("R41-of-mine", HIT, "c.now = 2.0\nN = 'n' + 'ow'", "getattr(c, N)"),
    # Classes that are written in C, of a package that may read whatever it is given.
    _reads("R42-mapped", OK, _VALIDATOR, "len([*map(SchemaValidator(S).validate_python, [c])][0][0]['run'])", _RUN),
    _reads("R42-tree", OK, _VALIDATOR, "len(jax.tree.map(SchemaValidator(S).validate_python, [c])[0][0]['run'])", _RUN),
    _reads("R42-called", OK, _VALIDATOR, "len(SchemaValidator(S).validate_python(c)[0]['run'])", _RUN),
    _reads("R42-same", HIT, _VALIDATOR, "len([*map(SchemaValidator(S).validate_python, [c])][0][0]['run'])"),
    _reads("R42-of-python", HIT, "class V:\n def __init__(self, c): self.lr = c.lr\n", "[*map(V, [c])][0].lr", _RUN),
    # Names of abstract methods, which C asks the bases of a new class for.
    _reads("R43-type", OK, _ABSTRACT, "2 if inspect.isabstract(type('H', (Mx, Base), {})) else 3", _CONCRETE),
    _reads(
        "R43-new-class",
        OK,
        _ABSTRACT,
        "H = types.new_class('H', (Mx, Base))\ntry: return x * H().go\nexcept TypeError: return x * 9",
        _CONCRETE,
    ),
    _reads(
        "R43-statement",
        OK,
        _ABSTRACT,
        "class H(Mx, Base): pass\ntry: return x * H().go\nexcept TypeError: return x * 9",
        _CONCRETE,
    ),
    _reads(
        "R43-starred",
        OK,
        _ABSTRACT + "BASES = (Mx, Base)",
        "class H(*BASES): pass\ntry: return x * H().go\nexcept TypeError: return x * 9",
        _CONCRETE,
    ),
    _reads(
        "R43-beside",
        HIT,
        _ABSTRACT + "class K(Base):\n kind = 'a'\n other = 1\nk = K()",
        "len(k.kind)",
        ("other = 1", "other = 2"),
    ),
    # Handlers of errors, which texts and bytes ask for.
    _decodes("R44-str", OK, "", "len(str(b'\\xff', 'ascii', 'my'))"),
    _decodes("R44-names", OK, "E, M = 'ascii', 'my'", "len(str(b'\\xff', E, M))"),
    _decodes("R44-bytearray", OK, "", "len(bytearray('\\xff', 'ascii', 'my'))"),
    _decodes("R44-mapped", OK, "", "len([*map(str, [b'\\xff'], ['ascii'], ['my'])][0])"),
    _decodes("R44-alias", OK, "BY = bytes", "len(BY('\\xff', 'ascii', 'my'))"),
    _decodes("R44-none", HIT, "", "c.lr"),
    # Methods that NumPy calls by the names of its functions, of what lies in arrays of objects.
    _reads(
        "R45-exp",
        MISS,
        _VALUE + "EX = np.exp\nv.exp = functools.partial(float, 2.0)",
        "float(EX(np.array([v], dtype=object))[0])",
        ("float, 2.0", "float, 3.0"),
    ),
    _reads(
        "R45-round",
        MISS,
        _VALUE + "v.rint = functools.partial(float, 2.0)",
        "float(np.round(np.array([v], dtype=object))[0])",
        ("float, 2.0", "float, 3.0"),
    ),
    _reads("R45-log", HIT, "EX = np.exp\nc.log = open(__file__)", "float(EX(0.5)) * c.lr"),
    # Attributes that a message suggests.
    _reads(
        "R46-suggestion",
        OK,
        "try: c.rum2\nexcept AttributeError as e: traceback.format_exception_only(e)",
        "try: c.rum\nexcept AttributeError as e: t = ''.join(traceback.format_exception_only(e))\nreturn x * len(t)",
        ("; self.run = 'a'", ""),
    ),
    _reads("R46-message", HIT, "", "try: c.rum\nexcept AttributeError as e: t = str(e)\nreturn x * len(t)", _RUN),
]
