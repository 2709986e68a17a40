"""U: files by relative names and through NumPy, ways around the environment, what the standard library knows."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_THERE = "old = os.getcwd()\nos.chdir(os.path.dirname(__file__))\ndef undo(): os.chdir(old)\n"
_LOGGER = "import logging\nL = logging.getLogger('case_u05')\nL.setLevel(30)\ndef f(x): return x * ({})"
_ALIAS = "import {0}\n{1}\ndef f(x):\n m = {0}\n return x * {2}"


def _file(id: str, write: str, read: str, edit: tuple[str, str], before: str = "") -> object:
    """A file of the same name in the directories that the two processes run in."""
    return case(id, MISS, f"{before}\n{_THERE}{write}\ndef f(x): return x * ({read})", edit)


def _differs(id: str, expected: str, expression: str, only_b: str, before: str = "") -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", only_b=only_b)


CASES = (
    _file("U01-relative", "open('t', 'w').write('2')", "float(open('t').read())", ("'2'", "'3'")),
    _file("U01-numpy", "np.save('t.npy', np.float32(2))", "np.load('t.npy')", ("(2)", "(3)")),
    _file("U01-text-by-numpy", "open('t', 'w').write('2 2')", "np.loadtxt('t')[0]", ("'2 2'", "'3 3'")),
    _file("U01-jax", "np.save('t.npy', np.float32(2))", "jnp.load('t.npy')", ("(2)", "(3)")),
    _file(
        "U01-created",
        "''",
        "g()",
        ("''", "open('t', 'w').write('3')"),
        "def g():\n try: return float(open('t').read())\n except FileNotFoundError: return 2",
    ),
    case(
        "U01-same-name-same-file",
        HIT,
        _THERE + "open('t', 'w').write('2')\ndef f(x): return x * float(open('t').read())",
    ),
    case(
        "U01-of-package",
        bypass("opaque_callable"),
        "import pkgutil, pathlib\npathlib.Path(__file__).with_name('t').write_text('2')\n"
        "def f(x): return x * float(pkgutil.get_data(__package__, 't'))",
        ("'2'", "'3'"),
    ),
    _differs("U02-in-bytes", MISS, "float(os.environb.get(b'CASE_U02', b'2'))", "os.environb[b'CASE_U02'] = b'3'"),
    _differs(
        "U02-inside",
        bypass("opaque_callable"),
        "float(os.environ._data.get(b'CASE_U02I', b'2'))",
        "os.environb[b'CASE_U02I'] = b'3'",
    ),
    _differs("U02-how-many", bypass("env_read_untracked"), "len(os.environ)", "os.environ['CASE_U02N'] = '3'"),
    _differs("U02-as-text", bypass("env_read_untracked"), "len(repr(os.environ))", "os.environ['CASE_U02T'] = '3'"),
    # Time zones.
    *(
        case(
            f"U03-{name}",
            bypass("time_read"),
            f"import datetime, time\ndef f(x): return x * ({expression})",
            only_b="os.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\ndef undo():\n del os.environ['TZ']\n time.tzset()",
        )
        for name, expression in {
            "timestamp": "datetime.datetime(2020, 1, 1).timestamp() % 1e5",
            "from-timestamp": "datetime.datetime.fromtimestamp(0).hour + 1",
            "astimezone": "datetime.datetime(2020, 1, 1).astimezone(datetime.timezone.utc).hour + 1",
        }.items()
    ),
    case(
        "U03-aware",
        HIT,
        "import datetime\nD = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)\n"
        "def f(x): return x * (D.timestamp() % 1e5)",
    ),
    case("U03-numpy", bypass("time_read"), "def f(x): return x * (int(np.datetime64('now').astype('i8')) > 0)"),
    # Locks and loggers.
    case(
        "U04-locked", bypass("opaque_callable"), "K = threading.Lock()\ndef f(x): return x * (2 if K.locked() else 3)"
    ),
    case(
        "U04-taken",
        bypass("opaque_callable"),
        "K = threading.Lock()\ndef f(x): return x * (2 if K.acquire(blocking=False) else 3)\n"
        "def observe(): return K.locked()",
    ),
    case("U04-with", HIT, "K = threading.Lock()\ndef f(x):\n with K: return x * 2"),
    *(
        case(f"U05-{name}", MISS, _LOGGER.format(expression), only_b=change)
        for name, expression, change in (
            ("enabled", "2 if L.isEnabledFor(20) else 3", "L.setLevel(10)"),
            ("level", "L.level", "L.setLevel(10)"),
            ("handlers", "len(L.handlers) + 1", "L.addHandler(logging.NullHandler())\ndef undo(): L.handlers.clear()"),
            ("name", "len(L.name)", "L = logging.getLogger('case_u05_longer')"),
        )
    ),
    case("U05-same", HIT, _LOGGER.format("2 if L.isEnabledFor(20) else 3")),
    case(
        "U05-parent",
        MISS,
        "import logging\nL = logging.getLogger('case_u05p.b')\ndef f(x): return x * (2 if L.isEnabledFor(20) else 3)",
        only_b="logging.getLogger('case_u05p').setLevel(10)",
    ),
    case(
        "U05-made-while-tracing",
        bypass("opaque_callable"),
        "import logging\ndef f(x): return x * logging.getLogger('case_u05m').getEffectiveLevel()",
        only_b="logging.getLogger('case_u05m').setLevel(10)",
    ),
    case(
        "U05-logs-while-tracing",
        HIT,
        "import logging\ndef f(x):\n logging.getLogger('case_u05l').info('a')\n return x * 2",
    ),
    case(
        "U05-silenced",
        bypass("trace_side_effect"),
        "import logging\nL = logging.getLogger('case_u05s')\ndef f(x):\n L.disabled = True\n return x * 2\n"
        "def observe(): return L.disabled\ndef undo(): L.disabled = False",
    ),
    # What the standard library knows of the process.
    *(
        _differs(f"U06-{name}", bypass("opaque_callable"), expression, change, before)
        for name, before, expression, change in (
            (
                "timeout",
                "import socket",
                "socket.getdefaulttimeout() or 1",
                "socket.setdefaulttimeout(7)\ndef undo(): socket.setdefaulttimeout(None)",
            ),
            (
                "faults",
                "import faulthandler",
                "2 if faulthandler.is_enabled() else 3",
                "faulthandler.enable()\ndef undo(): faulthandler.disable()",
            ),
            (
                "allocations",
                "import tracemalloc",
                "2 if tracemalloc.is_tracing() else 3",
                "tracemalloc.start()\ndef undo(): tracemalloc.stop()",
            ),
            (
                "table-limit",
                "import csv",
                "csv.field_size_limit() % 1000",
                "csv.field_size_limit(123)\ndef undo(): csv.field_size_limit(131072)",
            ),
            ("distribution", "import importlib.metadata as M", "len(M.version('numpy'))", "pass"),
            ("process", "import multiprocessing", "len(multiprocessing.current_process().name)", "pass"),
            ("installation", "import sysconfig", "len(sysconfig.get_path('purelib'))", "pass"),
            ("thread", "", "threading.get_ident() > 0", "pass"),
        )
    ),
    case(
        "U06-thread-by-alias",
        bypass("opaque_callable"),
        _ALIAS.format("threading", "", "len(m.current_thread().name)"),
        only_b="threading.current_thread().name = 'other'\ndef undo(): threading.current_thread().name = 'MainThread'",
    ),
    case(
        "U06-allowed",
        HIT,
        "import json, string, textwrap, calendar, hashlib\n"
        "def f(x): return x * len(json.dumps([2]) + textwrap.dedent(' a') + string.capwords('a')) "
        "* calendar.monthrange(2020, 1)[1] * (hashlib.sha256(b'a').digest()[0] % 3 + 1)",
    ),
    # Modules of others that somebody has put something into, read by another name.
    *(
        case(f"U07-{name}", MISS, f"{program}\ndef undo(): del {module}.case_u07", ("= [2]", "= [3]"))
        for name, module, program in (
            ("alias", "string", _ALIAS.format("string", "string.case_u07 = [2]", "m.case_u07[0]")),
            ("in-class", "np", "np.case_u07 = [2]\nclass C: m = np\ndef f(x): return x * C.m.case_u07[0]"),
            ("argument", "jax", "jax.case_u07 = [2]\ndef g(m): return m.case_u07[0]\ndef f(x): return x * g(jax)"),
        )
    ),
    case(
        "U07-class",
        MISS,
        "class K: k = 2\njax.case_u07k = K\ndef g(m): return m.case_u07k.k\ndef f(x): return x * g(jax)\n"
        "def undo(): del jax.case_u07k",
        ("k = 2", "k = 3"),
    ),
    case("U07-untouched", HIT, "def g(m, x): return m.sin(x) * m.pi\ndef f(x): return g(jnp, x)"),
    case(
        "U08-copied-otherwise",
        MISS,
        "import copy, copyreg\nclass C: a = 2\nclass D: a = 7\nc = C()\ndef f(x): return x * copy.copy(c).a",
        only_b="copyreg.pickle(C, lambda c: (D, ()))",
    ),
    case(
        "U08-unpickled-by-name",
        bypass("dynamic_module_attr"),
        "import pickle\nK = [2]\nP = f'c{__name__}\\nK\\n.'.encode()\ndef f(x): return x * pickle.loads(P)[0]",
        ("[2]", "[3]"),
    ),
    case("U08-unpickled", HIT, "import pickle\nP = pickle.dumps([2])\ndef f(x): return x * pickle.loads(P)[0]"),
    case(
        "U09-other-builtins-later",
        OK,
        "def h():\n def k(): return sum((1, 2))\n return k()\ndef f(x): return x * h()",
        only_b="__builtins__ = {**vars(builtins), 'sum': lambda v: 7}",
    ),
    # Arrays.
    *(
        case(f"U10-{name}", MISS, f"W = {value}\ndef f(x): return x * ({use})", *edits, only_b=change)
        for name, value, use, edits, change in (
            ("order", "np.arange(4, dtype='f4').reshape(2, 2)", "W.ravel('K')", (), "W = np.asfortranarray(W)"),
            ("writeable", "np.arange(4, dtype='f4')", "2 if W.flags.writeable else 3", (), "W.flags.writeable = False"),
            (
                "metadata",
                "np.ones(3, np.dtype('f4', metadata={'a': 2}))",
                "W.dtype.metadata['a']",
                (("'a': 2", "'a': 3"),),
                "",
            ),
            (
                "titles",
                "np.ones(3, np.dtype([(('t', 'a'), 'f4')]))",
                "len(W.dtype.fields['a'][2])",
                (("('t',", "('tt',"),),
                "",
            ),
        )
    ),
)
