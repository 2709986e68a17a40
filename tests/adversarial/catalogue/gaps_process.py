"""In the gaps of F, H and I: state of the process that a trace reads without a name for it, or changes."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_TEXT = "A = np.float32(1) / np.float32(3)\nB = np.array([A])\ndef f(x): return x * len(str(B))"
_PRECISION = "old = np.get_printoptions()\nnp.set_printoptions(precision=1)\ndef undo(): np.set_printoptions(**old)"
_DIVIDE = "Z = np.float32(0)\ndef f(x): return x * (np.float32(1) / Z)"
_RAISE = "old = np.seterr(divide='raise')\ndef undo(): np.seterr(**old)"
_DECIMAL = "import decimal\nD = decimal.Decimal(1)\ndef f(x): return x * float(D / 3)"
_DIGITS = "old = decimal.getcontext().prec\ndecimal.getcontext().prec = 3\ndef undo(): decimal.getcontext().prec = old"
_WARN = "import warnings\ndef f(x):\n warnings.warn('odd', FutureWarning)\n return x * 2"
_ERRORS = (
    "kept = warnings.filters[:]\nwarnings.simplefilter('error', FutureWarning)\n"
    "def undo():\n warnings.filters[:] = kept\n warnings._filters_mutated()"
)
_VARIABLE = "import contextvars\nV = contextvars.ContextVar('case_v', default=2)\ndef f(x): return x * V.get()"
_EXISTS = "import pathlib\nP = pathlib.Path(__file__).with_name('flag')\ndef f(x): return x * 2 if {} else x"
_STATE = "from jax._src import config\nS = config.bool_state(name='jax_case_gap', default=False, help='')\ndef f(x): return x * 2"
_USER = "C = jax.make_user_context(default_value=None)\ndef f(x): return x * 2\ndef context(): return C({})"
_SETS = "import contextvars\n{}def f(x):\n {}\n return x * 2\ndef observe(): return {}"


def _changes(id: str, change: str, observed: str, before: str = "", undo: str = "") -> object:
    program = _SETS.format(before, change, observed) + (f"\ndef undo(): {undo}" if undo else "")
    return case(
        id, bypass("trace_side_effect", "opaque_callable", "env_read_untracked", "dynamic_scope", "rng_read"), program
    )


def _reads(id: str, expression: str, before: str = "", reasons: tuple[str, ...] = ("opaque_callable",)) -> object:
    return case(id, bypass(*reasons), f"{before}\ndef f(x): return x * ({expression})")


CASES = (
    case("F136-numpy-errors", MISS, _DIVIDE, only_b=_RAISE),
    case("F136-warning-is-error", MISS, _WARN, only_b=_ERRORS),
    case("F140-context-variable", MISS, _VARIABLE, only_b="V.set(3)"),
    case(
        "F141",
        MISS,
        _STATE,
        only_b="jax.config.update('jax_case_gap', True)\ndef undo(): jax.config.update('jax_case_gap', False)",
    ),
    case("F142", bypass("unknown_context_value", "unknown_object", "generator_state"), _USER.format("iter([])")),
    case("F142-encodable", MISS, _USER.format("1"), ("C(1)", "C(2)")),
    case("F144-print-options", MISS, _TEXT, only_b=_PRECISION),
    case("F148-decimal-context", MISS, _DECIMAL, only_b=_DIGITS),
    case("F148-decimal-unread", HIT, "import decimal\ndef f(x): return x * 2"),
    case(
        "F152-encoding-of-files",
        OK,
        "import pathlib\nT = str(pathlib.Path(__file__).with_name('t.txt'))\n"
        "pathlib.Path(T).write_text(chr(233), 'utf-8')\ndef f(x): return x * len(open(T).read())",
        only_b="import locale\nold = locale.setlocale(locale.LC_CTYPE)\nlocale.setlocale(locale.LC_CTYPE, 'C')\n"
        "def undo(): locale.setlocale(locale.LC_CTYPE, old)",
    ),
    _reads("H160-recursion-limit", "sys.getrecursionlimit()"),
    _reads("H160-size-of", "sys.getsizeof([])"),
    _reads("H160-cpu-count", "os.cpu_count()"),
    _reads("H160-process", "os.getpid() > 0"),
    _reads("H160-thread", "threading.active_count() > 0"),
    _reads("H160-resource", "resource.getrlimit(7)[0] > 0", "import resource"),
    _reads("H160-user", "pwd.getpwuid(0).pw_uid + 1", "import pwd"),
    case(
        "H160-setting-of-sys",
        MISS,
        "def f(x): return x * (2 if sys.dont_write_bytecode else 3)",
        only_b="sys.dont_write_bytecode = False\ndef undo(): sys.dont_write_bytecode = True",
    ),
    *(
        case(
            f"H160-{name}",
            bypass("id_or_hash_read"),
            f"class C: pass\nc = C()\ndef g(): pass\ndef f(x): return x * len({text})",
        )
        for name, text in {
            "str": "str(c)",
            "format": "format(c)",
            "percent": "'%s' % c",
            "str-format": "'{}'.format(c)",
            "in-a-list": "f'{[c]}'",
            "function": "f'{g}'",
            "bound-method": "str([].append)",
            "generator": "f'{(i for i in ())}'",
            "new-class": "str(type('D', (), {})())",
            "slot": "c.__repr__()",
            "joined": "' '.join(map(str, [c]))",
            "partial": "repr(functools.partial(g))",
        }.items()
    ),
    case("H160-printed", HIT, "class C: pass\nc = C()\ndef f(x):\n print(c, end='\\r')\n return x * 2"),
    case(
        "H160-logged",
        HIT,
        "import logging\nclass C: pass\nc = C()\nL = logging.getLogger('case_text')\ndef f(x):\n L.info('%s', c)\n return x * 2",
    ),
    case(
        "H160-names",
        HIT,
        "def f(x):\n with jax.named_scope(f'layer_{x.ndim}_{x.dtype}_{type(x).__module__[:3]}'): return x * len(f'{X.shape}')",
    ),
    case("H160-of-jax", HIT, "@jax.jit\ndef g(x): return x * 2\ndef f(x): return jax.lax.cond(x[0] > 0, g, g, x)"),
    _reads("H164-generator", "R.random()", "R = np.random.default_rng(0)", ("rng_read",)),
    _reads("H164-os-error-path", "os.path.getsize(__file__)", "", ("file_read_untracked",)),
    case(
        "H166",
        bypass("unknown_object"),
        "import weakref\nclass C: k = 2\nc = C()\nW = weakref.ref(c)\ndef f(x): return x * (2 if W() is None else 3)",
        only_b="del c",
    ),
    case("H168-path-exists", bypass("file_read_untracked"), _EXISTS.format("P.exists()"), only_b="P.touch()"),
    case("H168-path-is-file", bypass("file_read_untracked"), _EXISTS.format("P.is_file()"), only_b="P.touch()"),
    case(
        "H168-path-stat", bypass("file_read_untracked"), _EXISTS.format("P.parent.stat().st_mode"), only_b="P.touch()"
    ),
    case("H168-path-cwd", bypass("file_read_untracked", "opaque_callable"), _EXISTS.format("len(str(P.cwd()))")),
    case(
        "H168-path-list",
        bypass("file_read_untracked"),
        _EXISTS.format("len([*P.parent.iterdir()]) > 2"),
        only_b="P.touch()",
    ),
    case("H168-path-resolve", bypass("file_read_untracked"), _EXISTS.format("P.resolve()")),
    case(
        "H168-database",
        bypass("opaque_callable", "file_read_untracked"),
        "import sqlite3\ndef f(x): return x * sqlite3.connect(':memory:').execute('select 2').fetchone()[0]",
    ),
    case("H168-exists", bypass("file_read_untracked"), _EXISTS.format("os.path.exists(P)"), only_b="P.touch()"),
    case("H172-weekday", bypass("time_read"), "import calendar, time\ndef f(x): return x * len(time.strftime('%A'))"),
    case(
        "H172-set-popped",
        bypass("hash_order", "trace_side_effect"),
        "S = {'a', 'b'}\ndef f(x): return x * len(set(S).pop())",
    ),
    case(
        "H172-dict-from-set", bypass("hash_order"), "def f(x): return [x * len(k) for k in dict.fromkeys({'a', 'b'})]"
    ),
    case("H172-one-element", HIT, "S = {'ab'}\ndef f(x): return [x * len(k) for k in S]"),
    case("H172-another-one-element", MISS, "S = {'ab'}\ndef f(x): return [x * len(k) for k in S]", ("'ab'", "'abc'")),
    case("H172-star-set", bypass("hash_order"), "S = {'a', 'b'}\ndef f(x): return x * len([*S][0])"),
    case("H172-joined", bypass("hash_order"), "S = {'a', 'b'}\ndef f(x): return x * len(''.join(S))"),
    case(
        "H172-frozen-in-tuple",
        bypass("hash_order"),
        "S = (frozenset({'a', 'b'}),)\ndef f(x): return x * len(next(iter(S[0])))",
    ),
    case(
        "H176-version",
        MISS,
        "def f(x): return x * len(np.__version__)",
        only_b="old = np.__version__\nnp.__version__ = '1'\ndef undo(): np.__version__ = old",
    ),
    _changes("I180-environment-written", "os.environ['CASE_GAP'] = '1'", "os.environ.pop('CASE_GAP', None)"),
    _changes(
        "I180-numpy-errors", "np.seterr(divide='ignore')", "np.geterr()['divide']", undo="np.seterr(divide='warn')"
    ),
    _changes(
        "I180-print-options",
        "np.set_printoptions(precision=3)",
        "np.get_printoptions()['precision']",
        undo="np.set_printoptions(precision=8)",
    ),
    _changes(
        "I180-decimal-context",
        "decimal.getcontext().prec = 5",
        "decimal.getcontext().prec",
        "import decimal\n",
        "decimal.setcontext(decimal.Context())",
    ),
    _changes(
        "I180-recursion-limit",
        "sys.setrecursionlimit(5000)",
        "sys.getrecursionlimit()",
        undo="sys.setrecursionlimit(1000)",
    ),
    _changes(
        "I180-warning-filter",
        "warnings.filterwarnings('ignore', 'case_gap')",
        "[f[1].pattern for f in warnings.filters if f[1]].count('case_gap')",
        "import warnings\n",
    ),
    _changes("I180-context-variable", "V.set(3)", "V.get()", "V = contextvars.ContextVar('case_w', default=2)\n"),
    _changes("I180-exit-function", "atexit.register(h)", "atexit.unregister(h)", "import atexit\ndef h(): pass\n"),
    *(
        _changes(
            f"I180-listener-{name}",
            f"jax.monitoring.register_{name}_listener(h)",
            f"jax.monitoring.unregister_{name.removesuffix('_secs')}_listener(h)",
            "def h(*args, **kwargs): pass\n",
        )
        for name in ("event", "event_duration_secs", "event_time_span", "scalar")
    ),
    _changes(
        "I180-listener-gone",
        "jax.monitoring.unregister_event_listener(h)",
        "jax.monitoring.register_event_listener(h)",
        "def h(*args, **kwargs): pass\njax.monitoring.register_event_listener(h)\n",
        "jax.monitoring.unregister_event_listener(h)",
    ),
    _changes(
        "I180-signal",
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "signal.getsignal(signal.SIGUSR1)",
        "import signal\n",
        "signal.signal(signal.SIGUSR1, signal.SIG_DFL)",
    ),
    _changes(
        "I180-path", "sys.path.append('case_gap')", "sys.path.count('case_gap')", undo="sys.path.remove('case_gap')"
    ),
    _changes("I180-logging-level", "L.setLevel(10)", "L.level", "import logging\nL = logging.getLogger('case_gap')\n"),
    case(
        "J196-another-thread",
        bypass("opaque_callable"),
        "from concurrent.futures import ThreadPoolExecutor as P\ndef g(k): return k * 2\n"
        "def f(x):\n with P(1) as p: return x * [*p.map(g, [2])][0]",
        ("* 2\n", "* 3\n"),
    ),
    _changes("I180-thread", "t = threading.Thread(target=L.append, args=(1,)); t.start(); t.join()", "L", "L = []\n"),
    _changes("I180-setattr", "setattr(C, 'k', 3)", "C.k", "class C: k = 2\n"),
    _changes("I180-object-setattr", "object.__setattr__(c, 'k', 3)", "c.k", "class C: k = 2\nc = C()\n"),
    _changes("I180-vars", "c.__dict__['k'] = 3", "c.k", "class C: k = 2\nc = C()\n"),
    _changes("I180-deleted", "D.pop('a', None)", "D", "D = {'a': 1}\n"),
    _changes("I180-list-sorted", "L.sort()", "L", "L = [2, 1]\n"),
    _changes("I180-default", "g([])", "g.__defaults__", "def g(v, seen=[]): seen.append(1)\n"),
    _changes("I180-function-attribute", "f.calls = 3", "f.calls", undo="None"),
    _changes("I180-numpy-seed", "np.random.seed(3)", "np.random.get_state()[1][0]"),
    case(
        "I188-registry-of-handlers",
        OK,
        "import logging\nL = logging.getLogger('case_h')\ndef f(x):\n L.debug('%s', x)\n return x * 2",
        ("* 2", "* 3"),
    ),
    case(
        "J200-hidden-by-sort-key",
        MISS,
        "class C:\n def __init__(s, v): s.v = v\n def __lt__(s, o): return s.v < o.v\nL = [C(2), C(3)]\ndef f(x): return x * sorted(L)[0].v",
        ("s.v < o.v", "s.v > o.v"),
    ),
)
