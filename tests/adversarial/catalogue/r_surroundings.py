"""R50 to R56: what stands around a program: who has made its code, what libraries open and keep, what is patched."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Process, bypass, case

_THERE = (
    "import math, pathlib\nbefore = os.getcwd()\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\n"
    "def undo(): os.chdir(before)\n"
)
_TEXT = f"{_THERE}PATH = 't.txt'\npathlib.Path(PATH).write_text('2.0')\n"
_ARRAY = f"{_THERE}PATH = 't.npy'\nnp.save(PATH, np.float32(2.0))\n"
_MATRIX = (
    f"import scipy.io, scipy.sparse\n{_THERE}PATH = 't.mtx'\n"
    "scipy.io.mmwrite(PATH, scipy.sparse.coo_matrix(np.full((1, 1), 2.0)))\n"
)
_STORE = (
    f"import tensorstore as ts\n{_THERE}SPEC = {{'driver': 'zarr', 'kvstore': {{'driver': 'file', 'path': 'ts'}}}}\n"
    "made = ts.open(SPEC | {'metadata': {'dtype': '<f4', 'shape': [4]}}, create=True, delete_existing=True).result()\n"
    "made.write(np.full(4, 2.0, 'f4')).result()\nKEYS = {'driver': 'file', 'path': os.getcwd() + '/'}\n"
)
_TWICE = ("2.0", "3.0")
_CALLS = "def f(x): return g(x)\n"
_OPENS = "def g(x):\\n with open(PATH) as s: return x * float(s.read())"
_BACKEND = (
    "import scipy.fft\nW = np.arange(4.)\nSTACK = contextlib.ExitStack()\nclass B:\n __ua_domain__ = 'numpy.scipy.fft'\n"
    " @staticmethod\n def __ua_function__(method, args, kwargs): return np.full(4, 7.0)\n"
    "def f(x): return x * float(abs(scipy.fft.fft(W)[0]))\ndef undo(): STACK.close()\n"
)
_SETS_BACKEND = "STACK.enter_context(scipy.fft.set_backend(B))\n"
_YAML = "import yaml, re\nT = 'lr: 1e1'\n"
_YAML_LOADS = "def f(x): return x * (2 if isinstance(yaml.{}(T).get_single_data()['lr'], str) else 3)\n"
_RESOLVES = (
    "yaml.{0}.add_implicit_resolver('tag:yaml.org,2002:float', re.compile('^[0-9]+e[0-9]+$'), list('0123456789'))\n"
)


def _evaluated(name: str, expected: str, made: str, *edits: tuple[str, str]) -> object:
    return case(f"R50-{name}", expected, f"{made}\n{_CALLS}", *edits)


def _yaml(name: str, program: str, only_b: str, expected: str = bypass("opaque_callable")) -> object:
    return case(f"R54-{name}", expected, _YAML + program, only_b=only_b)


def _patched(name: str, before: str, expression: str, undo: str, only_b: str) -> list[object]:
    """A difference that somebody has made to a module of the standard library, or of NumPy; and none."""
    program = f"{before}\ndef f(x): return x * ({expression})\ndef undo(): {undo}\n"
    return [
        case(f"R55-{name}", MISS, program, only_b=only_b),
        case(f"R55-{name}-same", HIT, program),
    ]


_PARSES = "import configparser as cp\ndef parsed(t):\n c = cp.ConfigParser()\n c.read_string(t)\n return c['a']\n"
_PATCHED = [
    *_patched(
        "optionxform",
        f"{_PARSES}old = cp.RawConfigParser.optionxform",
        "1 + list(parsed('[a]\\nLR=2\\n')).count('LR')",
        "cp.RawConfigParser.optionxform = old",
        "cp.RawConfigParser.optionxform = str\n",
    ),
    *_patched(
        "boolean",
        _PARSES,
        "2 if parsed('[a]\\nk=on\\n').getboolean('k') else 3",
        "cp.ConfigParser.BOOLEAN_STATES.update(on=True)",
        "cp.ConfigParser.BOOLEAN_STATES['on'] = False\n",
    ),
    *_patched(
        "section",
        f"{_PARSES}import re\nold = cp.RawConfigParser.SECTCRE",
        "len(parsed('[ab]\\nk=1\\n[a]\\nk=123\\n')['k'])",
        "cp.RawConfigParser.SECTCRE = old",
        "cp.RawConfigParser.SECTCRE = re.compile(r'\\[(?P<header>.)')\n",
    ),
    *_patched(
        "template",
        "import string\nold = string.Template.pattern",
        "len(string.Template('%a $abc').safe_substitute(a='xxxx', abc='y'))",
        "string.Template.pattern = old",
        "class T(string.Template): delimiter = '%'\nstring.Template.pattern = T.pattern\n",
    ),
    *_patched(
        "encoder",
        "import json\nold = json.encoder.c_make_encoder\nclass F(float): __repr__ = lambda self: '1'",
        "len(json.dumps([1.2345]))",
        "json.encoder.c_make_encoder = old; vars(json.encoder).pop('float', None)",
        "json.encoder.c_make_encoder = None\njson.encoder.float = F\n",
    ),
    *_patched(
        "constants",
        "import json\nold = dict(json.decoder._CONSTANTS)",
        "2 if json.loads('NaN') != 0 else 3",
        "json.decoder._CONSTANTS.update(old)",
        "json.decoder._CONSTANTS['NaN'] = 0.0\n",
    ),
    *_patched(
        "masked",
        "M = np.ma.masked_array([1, 2], [0, 1])",
        "len(str(M))",
        "np.ma.masked_print_option.set_display('--')",
        "np.ma.masked_print_option.set_display('abcdef')\n",
    ),
    *_patched(
        "masked-not",
        "M = np.ma.masked_array([1, 2], [0, 1])",
        "len(str(M))",
        "np.ma.masked_print_option.enable(True)",
        "np.ma.masked_print_option.enable(False)\n",
    ),
    case("R55-imported-only", HIT, "def f(x): return x * 2\n", only_b="import configparser, json.tool, numpy.ma\n"),
]

CASES = [
    # Code that is evaluated in the namespace of a library is the user's.
    _evaluated("load", MISS, _ARRAY + "g = eval('lambda x: x * load(P)', {**vars(np), 'P': PATH})", _TWICE),
    _evaluated("load-jax", MISS, _ARRAY + "g = eval('lambda x: x * load(P)', {**vars(jnp), 'P': PATH})", _TWICE),
    _evaluated("open", MISS, _TEXT + f"ns = {{**vars(math), 'PATH': PATH}}\nexec('{_OPENS}', ns)\ng = ns['g']", _TWICE),
    _evaluated(
        "environment",
        MISS,
        "os.environ['R50'] = '2.0'\ng = eval('lambda x: x * float(getenv(\"R50\"))', {**vars(np), 'getenv': os.getenv})",
        _TWICE,
    ),
    _evaluated(
        "very-namespace",
        bypass("unreached_code"),
        _ARRAY + "g = eval('lambda p: lambda x: x * load(p)', vars(np))(PATH)",
        _TWICE,
    ),
    _evaluated("same", HIT, "g = eval('lambda x: x * sin(2.0)', dict(vars(jnp)))"),
    _evaluated("edited", MISS, "g = eval('lambda x: x * sin(2.0)', dict(vars(jnp)))", _TWICE),
    _evaluated(
        "generated",
        HIT,
        "@dataclasses.dataclass(frozen=True, order=True)\nclass D: a: float\nP = collections.namedtuple('P', 'a')\n"
        "def g(x): return P(x).a * (2.0 if D(1.0) < D(2.0) else 3.0)",
    ),
    # Only modules of the standard library are frozen.
    case(
        "R51-frozen",
        MISS,
        f"K = 2.0\nexec(compile('def g(x): return x * K', '<frozen app.model>', 'exec'), globals())\n{_CALLS}",
        _TWICE,
    ),
    case(
        "R51-frozen-reads",
        MISS,
        f"os.environ['R51'] = '2.0'\nS = 'def g(x): return x * float(os.environ[\"R51\"])'\n"
        f"exec(compile(S, '<frozen app>', 'exec'), globals())\n{_CALLS}",
        _TWICE,
    ),
    case("R51-stdlib", HIT, "import posixpath\ndef f(x): return x * len(posixpath.join('a', 'b'))"),
    # The backends of scipy's transforms.
    case("R52-backend", MISS, _BACKEND, only_b=_SETS_BACKEND),
    case("R52-backend-as-before", HIT, _BACKEND),
    case("R52-backend-in-both", bypass("unreached_code"), _BACKEND + _SETS_BACKEND, ("7.0", "8.0")),
    case("R52-backend-that-does-not-run", HIT, f"{_BACKEND}{_SETS_BACKEND}def f(x): return x * 2\n"),
    case("R52-backend-imported-only", HIT, "def f(x): return x * 2", only_b="import scipy.fft\n"),
    case(
        "R52-backend-for-all",
        MISS,
        _BACKEND,
        only_b="STACK.callback(scipy.fft.set_global_backend, 'scipy', try_last=True)\nscipy.fft.set_global_backend(B)\n",
    ),
    case(
        "R52-workers",
        MISS,
        "import scipy.fft\nSTACK = contextlib.ExitStack()\ndef f(x): return x * scipy.fft.get_workers()\n"
        "def undo(): STACK.close()\n",
        only_b="STACK.enter_context(scipy.fft.set_workers(2))\n",
    ),
    # Files that C++ opens.
    *(
        case(f"R53-{name}", bypass("file_read_untracked"), f"{before}def f(x): return x * ({expression})\n", _TWICE)
        for name, before, expression in (
            ("matrix", _MATRIX, "float(scipy.io.mmread(PATH).toarray()[0, 0])"),
            ("matrix-handed", _MATRIX, "float(jax.tree.map(scipy.io.mmread, [PATH])[0].toarray()[0, 0])"),
            ("matrix-path", _MATRIX, "float(scipy.io.mmread(pathlib.Path(PATH)).toarray()[0, 0])"),
            ("store", _STORE, "ts.open(SPEC).result().read().result()[0]"),
            (
                "store-handed",
                _STORE,
                "jax.tree.map(ts.open, [SPEC], is_leaf=lambda d: type(d) is dict)[0].result().read().result()[0]",
            ),
            (
                "keys",
                _STORE,
                "float(np.frombuffer(ts.KvStore.open(KEYS).result().read('ts/0').result().value, 'u1')[-1])",
            ),
        )
    ),
    case(
        "R53-matrix-header",
        bypass("file_read_untracked"),
        _MATRIX + "def f(x): return x * scipy.io.mminfo(PATH)[2]\n",
        ("np.full((1, 1), 2.0)", "np.full((2, 2), 2.0)"),
    ),
    case(
        "R53-matrix-stream",
        MISS,
        _MATRIX + "def f(x):\n with open(PATH, 'rb') as s: return x * float(scipy.io.mmread(s).toarray()[0, 0])\n",
        _TWICE,
    ),
    # NumPy chooses its kernels by the environment.
    *(
        case(f"R56-{name.lower()}", MISS, "def f(x): return x * np.exp(2.0)\n", b=Process(((name, value),)))
        for name, value in (("NPY_DISABLE_CPU_FEATURES", "AVX512F"), ("OPENBLAS_CORETYPE", "Haswell"))
    ),
    # Parts of PyYAML go by its tables as well.
    _yaml(
        "resolver",
        _YAML_LOADS.format("CSafeLoader")
        + "old = dict(yaml.CSafeLoader.yaml_implicit_resolvers)\ndef undo(): yaml.CSafeLoader.yaml_implicit_resolvers = old\n",
        _RESOLVES.format("CSafeLoader"),
    ),
    _yaml(
        "loader",
        _YAML_LOADS.format("SafeLoader")
        + "old = dict(yaml.SafeLoader.yaml_implicit_resolvers)\ndef undo(): yaml.SafeLoader.yaml_implicit_resolvers = old\n",
        _RESOLVES.format("SafeLoader"),
    ),
    *_PATCHED,
    _yaml("handed", "def f(x): return x * len(jax.tree.map(yaml.safe_load, [T])[0])\n", ""),
    _yaml("outside", "C = yaml.safe_load(T)\ndef f(x): return x * len(C)\n", "", HIT),
]
