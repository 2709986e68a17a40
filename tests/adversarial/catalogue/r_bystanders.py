"""R25 to R29: what is kept of what nobody heard, entry points within pure functions, and libraries that read for others."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

# Each process has files of its own.
_FILES = (
    "import json, logging\nimport jitserve as J\nold = os.getcwd()\nos.chdir(os.path.dirname(__file__))\n"
    "def undo(): os.chdir(old)\nopen('t.txt', 'w').write('2')\n"
)
_LOG = (
    "L = logging.getLogger(__name__)\nL.propagate = False\nH = logging.StreamHandler(open(os.devnull, 'w'))\n"
    "L.addHandler(H)\nL.setLevel(logging.INFO)\n"
)
_LOAD = "@functools.cache\ndef load(): return float(open('t.txt').read())\n"
_SHOWN = "class S:\n def __str__(self): return str({value})\ns = S()\n"
_OTHER_FILE = ("write('2')", "write('3')")
_PREWARMED = bypass("memo_prewarmed")


def _logged(name: str, expected: str, program: str, *edits: tuple[str, str]) -> object:
    return case(f"R25-{name}", expected, _FILES + _LOG + program, *edits)


def _memo(name: str, expected: str, handler: str, call: str = "L.info('step')") -> object:
    """A memo that is filled while something is logged, and asked by the function."""
    return _logged(name, expected, f"{_LOAD}{handler}\ndef f(x):\n {call}\n return x * load()", _OTHER_FILE)


def _inner(name: str, expected: str, inner: str, call: str) -> object:
    """What JAX has traced while something is logged."""
    shown = _SHOWN.format(value=f"jax.eval_shape(lambda v: {call.format('v')}, X)")
    program = f"{inner}\n{shown}def f(x):\n L.info('%s', s)\n return {call.format('x')}"
    return _logged(name, expected, program, _OTHER_FILE)


_ENTRY = "def wrap(jit):\n global j\n j = jit(f)\n return step\n@J.pure(version=1)\ndef step(x): return j(x)\n"  # a pure function that calls the jitted one


def _in_pure(name: str, expected: str, program: str, *edits: tuple[str, str], only_b: str = "") -> object:
    return case(f"R26-{name}", expected, f"{_FILES}{program}\n{_ENTRY}", *edits, only_b=only_b)


def _variable(id: str, name: str, program: str) -> object:
    values = {"only_a": f"os.environ[{name!r}] = '2'\n", "only_b": f"os.environ[{name!r}] = '3'\n"}
    return case(id, OK, program, **values)


_SETTINGS = "from pydantic.v1 import BaseSettings\nclass S(BaseSettings):\n {name}: float = 1.0\n"
_FLAX = "import flax.serialization as S\nclass C: pass\nc = C(); c.w = 2.0\n"
_REGISTERED = _FLAX + "S.register_serialization_state(C, {to}, None, override=True)\n"

CASES = [
    _memo("text", _PREWARMED, _SHOWN.format(value="load()"), "L.info('%s', s)"),
    _memo("filter", _PREWARMED, "class F(logging.Filter):\n def filter(self, r): return load() > 0\nL.addFilter(F())"),
    _memo("handler", _PREWARMED, "class E(logging.Handler):\n def emit(self, r): load()\nL.addHandler(E())"),
    _memo(
        "formatter",
        _PREWARMED,
        "class F(logging.Formatter):\n def format(self, r): return str(load())\nH.setFormatter(F())",
    ),
    _memo(
        "listener",
        _PREWARMED,
        "def heard(*a, **k): load()\njax.monitoring.register_event_listener(heard)\n"
        "def undo():\n os.chdir(old)\n jax.monitoring.unregister_event_listener(heard)",
        "jax.monitoring.record_event('/a')",
    ),
    _memo("pure", _PREWARMED, "@J.pure(version=1)\ndef banner(): return load()", "banner()"),
    _memo("silent", MISS, _SHOWN.format(value="load()"), "L.debug('%s', s)"),
    _memo("asked-before", MISS, _SHOWN.format(value="load()"), "load(); L.info('%s', s)"),
    _logged(
        "other-memo",
        HIT,
        f"{_LOAD}{_SHOWN.format(value='load()')}@functools.cache\ndef two(): return 2.0\n"
        "def f(x):\n L.info('%s', s)\n return x * two()",
    ),
    _inner("inner-jit", _PREWARMED, "g = jax.jit(lambda v: v * float(open('t.txt').read()))", "g({})"),
    _inner(
        "scan",
        _PREWARMED,
        "def body(c, y): return c * float(open('t.txt').read()), y",
        "jax.lax.scan(body, {}, None, length=2)[0]",
    ),
    _logged(
        "text-of-arrays",
        HIT,
        f"def norm(v): return jnp.sum(v)\n{_SHOWN.format(value='jax.eval_shape(lambda v: v * 2, X)')}"
        "def f(x):\n L.info('%s', s)\n return x * norm(x)",
    ),
    # The recorder listens although a pure function is on the stack.
    _in_pure("file", MISS, "def f(x): return x * float(open('t.txt').read())", _OTHER_FILE),
    _in_pure("same", HIT, "def f(x): return x * float(open('t.txt').read())"),
    _in_pure("clock", bypass("time_read"), "import time\ndef f(x): return x + 0 * time.time()"),
    _in_pure(
        "attribute",
        MISS,
        "class C: pass\nc = C(); c.w = 2.0\nN = 'w'\ndef f(x): return x * getattr(c, N)",
        ("c.w = 2.0", "c.w = 3.0"),
    ),
    _in_pure(
        "method",
        MISS,
        "class M:\n @J.pure(version=1)\n def step(s, x): return k(x)\ndef f(x): return x * float(open('t.txt').read())\n"
        "def wrap(jit):\n global k\n k = jit(f)\n return M().step\nkept = wrap",
        _OTHER_FILE,
    ),
    # Libraries that read what their callers mean.
    _variable("R27-settings", "SETTING_A", _SETTINGS.format(name="setting_a") + "def f(x): return x * S().setting_a"),
    _variable(
        "R27-settings-kept",
        "SETTING_B",
        _SETTINGS.format(name="setting_b")
        + "@functools.cache\ndef get(): return S()\ndef f(x): return x * get().setting_b",
    ),
    _variable(
        "R27-converter",
        "CONVERTED",
        "def f(x): return x * float(np.loadtxt(['CONVERTED'], dtype=object, converters=os.getenv).item())",
    ),
    case(
        "R27-path",
        bypass("file_read_untracked"),
        _FILES + "from pydantic import BaseModel, FilePath, ValidationError\nclass M(BaseModel): p: FilePath\n"
        "def f(x):\n try:\n  M(p='z.txt')\n  return x * 2\n except ValidationError: return x * 3",
        only_b="open('z.txt', 'w').close()",
    ),
    case(
        "R27-name",
        bypass("lazy_import"),
        "from pydantic import BaseModel, ImportString\nfrom . import cfg\nN = cfg.__name__ + ':K'\n"
        "class M(BaseModel): k: ImportString\ndef f(x): return x * M(k=N).k\n=== cfg.py\nK = 2.0",
        ("K = 2.0", "K = 3.0"),
    ),
    case(
        "R27-past",
        bypass("time_read"),
        "import datetime\nfrom pydantic import BaseModel, PastDatetime\nclass M(BaseModel): d: PastDatetime\n"
        "D = datetime.datetime(2020, 1, 1)\ndef f(x):\n M(d=D)\n return x * 2",
    ),
    case(
        "R27-datetime",
        HIT,
        "import datetime\nfrom pydantic import BaseModel\nclass M(BaseModel): d: datetime.datetime\n"
        "D = datetime.datetime(2020, 1, 1)\ndef f(x): return x * M(d=D).d.year",
    ),
    # A builtin that takes all attributes, and that a library was handed.
    case(
        "R28-vars",
        MISS,
        _REGISTERED.format(to="vars") + "def f(x): return x * S.to_state_dict(c)['w']",
        ("c.w = 2.0", "c.w = 3.0"),
    ),
    case(
        "R28-vars-inside",
        MISS,
        _REGISTERED.format(to="vars") + "def f(x): return x * sum(S.to_state_dict({'a': c})['a'].values())",
        ("c.w = 2.0", "c.w = 3.0"),
    ),
    case(
        "R28-function",
        HIT,
        _REGISTERED.format(to="lambda o: {'w': o.w}") + "c.z = 1\ndef f(x): return x * S.to_state_dict(c)['w']",
        ("c.z = 1", "c.z = 22"),
    ),
]
