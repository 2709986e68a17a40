"""N: modules in captured variables, as an import inside of ``main`` leaves them to the functions that it makes."""

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


CASES = (
    # A module of the user's may be reached through the cell, by code whose chains do not show it.
    *(
        case(
            f"N06-{name}",
            bypass("dynamic_module_attr"),
            _made("return helper.scale(x)").replace("f = make()", "g = make()")
            + f"import inspect\nC = 'cell_contents'\ndef f(x): return x * {read}.Config.k\n"
            + _HELPER,
            ("k = 3.0", "k = 4.0"),
        )
        for name, read in (
            ("cell", "g.__closure__[0].cell_contents"),
            ("computed", "getattr(g.__closure__[0], C)"),
            ("inspected", "inspect.getclosurevars(g).nonlocals['helper']"),
        )
    ),
    case("N01-library", HIT, _made("return eqx.apply_updates(x, x)", "import equinox as eqx")),
    case("N01-nothing", bypass("dynamic_module_attr"), _made("return helper.scale(x)") + _HELPER),
    case(
        "N01-another-function",
        bypass("dynamic_module_attr"),
        _made("return helper.scale(x)") + _HELPER,
        ("x + 7.0", "x + 8.0"),
    ),
    case(
        "N01-what-does-not-run",
        bypass("dynamic_module_attr"),
        _made("return helper.other(x) if x.shape == (99,) else x * 2") + _HELPER,
    ),
    case("N02-function", bypass("dynamic_module_attr"), _made("return helper.scale(x)") + _HELPER, _EDIT),
    case(
        "N02-constant-of-a-function",
        bypass("dynamic_module_attr"),
        _made("return helper.scale(x)") + _HELPER,
        ("K = 2.0", "K = 2.5"),
    ),
    case("N02-data", bypass("dynamic_module_attr"), _made("return x * helper.K") + _HELPER, ("K = 2.0", "K = 2.5")),
    case(
        "N02-class",
        bypass("dynamic_module_attr"),
        _made("return x * helper.Config.k") + _HELPER,
        ("k = 3.0", "k = 4.0"),
    ),
    case("N02-nested", bypass("dynamic_module_attr"), _made("return (lambda y: helper.scale(y))(x)") + _HELPER, _EDIT),
    case(
        "N02-comprehension",
        bypass("dynamic_module_attr"),
        _made("return [helper.scale(x) for _ in range(2)]") + _HELPER,
        _EDIT,
    ),
    case(
        "N02-missing",
        bypass("dynamic_module_attr"),
        _made("try: return helper.fast(x)\nexcept AttributeError: return x") + _HELPER,
        ("K = 2.0", "K = 2.0\ndef fast(x): return x * 9"),
    ),
    case(
        "N02-another-module",
        bypass("dynamic_module_attr"),
        _made("return h.scale(x)", "from . import helper as h")
        + _HELPER
        + "=== second.py\ndef scale(x): return x * 11",
        ("import helper as h", "import second as h"),
    ),
    case(
        "N02-patched",
        bypass("dynamic_module_attr"),
        _made("return helper.scale(x)") + "from . import helper\nif 0: pass\n" + _HELPER,
        ("if 0: pass", "helper.scale = helper.other"),
    ),
    case(
        "N02-submodule",
        bypass("dynamic_module_attr"),
        _made("return case_n02_submodule.helper.scale(x)", "import case_n02_submodule.helper") + _HELPER,
        _EDIT,
    ),
    case("N02-numpy", MISS, _made("return x * np.pi * k", "import numpy as np; k = 2.0"), ("k = 2.0", "k = 3.0")),
    # By other ways than an import into the variable of the function around it.
    case(
        "N03-argument",
        bypass("dynamic_module_attr"),
        "def make(helper):\n def g(x): return helper.scale(x)\n return g\nfrom . import helper\nf = make(helper)\n"
        + _HELPER,
        _EDIT,
    ),
    case(
        "N03-through-two-functions",
        bypass("dynamic_module_attr"),
        "def make():\n from . import helper\n def middle():\n  def g(x): return helper.scale(x)\n  return g\n"
        " return middle()\nf = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-method",
        bypass("dynamic_module_attr"),
        "def make():\n from . import helper\n class A:\n  def g(self, x): return helper.scale(x)\n return A().g\n"
        "f = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-shared-by-functions",
        bypass("dynamic_module_attr"),
        "def make():\n from . import helper\n def h(x): return helper.scale(x)\n def g(x): return h(x) + helper.K\n"
        " return g\nf = make()\n" + _HELPER,
        _EDIT,
    ),
    case(
        "N03-name-of-another-variable",
        bypass("dynamic_module_attr"),
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
    case("N04-assigned", bypass("dynamic_module_attr"), _made("helper.K = 5.0\nreturn helper.scale(x)") + _HELPER),
    case("N04-added-to", bypass("dynamic_module_attr"), _made("helper.K += 5.0\nreturn x * 2") + _HELPER),
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
    case("N04-deleted", bypass("dynamic_module_attr"), _made("del helper.other\nreturn x * 2") + _HELPER),
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
    # Modules that lead outside.
    case("N05-clock", bypass("time_read"), _made("return x * (time.time() > 0)", "import time")),
    case("N05-environment", bypass("env_read_untracked"), _made("return x * len(os.environ)", "import os")),
    case("N05-random", bypass("rng_read"), _made("return x * (random.random() < 2)", "import random")),
    case("N05-path", bypass("env_read_untracked"), _made("return x * len(os.path.join('a', 'b'))", "import os")),
)
