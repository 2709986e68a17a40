"""U: what reads the clock, the environment or a file where no call of it is seen, since C makes it."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, Process, bypass, case

_DAY = "import datetime, operator\nD = datetime.datetime(2024, 1, 1)\nU = datetime.timezone.utc\n"
_MADE = _DAY + "@dataclasses.dataclass\nclass C: t: object = dataclasses.field(default_factory=datetime.datetime.now)"
_AWARE = "import datetime\nD = datetime.datetime(2024, 1, 1, 1, tzinfo=datetime.timezone.utc)\n"
_LOCK = "L = threading.Lock()\n"
_OLD = "old = os.environ\nos.environ = {'CASE_U11': '2'}\ndef undo(): os.environ = old"
_OWN = "O = os.environ\nE = type(O)({b'A': b'2'}, O.encodekey, O.decodekey, O.encodevalue, O.decodevalue)"
_FILE = "import pathlib\nP = str(pathlib.Path(__file__).with_name('t'))\nopen(P, 'w').write('2')"
_THERE = "old = os.getcwd()\nos.chdir(os.path.dirname(__file__))\ndef undo(): os.chdir(old)\nopen('t', 'w').write('2')"
_WEST, _EAST = Process((("TZ", "UTC0"),)), Process((("TZ", "CET-3"),))


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str], only_b: str = "") -> Case:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits, only_b=only_b)


def _zoned(id: str, expected: str, before: str, expression: str) -> Case:
    """The two processes run in different time zones."""
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", a=_WEST, b=_EAST)


CASES: tuple[Case, ...] = (
    # Another environment than that of the process.
    _reads("U11-replaced", MISS, _OLD, "int(os.environ['CASE_U11'])", ("'2'", "'3'")),
    _reads("U11-replaced-get", MISS, _OLD, "int(os.environ.get('CASE_U11'))", ("'2'", "'3'")),
    _reads("U11-replaced-same", HIT, _OLD, "int(os.environ['CASE_U11'])"),
    _reads("U11-replaced-getenv", bypass("env_read_untracked"), _OLD, "int(os.getenv('CASE_U11'))", ("'2'", "'3'")),
    _reads("U11-of-its-own", bypass("env_read_untracked"), _OWN, "int(E['A'])", ("b'2'", "b'3'")),
    _reads(
        "U11-attribute",
        bypass("env_read_untracked"),
        "os.environ.k = 2\ndef undo(): del os.environ.k",
        "os.environ.k",
        ("k = 2", "k = 3"),
    ),
    _reads("U11-as-ever", HIT, "os.environ['CASE_U11E'] = '2'", "int(os.environ.get('CASE_U11E'))"),
    _reads("U11-getenv-as-ever", HIT, "os.environ['CASE_U11G'] = '2'", "int(os.getenv('CASE_U11G'))"),
    # Files.
    _reads("U12-stat", bypass("file_read_untracked"), _FILE, "[*map(os.stat, [P])][0].st_size", ("'2'", "'22'")),
    _reads("U12-directory", bypass("file_read_untracked"), "", "len(next(iter(os.getcwd, None)))"),
    _reads("U12-open", MISS, _THERE, "int([*map(open, ['t'])][0].read())", ("'2'", "'3'")),
    _reads(
        "U12-input",
        bypass("opaque_callable"),
        "import io\nold = sys.stdin\nsys.stdin = io.StringIO('2')\ndef undo(): sys.stdin = old",
        "int(input())",
        ("'2'", "'3'"),
    ),
    _reads("U12-not-reached", HIT, "D = None", "3 if D and os.path.exists(D) else 2"),
    # Clocks and time zones.
    *(
        _reads(f"U13-{name}", bypass("time_read"), _DAY + before, expression)
        for name, before, expression in (
            ("subclass", "class T(datetime.datetime): pass", "2 if T.now() else 3"),
            ("partial", "P = functools.partial(datetime.datetime.now, U)", "2 if P() else 3"),
            ("iter", "F = datetime.datetime.now", "2 if next(iter(F, None)) else 3"),
            ("defaultdict", "M = collections.defaultdict(datetime.datetime.now)", "2 if M['a'] else 3"),
            ("methodcaller", "G = operator.methodcaller('now')", "2 if G(datetime.datetime) else 3"),
            ("methodcaller-of-keywords", "G = operator.methodcaller('now', tz=U)", "2 if G(datetime.datetime) else 3"),
            ("sorted", "", "2 if sorted([D], key=datetime.datetime.timestamp) else 3"),
            ("tree", "F = datetime.datetime.fromtimestamp", "2 if jax.tree.map(F, [0]) else 3"),
            ("local", "", "2 if D.replace(tzinfo=U).astimezone() else 3"),
            ("array", "", "int(np.array('now', 'M8[s]').astype('i8') > 0)"),
            ("text", "S = 'now'", "int(np.datetime64(S, 's').astype('i8') > 0)"),
        )
    ),
    _reads(
        "U13-own-method",
        HIT,
        _DAY + "class T(datetime.datetime):\n @classmethod\n def now(cls): return 2",
        "T.now()",
    ),
    _reads("U13-text-alone", HIT, "S = 'now'\nM = {'now': 2}", "M[S]"),
    _reads("U13-default", bypass("time_read"), _MADE, "2 if C().t else 3"),
    _reads(
        "U13-kept",
        bypass("time_read"),
        _DAY + "class C: m = [datetime.datetime.now]",
        "2 if [*map(C.m[0], [U])] else 3",
    ),
    _zoned("U14-format", MISS, _DAY, "int(f'{D:%s}') % 86400 + 1"),
    _zoned("U14-format-by-name", MISS, _DAY + "S = '%s'", "int(D.strftime(S)) % 86400 + 1"),
    _zoned("U14-aware", bypass("time_read"), _AWARE, "D.astimezone().hour + 1"),
    _reads("U14-year", HIT, _DAY, "int(D.strftime('%Y'))"),
    # Locks.
    _reads("U15-partial", bypass("opaque_callable"), _LOCK + "P = functools.partial(L.locked)", "2 if P() else 3"),
    _reads("U15-iter", bypass("opaque_callable"), _LOCK + "F = L.locked", "2 if next(iter(F, None)) else 3"),
    case("U15-held", HIT, _LOCK + "def f(x):\n with L: return x * 2"),
)
