"""N: modules in captured variables, as an import inside of ``main`` leaves them to the functions that it makes; and
modules that are handed around as values.
"""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_HELPER = """
=== helper.py
import jax.numpy as jnp
K = 2.0
class Config:
    k = 3.0
def scale(x): return x * K
def other(x): return x + 7.0
"""
_EDIT = ("return x * K", "return x * K * 2")


def _made(body: str, imports: str = "from . import helper") -> str:
    """A program whose ``f`` was made where the imports are."""
    lines = "".join(f"  {line}\n" for line in body.split("\n"))
    return f"def make():\n {imports}\n def g(x):\n{lines} return g\nf = make()\n"


_BY_NAME = "from flax import linen as nn\nNAME = 'relu'\ndef f(x): return getattr(nn, NAME)(x - 2)\n"
_UNDO = "\ndef undo(): nn.relu = jax.nn.relu"


_CALLABLE = (
    "from . import helper\nclass C:\n def __init__(s): s.m = helper\n"
    " def __call__(s, x, *a): return x * s.m.K\nO = C()\ndef q(m, x, *a): return x * m.K"
)
_WEAK = (
    "class T: pass\nQ = T()\nQ.k = 2.0\nclass C:\n def __init__(s): s.r = weakref.ref(Q)\n"
    " def __call__(s, x, *a): return x * s.r().k\nO = C()"
)
_OBJECT = "class C: pass\nO = C()\nO.k = 2.0"


def _held(name: str, expected: str, before: str, made: str, read: str, *edits: tuple[str, str]) -> object:
    """A program that reads what it has handed to a library as well, whose function is walked first."""
    program = f"import optax\n{before}\nV = {made}\nA = optax.stateless(V)\ndef f(x): return x * len(A) * {read}\n"
    undo = "def undo(): del optax.PUT\n" if "PUT" in before else ""
    return case(f"N08-{name}", expected, program + undo + _HELPER, *edits)


def _put(name: str, one: str, other: str, read: str) -> object:
    """A program that has put something into a library's module, and reads it of that module by another name."""
    program = f"import optax\noptax.PUT = {one}\ndef read(m): return m.{read}\ndef f(x): return x * read(optax)\n"
    return case(f"N07-{name}", MISS, program + "def undo(): del optax.PUT\n", (f"PUT = {one}", f"PUT = {other}"))


