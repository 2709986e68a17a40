"""B: bindings, that is globals, closures, builtins, imports."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_K = "K = 1\ndef f(x): return x * K"
_SHADOW = "K = 1\ndef m(K):\n def f(x): return x * K\n return f\nf = m(2)"
_CALLED = "def prepare(jitted):\n global K\n jitted(X[:2])\n K = 2"
_MAKER = "def m():\n k = 2\n def f(x): return x * k\n def s(v):\n  nonlocal k\n  k = v\n return f, s\nf, s = m()"
_DEEP = (
    "from . import a\ndef f(x): return x * a.b.c.K\n=== a.py\nfrom . import b\n=== b.py\nfrom . import c\n"
    "=== c.py\nK = 2"
)
_OTHER = "from . import other\ndef f(x): return x * other.K\n=== other.py\n"
_RELOAD = (
    "import importlib, pathlib\nfrom . import other\nfrom .other import h\n{}\n"
    "p = pathlib.Path(other.__file__)\n=== other.py\ndef h(x): return x * 2"
)
_RELOADED = (
    "p.write_text(p.read_text().replace('* 2', '* 3333'))\nimportlib.invalidate_caches()\nimportlib.reload(other)"
)
_SUM = "def f(x): return sum((x, x))"
_MINE = "old = sum\ndef mine(v, s=0): return v[0] if type(v) is tuple and v[0] is v[-1] else old(v, s)\n"
_UNDO = "\ndef undo(): builtins.sum = old"

CASES = (
    case("B34", MISS, _K, ("K = 1", "K = 2")),
    case("B34-type", MISS, "K = 1\ndef f(x): return jnp.asarray(K)", ("K = 1", "K = 1.0")),
    case("B34-none", MISS, "K = None\ndef f(x): return x if K is None else -x", ("K = None", "K = 0")),
    case("B35", MISS, _K, only_b="K = 2"),
    case("B37", MISS, _K, only_b=_CALLED),
    case(
        "B38",
        MISS,
        "from .other import g\ndef f(x): return g(x)\n=== other.py\nfrom .third import h\ndef g(x): return h(x)\n"
        "=== third.py\ndef h(x): return x * 2",
        ("* 2", "* 3"),
    ),
    case("B39", MISS, "def h(x): return x * 2\ndef f(x): return h(x)", only_b="def h(x): return x * 3"),
    case("B41", MISS, "from .other import *\ndef f(x): return x * K\n=== other.py\nK = 2", ("K = 2", "K = 3")),
    case(
        "B41-gained",
        MISS,
        "from .other import *\ndef f(x): return sum((x, x))\n=== other.py\nJ = 2",
        ("J = 2", "def sum(v): return v[0]"),
    ),
    case(
        "B42",
        MISS,
        "from . import one as impl\ndef f(x): return impl.g(x)\n=== one.py\ndef g(x): return x * 2\n"
        "=== two.py\ndef g(x): return x * 3",
        ("import one", "import two"),
    ),
    case("B43-chain", MISS, _RELOAD.format("def f(x): return other.h(x)"), only_b=_RELOADED),
    case("B43-from", HIT, _RELOAD.format("def f(x): return h(x)"), only_b=_RELOADED),
    case("B45", MISS, _SUM, only_b=_MINE + "builtins.sum = mine" + _UNDO),
    case("B45-other-builtin", MISS, _SUM, only_b="old = sum\nbuiltins.sum = lambda v, s=0: old(v, s) * 1" + _UNDO),
    case("B45-global", MISS, _SUM, only_b="def sum(v): return v[0]"),
    case(
        "B46",
        MISS,
        "def f(x):\n try: return x * FLAG\n except NameError: return x",
        only_b="FLAG = 3",
    ),
    case("B47-cell", MISS, _SHADOW, ("m(2)", "m(3)")),
    case("B47-global", HIT, _SHADOW, ("K = 1", "K = 5")),
    case("B49", MISS, _MAKER, only_b="s(3)"),
    case("B50", OK, "def m():\n def f(x): return x * k\n g = f\n k = 2\n return g\nf = m()", ("k = 2", "k = 3")),
    case(
        "B50-empty",
        OK,
        "def m():\n def f(x):\n  try: return x * k\n  except NameError: return x\n g = f\n if X is None: k = 2\n"
        " return g\nf = m()",
        ("X is None", "X is not None"),
    ),
    case("B51", MISS, "def m(l): return lambda x: x * l[0]\nL = [2]\nf = m(L)", only_b="L[0] = 3"),
    case("B53", MISS, _DEEP, ("K = 2", "K = 3")),
    case("B53-unread", HIT, _DEEP, ("K = 2", "K = 2\nUNREAD = 3")),
    case(
        "B54",
        MISS,
        "from . import other\ndef f(x): return x * 2 if hasattr(other, 'fast') else x\n=== other.py\n",
        only_b="other.fast = 1",
    ),
    case(
        "B54-default",
        MISS,
        "from . import other\ndef f(x): return x * getattr(other, 'fast', 1)\n=== other.py\n",
        only_b="other.fast = 3",
    ),
    case(
        "B54-try",
        MISS,
        "from . import other\ndef f(x):\n try: return x * other.fast\n except AttributeError: return x\n=== other.py\n",
        only_b="other.fast = 3",
    ),
    case("B55", bypass("dynamic_module_attr"), _OTHER + "def __getattr__(name): return 2", ("return 2", "return 3")),
    case(
        "B57",
        bypass("dynamic_module_attr"),
        "from . import other\ns = 'K'\ndef f(x): return x * getattr(other, 'x' + s)\n=== other.py\nxK = 2",
        ("xK = 2", "xK = 3"),
    ),
    case("B58-globals", bypass("dynamic_scope"), "K = 2\ndef f(x): return x * globals()['K']", ("K = 2", "K = 3")),
    case(
        "B58-vars",
        bypass("dynamic_scope", "dynamic_module_attr"),
        "from . import other\ndef f(x): return x * vars(other)['K']\n=== other.py\nK = 2",
        ("K = 2", "K = 3"),
    ),
    case("B58-locals", bypass("dynamic_scope"), "def f(x):\n k = 2\n return x * locals()['k']", ("k = 2", "k = 3")),
    case(
        "B58-dict",
        bypass("dynamic_scope", "dynamic_module_attr"),
        "from . import other\ndef f(x): return x * other.__dict__['K']\n=== other.py\nK = 2",
        ("K = 2", "K = 3"),
    ),
    case("B59-eval", bypass("dynamic_scope"), "K = 2\ndef f(x): return eval('x * K')", ("K = 2", "K = 3")),
    case(
        "B59-exec",
        bypass("dynamic_scope"),
        "K = 2\ndef f(x):\n d = {}\n exec('r = K', globals(), d)\n return x * d['r']",
        ("K = 2", "K = 3"),
    ),
    case(
        "B59-hidden-eval",
        bypass("dynamic_scope", "unknown_object", "opaque_callable"),
        "K = 2\nE = {'e': eval}\ndef f(x): return E['e']('x * K', {'x': x, 'K': K})",
        ("K = 2", "K = 3"),
    ),
    case("B61", MISS, "A = {'g': lambda x: x * 2}\ndef f(x): return A['g'](x)", ("* 2", "* 3")),
    case("B61-unrelated", OK, "A = {'g': lambda x: x * 2}\ndef f(x): return A['g'](x)", only_b="A['h'] = abs"),
    case(
        "B62",
        MISS,
        "jax.tree_util.register_pytree_node(type('N', (), {}), lambda n: ((), None), lambda a, c: a)\n"
        "H = jnp.vectorize(lambda x: x * 2)\ndef f(x): return H(x)",
        ("* 2", "* 3"),
    ),
    case(
        "B63",
        MISS,
        "D = {'a': 1, 'b': 2}\ndef f(x): return [x * v for v in D.values()]",
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ),
    case(
        "B65",
        MISS,
        "class C: h = staticmethod(lambda x: x * 3)\ndef h(x): return x * 2\ndef f(x): return h(x)",
        only_b="del h\nh = C.h",
    ),
    # In the gaps of the catalogue.
    case("B36-array", MISS, "W = np.ones(4, 'f4')\ndef f(x): return x * W", only_b="W[0] = 3"),
    case("B36-jax-array", MISS, "W = jnp.ones(4)\ndef f(x): return x * W", ("jnp.ones(4)", "jnp.zeros(4)")),
    case("B36-byte-order", MISS, "W = np.ones(4, '<i4')\ndef f(x): return x * W.view('<i4')", ("'<i4')\n", "'>i4')\n")),
    case(
        "B36-strided-view",
        MISS,
        "W = np.arange(16, dtype='f4').reshape(4, 4)\nV = W[0]\ndef f(x): return x * V",
        ("W[0]", "W[:, 0]"),
    ),
    case("B40-alias", MISS, "class C: K = 2\nc = C\ndef f(x): return x * c.K", only_b="c.K = 3"),
    case(
        "B44-module-in-dict",
        bypass("dynamic_module_attr"),
        "from . import other\nM = {'m': other}\ndef f(x): return x * M['m'].K\n=== other.py\nK = 2",
        ("K = 2", "K = 3"),
    ),
    case(
        "B48-star-args-global",
        MISS,
        "A = (2, 3)\ndef g(x, a, b): return x * a + b\ndef f(x): return g(x, *A)",
        ("(2, 3)", "(3, 2)"),
    ),
    case(
        "B52-shared-or-copied",
        MISS,
        "l = [1]\nL = (l, l)\ndef f(x):\n v = [list(i) for i in L]\n return x * 2 if L[0] is L[1] else x",
        ("(l, l)", "(l, [1])"),
    ),
    case(
        "B56-module-class",
        bypass("dynamic_module_attr"),
        _OTHER + "import types, sys\nclass M(types.ModuleType):\n"
        " K = property(lambda s: 2)\nsys.modules[__name__].__class__ = M",
        ("s: 2", "s: 3"),
    ),
    case(
        "B60-chained-partial-builtin", MISS, "P = functools.partial(max, 2)\ndef f(x): return x * P(1)", ("(1)", "(5)")
    ),
    case(
        "B64-deque",
        MISS,
        "Q = collections.deque([1, 2], maxlen=3)\ndef f(x): return x * Q[0]",
        only_b="Q.rotate(1)",
    ),
)
