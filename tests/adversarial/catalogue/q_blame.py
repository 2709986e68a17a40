"""R20 to R24: who is answerable for what JAX, NumPy, and installed packages do for somebody else."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, bypass, case

_THERE = "import operator, pathlib\nold = os.getcwd()\nos.chdir(os.path.dirname(__file__))\ndef undo(): os.chdir(old)\n"
_ARRAY = "np.save('t.npy', np.float32(2))"
_FIELDS = "from dataclasses import asdict as ad\n@dataclasses.dataclass\nclass D:\n bias: float\nd = D(bias=2)"
_OTHER = "p = argparse.Namespace(bias=3 - 1, same=1)"
_TEXT = "open('t', 'w').write('2')"


def _handed(id: str, write: str, read: str) -> Case:
    """A file that another function than the user's own reads, of the same name in the directories of the processes."""
    value = "'2'" if write == _TEXT else "(2)"
    return case(id, MISS, f"{_THERE}{write}\ndef f(x): return x * ({read})", (value, value.replace("2", "3")))


def _variable(id: str, expression: str, expected: str = MISS) -> Case:
    name = "CASE_" + id.upper().replace("-", "_")
    program = f"import operator\nNAME = {name!r}\ndef f(x): return x * float({expression})"
    return case(id, expected, program, only_a="os.environ[NAME] = '2'\n", only_b="os.environ[NAME] = '30'\n")


def _object(id: str, expression: str, edit: tuple[str, str] = ("bias=2,", "bias=30,"), before: str = "") -> Case:
    program = f"import argparse, operator\n{before}\no = argparse.Namespace(bias=2, same=1)\ndef f(x): return x * ({expression})"
    return case(id, MISS, program, edit)


