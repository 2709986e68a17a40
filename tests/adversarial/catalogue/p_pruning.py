"""P: pruning. Code that a trace does not run may change; whatever can shape a program without being run may not."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_BRANCH = (
    "FLAG = True\ndef one(x): return x * 2\ndef other(x): return x * 3\n"
    "def f(x):\n if FLAG: return one(x)\n return other(x)"
)
_METHODS = (
    "class Net:\n def __init__(s): s.k = 2\n def train(s, x): return x * s.k\n def evaluate(s, x): return x + 5\n"
    "net = Net()\ndef f(x): return net.train(x)"
)
_TABLE = "TABLE = {'a': lambda x: x * 2, 'b': sorted}\ndef spare(x): return x * 3\ndef f(x): return TABLE['a'](x)"
_ACTS = (
    "def gelu(x): return x * 2\ndef relu(x): return x * 3\nACTS = {'gelu': gelu, 'relu': relu}\n"
    "def f(x): return ACTS['gelu'](x)"
)
_SIGNATURE = (
    "import inspect\ndef other(x, n=2): return x\n"
    "def f(x): return x * len(inspect.signature(other).parameters) * inspect.signature(other).parameters['n'].default"
)
_NAME = "def other(x): return x * 9\nACTS = (other,)\ndef f(x): return x * len(ACTS[0].__name__)"
_ATTRIBUTE = "def other(x): return x * 9\nother.scale = 2\ndef f(x): return x * other.scale"
_LOOKS_IN = (
    "def other(x): return x * 2\ndef f(x): return x * len(other.__code__.co_consts) * other.__code__.co_consts[1]"
)
_CLOSURE = (
    "def make(k):\n def other(x): return x * k\n return other\nother = make(2)\n"
    "def f(x): return x * other.__closure__[0].cell_contents"
)
_BY_TEXT = "def other(x): return x * 2\ndef f(x): return x * getattr(getattr(other, '__code__'), 'co_consts')[1]"
_BY_ALIAS = (
    "from inspect import getclosurevars as variables\n"
    "def make(k):\n def other(x): return x * k\n return other\nother = make(2)\n"
    "def f(x): return x * variables(other).nonlocals['k']"
)
_THREAD = (
    "from concurrent.futures import ThreadPoolExecutor\ndef other(): return 2\n"
    "def f(x):\n with ThreadPoolExecutor(1) as pool: return x * pool.submit(other).result()"
)
_PLAIN_THREAD = (
    "def other(box): box.append(2)\ndef f(x):\n box = []\n t = threading.Thread(target=other, args=(box,))\n"
    " t.start()\n t.join()\n return x * box[0]"
)
_MEMO = (
    "@functools.lru_cache\ndef table(n): return helper(n)\ndef helper(n): return n * 2\ndef f(x): return x * table(3)"
)
_VJP = (
    "@jax.custom_vjp\ndef g(x): return x * 2\ndef fwd(x): return g(x), x\ndef bwd(r, c): return (c * 3,)\n"
    "g.defvjp(fwd, bwd)\n"
)
_FLATTEN = (
    "class P:\n def __init__(s, a, b): s.a, s.b = a, b\n"
    "def flatten(p): return (p.a, p.b), None\n"
    "jax.tree_util.register_pytree_node(P, flatten, lambda _, c: P(*c))\n"
    "ARGS = (P(X, X * 2),)\ndef f(p): return p.a - p.b"
)
_NODE_CLASS = (
    "@jax.tree_util.register_pytree_node_class\nclass P:\n def __init__(s, a, b): s.a, s.b = a, b\n"
    " def tree_flatten(s): return (s.a, s.b), None\n"
    " @classmethod\n def tree_unflatten(c, _, children): return c(*children)\n"
    "ARGS = (P(X, X * 2),)\ndef f(p): return p.a - p.b"
)
_TWICE = (
    "def one(x): return x * 2\ndef other(x): return x * 3\nOPTIONS = {'static_argnums': (1,)}\n"
    "def f(x, n): return one(x) if n else other(x)\nARGS = (X, 1)\n"
    "def prepare(jitted): jitted(X, 0)"
)
_REST = (
    "class S:\n ready = False\n def first(s): return 2.0\n def later(s): return 2.0\n"
    "def make():\n n = None\n"
    " def g():\n  nonlocal n\n  if n is None:\n   n = 1\n   return first()\n  return later()\n return g\n"
    "def first(): return 2.0\ndef later(): return 2.0\ng = make()\ndef f(x): return x * g()\n"
)
_PROPERTY = (
    "class C:\n @property\n def a(s): return 2\n @property\n def b(s): return 3\nc = C()\ndef f(x): return x * c.a"
)
_WRAPPED = (
    "def twice(g):\n @functools.wraps(g)\n def inner(*a): return g(*a) * 2\n return inner\n"
    "@twice\ndef one(x): return x + 1\n@twice\ndef other(x): return x + 2\n"
    "PAIR = (one, other)\ndef f(x): return PAIR[0](x)"
)
_NAMED = (
    "import jitserve\ndef table(): return 2\ndef other(x): return x * 3\n"
    "@jitserve.depends_on(table)\ndef f(x): return x * 2 if X is not None else other(x)"
)
_PATCHED_UNRUN = (
    "import jax._src.compiler as compiler\nold = compiler.backend_compile_and_load\n"
    "def mine(*a, **k):\n note = 1\n return old(*a, **k)\ncompiler.backend_compile_and_load = mine\n"
    "def undo(): compiler.backend_compile_and_load = old\ndef f(x): return x * 2"
)
_LAMBDAS = "A = lambda x: x * 2\nB = lambda x: x * 3\nPAIR = (A, B)\ndef f(x): return PAIR[0](x)"
_REBOUND = "def one(x): return x * 2\ndef two(x): return x * 3\nuse, spare = one, two\ndef f(x): return use(x) if X is not None else spare(x)"
_GLOBAL_OF_UNRUN = "K = 5\ndef other(x): return x * K\ndef f(x): return x * 2 if X is not None else other(x)"
_DEFAULT = "def f(x, act=None): return x * 2 if act is None else act(x)\ndef other(x): return x * 3\nSPARE = (other,)"
# flax makes a class of its own of each that is lifted, and looks which methods it has.
_LIFTED = (
    "from flax import linen as nn\nclass B(nn.Module):\n @nn.compact\n"
    " def __call__(self, x): return nn.tanh(nn.Dense(4)(x))\n def spare(self, x): return x * 5\n"
    "class N(nn.Module):\n def setup(self): self.b = nn.remat(B)()\n def __call__(self, x): return self.b(x)\n"
    " def unused(self, x): return x * 3\n"
    "n = N()\np = n.init(jax.random.key(0), jnp.ones(4))\ndef f(x): return n.apply(p, x)"
)

CASES = (
    case("P01", HIT, _BRANCH, ("return x * 3", "return x * 4")),
    case("P01-taken", MISS, _BRANCH, ("return x * 2", "return x * 4")),
    case("P01-switched", MISS, _BRANCH, ("FLAG = True", "FLAG = False")),
    case("P02", HIT, _METHODS, ("return x + 5", "return x + 6")),
    case("P02-removed", MISS, _METHODS, (" def evaluate(s, x): return x + 5\n", "")),
    case("P02-run", MISS, _METHODS, ("return x * s.k", "return x * s.k * 2")),
    case("P03", HIT, _ACTS, ("return x * 3", "return x * 4")),
    case("P03-replaced", MISS, _ACTS, ("'gelu': gelu", "'gelu': relu")),
    case("P04-signature", MISS, _SIGNATURE, ("n=2", "n=3")),
    case("P04-parameter", MISS, _SIGNATURE, ("n=2", "n=2, m=1")),
    case(
        "P04-name",
        MISS,
        _NAME,
        ("def other(x): return x * 9\nACTS = (other,)", "def others(x): return x * 9\nACTS = (others,)"),
    ),
    case("P04-attribute", MISS, _ATTRIBUTE, ("other.scale = 2", "other.scale = 3")),
    case("P05-code", MISS, _LOOKS_IN, ("return x * 2\n", "return x * 3\n")),
    case("P05-closure", bypass("dynamic_scope"), _CLOSURE, ("make(2)", "make(3)")),
    case("P05-by-text", MISS, _BY_TEXT, ("return x * 2\n", "return x * 3\n")),
    case("P05-by-alias", bypass("dynamic_scope"), _BY_ALIAS, ("make(2)", "make(3)")),
    case("P06-pool", bypass("opaque_callable"), _THREAD, ("return 2", "return 3")),
    case("P06-thread", bypass("opaque_callable"), _PLAIN_THREAD, ("box.append(2)", "box.append(3)")),
    case("P07-memo", MISS, _MEMO, ("n * 2", "n * 3")),
    case("P08-forward-only", HIT, _VJP + "def f(x): return g(x)", ("c * 3", "c * 4")),
    case("P08-gradient", MISS, _VJP + "f = jax.grad(lambda x: g(x).sum())", ("c * 3", "c * 4")),
    case("P09-flatten", MISS, _FLATTEN, ("return (p.a, p.b)", "return (p.b, p.a)")),
    case("P09-node-class", MISS, _NODE_CLASS, ("return (s.a, s.b)", "return (s.b, s.a)")),
    case("P10-other-static", HIT, _TWICE, ("return x * 3", "return x * 4")),
    case("P10-own-static", MISS, _TWICE, ("return x * 2", "return x * 4")),
    case("P11-at-rest", MISS, _REST, ("def later(): return 2.0", "def later(): return 3.0")),
    case("P11-first", MISS, _REST, ("def first(): return 2.0", "def first(): return 3.0")),
    case("P12", HIT, _PROPERTY, ("return 3", "return 4")),
    case("P12-run", MISS, _PROPERTY, ("return 2", "return 4")),
    case("P13", HIT, _WRAPPED, ("return x + 2", "return x + 3")),
    case("P13-run", MISS, _WRAPPED, ("return x + 1", "return x + 3")),
    case("P18", HIT, _NAMED, ("return x * 3", "return x * 4")),
    case("P18-named", MISS, _NAMED, ("return 2\n", "return 3\n")),
    case("P19-runs-when-compiling", MISS, _PATCHED_UNRUN, ("note = 1", "note = 2")),
    # All lambdas of a module have one name in a footprint: what runs is told from what does not by names only.
    case("P14", MISS, _LAMBDAS, ("x: x * 3", "x: x * 4")),
    case("P15", MISS, _REBOUND, ("use, spare = one, two", "use, spare = two, one")),
    case("P20-lifted", HIT, _LIFTED, ("return x * 3", "return x * 4")),
    case("P20-lifted-inside", HIT, _LIFTED, ("return x * 5", "return x * 6")),
    case("P20-run", MISS, _LIFTED, ("nn.tanh(", "nn.relu(")),
    case("P20-name", MISS, _LIFTED, ("def spare", "def spare_part")),
    case("P16", HIT, _GLOBAL_OF_UNRUN, ("K = 5", "K = 6")),
    case("P17", HIT, _DEFAULT, ("return x * 3", "return x * 4")),
)