CASES = (
    # A library's module as a value: what is bound under its names counts.
    case("N07-by-name", HIT, _BY_NAME),
    case("N07-other-name", MISS, _BY_NAME, ("'relu'", "'gelu'")),
    *(
        case(f"N07-replaced-by-{what}", MISS, _BY_NAME, only_b=f"nn.relu = {value}{_UNDO}")
        for what, value in (
            ("one-of-jax", "jax.nn.silu"),
            ("one-of-numpy", "jnp.sin"),
            ("one-of-the-user", "lambda v: v * 5"),
            ("partial", "functools.partial(jax.nn.leaky_relu, negative_slope=0.5)"),
            ("jitted", "jax.jit(lambda v: v * 5)"),
        )
    ),
    _put("number", "2.0", "3.0", "PUT"),
    _put("table", "{'k': {'q': [2.0]}}", "{'k': {'q': [3.0]}}", "PUT['k']['q'][0]"),
    _put("array", "np.arange(4, dtype='f4')", "np.ones(4, 'f4')", "PUT"),
    _put("list-of-arrays", "[np.zeros(4, 'f4')]", "[np.ones(4, 'f4')]", "PUT[0]"),
    _put("range", "range(2)", "range(3)", "PUT.stop"),
    _put("dtype", "np.dtype('f4')", "np.dtype('f8')", "PUT.itemsize"),
    _put("namespace", "types.SimpleNamespace(k=2.0)", "types.SimpleNamespace(k=3.0)", "PUT.k"),
    _put("class", "type('C', (), {'k': 2.0})", "type('C', (), {'k': 3.0})", "PUT.k"),
    # What a library has been handed, and its functions capture, may come to the user's code by another way.
    _held("library", MISS, "import optax\noptax.PUT = 2.0", "[optax]", "V[0].PUT", ("PUT = 2.0", "PUT = 3.0")),
    *(
        _held(name, bypass("dynamic_module_attr"), "from . import helper", made, read, ("K = 2.0", "K = 3.0"))
        for name, made, read in (
            ("module", "helper", "[V][0].K"),
            ("list", "[helper]", "V[0].K"),
            ("dictionary", "{'m': helper}", "V['m'].K"),
            ("tuple", "(helper,)", "V[0].K"),
            ("namespace", "types.SimpleNamespace(m=helper)", "V.m.K"),
            ("partial", "functools.partial(max, helper)", "V.args[0].K"),
        )
    ),
    *(
        _held(name, bypass("unknown_object"), f"import weakref\n{_OBJECT}", made, read, ("O.k = 2.0", "O.k = 3.0"))
        for name, made, read in (
            ("weak-reference", "weakref.ref(O)", "V().k"),
            ("weak-values", "weakref.WeakValueDictionary({1: O})", "V[1].k"),
            ("weak-keys", "weakref.WeakKeyDictionary({O: O.k})", "V[O]"),
        )
    ),
    *(
        _held(name, bypass("dynamic_module_attr"), _CALLABLE, made, read, ("K = 2.0", "K = 3.0"))
        for name, made, read in (
            ("in-a-wrapper", "jax.vmap(O)", "V(x)"),
            ("in-two-wrappers", "jax.vmap(jax.checkpoint(O))", "V(x)"),
            ("in-a-gradient", "jax.value_and_grad(O)", "V(2.0)[0]"),
        )
    ),
    # What a library holds, and hands to code of the user.
    *(
        case(
            f"N08-called-by-a-library-{name}",
            expected,
            f"import optax, weakref\n{before}\nA = optax.stateless_with_tree_map({made})\n"
            "def f(x): return A.update(x, A.init(x), x)[0]\n" + _HELPER,
            edit,
        )
        for name, expected, before, made, edit in (
            ("module", bypass("dynamic_module_attr"), _CALLABLE, "O", ("K = 2.0", "K = 3.0")),
            ("weak-reference", bypass("unknown_object"), _WEAK, "O", ("Q.k = 2.0", "Q.k = 3.0")),
            (
                "partial",
                bypass("dynamic_module_attr"),
                _CALLABLE,
                "functools.partial(q, helper)",
                ("K = 2.0", "K = 3.0"),
            ),
            ("method", bypass("dynamic_module_attr"), _CALLABLE, "O.__call__", ("K = 2.0", "K = 3.0")),
            ("field", MISS, _WEAK.replace("weakref.ref(Q)", "lambda: Q"), "O", ("Q.k = 2.0", "Q.k = 3.0")),
        )
    ),
    _held("object", MISS, _OBJECT, "O", "V.k", ("O.k = 2.0", "O.k = 3.0")),
    _held("object-as-it-is", HIT, _OBJECT, "O", "V.k"),
    case(
        "N07-used-before",
        HIT,
        "import optax\nfrom flax import linen as nn\nL = [optax, nn]\ndef f(x): return x * len(L)",
        only_b="import optax.contrib\noptax.adam(1e-3).init(X)\nnn.Dense(3).init(jax.random.key(0), X)\n",
    ),
    # Other code can reach a module through the cell, and read of it what the chains of the function do not show.
    *(
        case(
            f"N06-{name}",
            bypass("dynamic_scope"),
            _made("return helper.scale(x)").replace("f = make()", "g = make()")
            + "def hold(helper): return lambda: helper\nh = hold(None)\n"
            + f"import inspect\nC = 'cell_contents'\ndef f(x): return x * {read}.Config.k\n"
            + _HELPER,
            ("k = 3.0", "k = 4.0"),
        )
        for name, read in (
            ("cell", "g.__closure__[0].cell_contents"),
            ("computed", "getattr(g.__closure__[0], C)"),
            ("computed-of-the-function", "getattr(g, '__clo' + 'sure__')[0].cell_contents"),
            ("inspected", "inspect.getclosurevars(g).nonlocals['helper']"),
            ("inspected-by-a-computed-name", "getattr(inspect, 'getclosure' + 'vars')(g).nonlocals['helper']"),
            ("members", "dict(inspect.getmembers(dict(inspect.getmembers(g))['__closure__'][0]))[C]"),
            ("function-made-of-it", "types.FunctionType(h.__code__, {}, 'h', None, g.__closure__)()"),
        )
    ),
    case(
        "N06-matched",
        bypass("dynamic_scope"),
        _made("return helper.scale(x)").replace("f = make()", "g = make()")
        + "def f(x):\n match g:\n  case types.FunctionType(__closure__=(types.CellType(cell_contents=m),)):\n"
        + "   return x * m.Config.k\n"
        + _HELPER,
        ("k = 3.0", "k = 4.0"),
    ),
    case(
        "N06-data-of-a-library",
        bypass("dynamic_scope"),
        "import optax\noptax.RATE = 2.0\n"
        + _made("return optax.apply_updates(x, x)", "import optax").replace("f = make()", "g = make()")
        + "def f(x): return x * g.__closure__[0].cell_contents.RATE\ndef undo(): del optax.RATE\n",
        ("RATE = 2.0", "RATE = 3.0"),
    ),
    case(
        "N06-filled-anew",
        bypass("dynamic_scope"),
        _made("return x * helper.K").replace("f = make()", "g = make()")
        + "from . import second\ndef f(x):\n  g.__closure__[0].cell_contents = second\n  return g(x)\n"
        + _HELPER
        + "=== second.py\nK = 11.0\n",
        ("K = 11.0", "K = 12.0"),
    ),
    case("N01-library", HIT, _made("return eqx.apply_updates(x, x)", "import equinox as eqx")),
    case("N01-nothing", HIT, _made("return helper.scale(x)") + _HELPER),
    case("N01-another-function", HIT, _made("return helper.scale(x)") + _HELPER, ("x + 7.0", "x + 8.0")),
    case("N01-what-does-not-run", HIT, _made("return helper.other(x) if x.shape == (99,) else x * 2") + _HELPER),
    case("N02-function", MISS, _made("return helper.scale(x)") + _HELPER, _EDIT),
    case("N02-constant-of-a-function", MISS, _made("return helper.scale(x)") + _HELPER, ("K = 2.0", "K = 2.5")),
    case("N02-data", MISS, _made("return x * helper.K") + _HELPER, ("K = 2.0", "K = 2.5")),
    case("N02-class", MISS, _made("return x * helper.Config.k") + _HELPER, ("k = 3.0", "k = 4.0")),
    case("N02-nested", MISS, _made("return (lambda y: helper.scale(y))(x)") + _HELPER, _EDIT),
    case("N02-comprehension", MISS, _made("return [helper.scale(x) for _ in range(2)]") + _HELPER, _EDIT),
    case(
        "N02-missing",
        MISS,
        _made("try: return helper.fast(x)\nexcept AttributeError: return x") + _HELPER,
        ("K = 2.0", "K = 2.0\ndef fast(x): return x * 9"),
    ),
    case(
        "N02-another-module",
        MISS,
        _made("return h.scale(x)", "from . import helper as h")
        + _HELPER
        + "=== second.py\ndef scale(x): return x * 11",
        ("import helper as h", "import second as h"),
    ),
    case(
        "N02-patched",
        MISS,
        _made("return helper.scale(x)") + "from . import helper\nif 0: pass\n" + _HELPER,
        ("if 0: pass", "helper.scale = helper.other"),
    ),
    case(
        "N02-submodule",
        MISS,
        _made("return case_n02_submodule.helper.scale(x)", "import case_n02_submodule.helper") + _HELPER,
        _EDIT,
    ),
    case("N02-numpy", MISS, _made("return x * np.pi * k", "import numpy as np; k = 2.0"), ("k = 2.0", "k = 3.0")),
    # By other ways than an import into the variable of the function around it.
    case(
        "N03-argument",
        MISS,
        "def make(helper):\n def g(x): return helper.scale(x)\n return g\nfrom . import helper\nf = make(helper)\n"
        + _HELPER,
        _EDIT,
    ),
    case(
        "N03-through-two-functions",
        MISS,
        "def make():\n from . import helper\n def middle():\n  def g(x): return helper.scale(x)\n  return g\n"
        " return middle()\nf = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-method",
        MISS,
        "def make():\n from . import helper\n class A:\n  def g(self, x): return helper.scale(x)\n return A().g\n"
        "f = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-shared-by-functions",
        MISS,
        "def make():\n from . import helper\n def h(x): return helper.scale(x)\n def g(x): return h(x) + helper.K\n"
        " return g\nf = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-name-of-another-variable",
        MISS,
        "def make():\n from . import helper\n def g(x):\n  def inner():\n"
        "   helper = types.SimpleNamespace(scale=lambda y: y * Q)\n   return (lambda: helper.scale(x))()\n"
        "  return inner() + helper.K\n return g\nQ = 5.0\nf = make()\n" + _HELPER,
        ("Q = 5.0", "Q = 6.0"),
    ),
    # What may read or change anything of the module.
    case("N04-value", bypass("dynamic_module_attr"), _made("h = helper\nreturn h.scale(x)") + _HELPER, _EDIT),
    case(
        "N04-getattr",
        bypass("dynamic_module_attr"),
        _made("return getattr(helper, 'scale')(x)") + _HELPER,
        _EDIT,
    ),
    case("N04-vars", bypass("dynamic_module_attr"), _made("return vars(helper)['scale'](x)") + _HELPER, _EDIT),
    case("N04-dict", bypass("dynamic_module_attr"), _made("return helper.__dict__['scale'](x)") + _HELPER, _EDIT),
    case(
        "N04-computed",
        bypass("dynamic_module_attr"),
        _made("return helper.late(x)")
        + _HELPER
        + "def __getattr__(name):\n if name == 'late': return scale\n raise AttributeError(name)\n",
        _EDIT,
    ),
    case(
        "N04-class-of-the-module",
        bypass("dynamic_module_attr"),
        _made("return x * helper.late")
        + "from . import helper\nclass M(types.ModuleType):\n @property\n def late(self): return 2.0\n"
        + "helper.__class__ = M\n"
        + _HELPER,
        ("return 2.0", "return 3.0"),
    ),
    case("N04-assigned", bypass("trace_side_effect"), _made("helper.K = 5.0\nreturn helper.scale(x)") + _HELPER),
    case("N04-added-to", bypass("trace_side_effect"), _made("helper.K += 5.0\nreturn x * 2") + _HELPER),
    case(
        "N04-global-added-to",
        bypass("trace_side_effect"),
        "import optax\noptax.COUNT = 1.0\ndef f(x):\n optax.COUNT += 1\n return x * 2\n"
        "def observe(): return optax.COUNT\ndef undo(): del optax.COUNT\n",
    ),
    case(
        "N04-import-added-to",
        bypass("trace_side_effect"),
        "import optax\noptax.COUNT = 1.0\ndef f(x):\n import optax as o\n o.COUNT += 1\n return x * 2\n"
        "def observe(): return optax.COUNT\ndef undo(): del optax.COUNT\n",
    ),
    case("N04-deleted", bypass("trace_side_effect"), _made("del helper.other\nreturn x * 2") + _HELPER),
    case(
        "N04-bound-anew",
        bypass("trace_side_effect", "unreached_code"),
        "import equinox, optax\ndef make(m):\n def h(n):\n  nonlocal m\n  m = n\n"
        " def g(x):\n  h(optax)\n  return m.apply_updates(x, x)\n return g\nf = make(equinox)\n",
    ),
    case(
        "N04-bound-anew-to-a-value",
        bypass("dynamic_module_attr"),
        "from . import second\ndef make():\n from . import helper\n def h():\n  nonlocal helper\n  helper = second\n"
        " def g(x):\n  h()\n  return helper.scale(x)\n return g\nf = make()\n"
        + _HELPER
        + "=== second.py\ndef scale(x): return x * 11.0\n",
        ("x * 11.0", "x * 12.0"),
    ),
    case(
        "N04-bound-anew-for-a-while",
        bypass("dynamic_module_attr"),
        "from . import second\ndef make():\n from . import helper\n def h(other):\n  nonlocal helper\n"
        "  before, helper = helper, other\n  return before\n def g(x):\n  before = h(second)\n  y = x * helper.K\n"
        "  h(before)\n  return y\n return g\nf = make()\n" + _HELPER + "=== second.py\nK = 11.0\n",
        ("K = 11.0", "K = 12.0"),
    ),
    case(
        "N04-import-anew-for-a-while",
        bypass("dynamic_module_attr"),
        "from . import second\ndef make():\n from . import helper\n def g(x):\n  nonlocal helper\n  from . import second as helper\n"
        "  y = x * helper.K\n  from . import helper as helper\n  return y\n return g\nf = make()\n"
        + _HELPER
        + "=== second.py\nK = 11.0\n",
        ("K = 11.0", "K = 12.0"),
    ),
    # Modules that lead outside.
    case("N05-clock", bypass("time_read"), _made("return x * (time.time() > 0)", "import time")),
    case("N05-environment", bypass("env_read_untracked"), _made("return x * len(os.environ)", "import os")),
    case("N05-random", bypass("rng_read"), _made("return x * (random.random() < 2)", "import random")),
    case("N05-path", HIT, _made("return x * len(os.path.join('a', 'b'))", "import os")),
)