CASES = (
    # What reads a file or the environment is handed to JAX or NumPy, which calls it.
    _handed("R20-numpy", _ARRAY, "jax.tree.map(np.load, {'w': 't.npy'})['w']"),
    _handed("R20-jax", _ARRAY, "jax.tree.map(jnp.load, ['t.npy'])[0]"),
    _handed("R20-part", _ARRAY, "jax.tree.map(functools.partial(np.load, allow_pickle=False), ['t.npy'])[0]"),
    _handed("R20-checkpoint", _ARRAY, "jax.checkpoint(functools.partial(np.load, 't.npy'))()"),
    _handed("R20-named-call", _ARRAY, "jax.named_call(np.load)('t.npy')"),
    _handed("R20-branch", _ARRAY, "jax.lax.cond(True, functools.partial(np.load, 't.npy'), lambda: np.float32(1))"),
    _handed("R20-text-by-numpy", _TEXT, "jax.tree.map(np.loadtxt, ['t'])[0]"),
    _handed("R20-bytes-by-numpy", _TEXT, "jax.tree.map(functools.partial(np.fromfile, dtype='u1'), ['t'])[0][0]"),
    _handed("R20-stream", _TEXT, "float(jax.tree.map(open, ['t'])[0].read())"),
    _handed("R20-path", _TEXT, "float(jax.tree.map(pathlib.Path.read_text, [pathlib.Path('t')])[0])"),
    _handed("R20-vectorized", _ARRAY, "float(np.vectorize(np.load, otypes='O')(['t.npy'])[0])"),
    case(
        "R20-itself",
        bypass("file_read_untracked"),
        f"{_THERE}{_ARRAY}\ng = functools.partial(np.load, 't.npy')\ndef wrap(jit): return jit(g)\nARGS = ()",
        ("(2)", "(3)"),
    ),
    case(
        "R20-of-a-field",
        bypass("file_read_untracked"),
        f"{_THERE}{_ARRAY}\n@dataclasses.dataclass\nclass D:\n"
        " w: object = dataclasses.field(default_factory=functools.partial(np.load, 't.npy'))\n"
        "def f(x): return x * D().w",
        ("(2)", "(3)"),
    ),
    case(
        "R20-exists",
        bypass("file_read_untracked"),
        f"{_THERE}def f(x): return x * (2 + jax.tree.map(os.path.exists, ['u'])[0])",
        only_b="open('u', 'w').close()",
    ),
    case(
        "R20-listed",
        bypass("file_read_untracked"),
        f"{_THERE}def f(x): return x * len(list(jax.tree.map(pathlib.Path.iterdir, [pathlib.Path('.')])[0]))",
        only_b="open('u', 'w').close()",
    ),
    # JAX looks for the line of a warning, for a person.
    case(
        "R20-warning-of-jax",
        HIT,
        "def f(x): return x + jnp.zeros(4, 'float64')  # one",
        ("# one", "# two"),
    ),
    _variable("R21-get", "jax.tree.map(os.environ.get, [NAME])[0]"),
    _variable("R21-getenv", "jax.tree.map(os.getenv, [NAME])[0]"),
    _variable("R21-item", "jax.tree.map(operator.getitem, [os.environ], [NAME])[0]"),
    _variable("R21-vectorized", "np.vectorize(os.getenv, otypes='O')([NAME])[0]"),
    _variable("R21-named-call", "jax.named_call(os.getenv)(NAME)"),
    _variable("R21-whole", "len(jax.tree.map(dict, [os.environ])[0][NAME])", bypass("env_read_untracked")),
    # Attributes are gone through, and texts are made, by what is handed to JAX or NumPy.
    _object("R22-text", "len(jax.tree.map(str, [o])[0])"),
    _object("R22-equal", "1 + jax.tree.map(operator.eq, [o], [p])[0]", before=_OTHER),
    _object("R22-contains", "1 + jax.tree.map(operator.contains, [o], ['bias'])[0]", ("(bias=2,", "(bios=2,")),
    _object("R22-pretty", "len(jax.tree.map(pf, [o])[0])", before="from pprint import pformat as pf"),
    _object("R22-fields", "jax.tree.map(ad, [d])[0]['bias']", before=_FIELDS, edit=("D(bias=2)", "D(bias=30)")),
    _object("R22-copy", "getattr(jax.tree.map(dc, [o])[0], N)", before="from copy import deepcopy as dc\nN = 'bias'"),
    *(
        case(
            f"R22-protocol-of-{module}",
            MISS,
            f"import {module} as t\n@t.runtime_checkable\nclass P(t.Protocol):\n bias: float\nclass C:\n"
            " def __init__(self): self.w, self.bias = 2.0, 1.0\n"
            "c = C()\ndef f(x): return x * (c.w + isinstance(c, P))",
            ("self.w, self.bias", "self.w, self.bios"),
        )
        for module in ("typing", "typing_extensions")
    ),
    *(
        case(
            f"R22-address-{name}",
            bypass("id_or_hash_read"),
            f"class O: pass\no = O()\n{before}\ndef f(x): return x * len(({text}).partition('0x')[2])",
        )
        for name, before, text in (
            ("mapped", "", "jax.tree.map(repr, [o])[0]"),
            ("vectorized", "", "str(np.vectorize(repr, otypes='O')(np.array([o], dtype=object))[0])"),
            ("in-array", "def made():\n a = np.empty(1, object)\n a[0] = o\n return a", "repr(made())"),
            ("in-dataclass", "@dataclasses.dataclass\nclass D:\n o: object\nd = D(o)", "repr(d)"),
        )
    ),
    # JAX makes texts of what it works with, too, and goes by its own protocols; that is nobody's.
    case(
        "R22-by-itself",
        HIT,
        "class C:\n def __init__(self): self.w, self.unread = 2.0, 1.0\nc = C()\n"
        "@functools.partial(jax.jit, static_argnames='k')\ndef g(x, k=3): return x * k\n"
        "def f(x):\n y = jax.lax.scan(lambda c, y: (c + y, y), x, x)[0] + jax.random.normal(jax.random.key(0), (4,))\n"
        " text = f'{x} {y!r} {x.aval}'\n"
        " return g(jax.nn.softmax(y), k=2) * c.w + jnp.asarray([1.0, 2.0, 3.0, 4.0])",
        ("= 2.0, 1.0", "= 2.0, 3.0"),
    ),
    # A pickle that JAX or a library reads finds classes by their names.
    *(
        case(
            f"R23-pickle-{name}",
            bypass("dynamic_module_attr"),
            f"{_THERE}import pickle\nclass C: k = 2.0\n{write}\ndef f(x): return x * {read}.k",
            ("k = 2.0", "k = 3.0"),
        )
        for name, write, read in (
            ("mapped", "B = pickle.dumps(C())", "jax.tree.map(pickle.loads, [B])[0]"),
            ("in-array", "np.save('t.npy', np.array([C()]))", "np.load('t.npy', allow_pickle=True)[0]"),
            ("by-library", "import cloudpickle\nB = cloudpickle.dumps(C())", "jax.tree.map(cloudpickle.loads, [B])[0]"),
        )
    ),
    # Code without a file that is called as what the standard library writes for classes.
    *(
        case(
            f"R24-{name}-{what}",
            expected,
            f"import time\nK = 2.0\nexec({text.format(body)!r})\ndef f(x): return x * named()",
            *edits,
            only_b="os.environ['CASE_R24'] = '3'",
        )
        for name, text in (
            ("tuple", "def namedtuple_named(): return {}\nnamed = namedtuple_named"),
            ("creating", "def __create_fn__named(): return {}\nnamed = __create_fn__named"),
            ("created", "def __create_fn__():\n def named(): return {}\n return named\nnamed = __create_fn__()"),
            ("module", "named = eval('lambda: {}', {{**globals(), '__name__': 'namedtuple_named'}})"),
        )
        for what, expected, body, edits in (
            ("clock", bypass("time_read"), "0 * time.time()", ()),
            ("environment", MISS, 'float(os.environ.get("CASE_R24", "2"))', ()),
            ("global", MISS, "K", (("K = 2.0", "K = 3.0"),)),
        )
    ),
    *(
        case(f"R24-of-{name}", HIT, f"import typing\n{text}\ndef f(x): return x * D(2.0).k", ("# one", "# two"))
        for name, text in (
            ("dataclass", "@dataclasses.dataclass(frozen=True)\nclass D: k: float  # one"),
            ("named-tuple", "D = collections.namedtuple('D', 'k')  # one"),
            ("typed-tuple", "class D(typing.NamedTuple): k: float  # one"),
            ("made-inside", "def D(k): return dataclasses.make_dataclass('E', ['k'])(k)  # one"),
        )
    ),
)
