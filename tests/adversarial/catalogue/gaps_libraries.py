"""L: what libraries keep beside what they are given: memos that are none, names of memos, states of the process."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_NUMPYRO = "import numpyro.distributions as dist\nfrom numpyro.distributions.transforms import AffineTransform\n"
_INVERSE = (
    _NUMPYRO
    + "D = dist.TransformedDistribution(dist.Normal(0.0, 1.0), [AffineTransform(0.0, 2.0).inv, AffineTransform(1.0, 3.0)])\n"
    "def f(x): return D.log_prob(x)\n"
)
_COMPOSED = (
    _NUMPYRO + "T = dist.transforms.ComposeTransform([AffineTransform(0.0, 2.0).inv, AffineTransform(1.0, 3.0)])\n"
    "def f(x): return T(x) + T.inv(x)\n"
)
_OWN_TRANSFORM = (
    _NUMPYRO + "class Own(AffineTransform):\n"
    " def __init__(self): super().__init__(0.0, 1.0); self._inv = 2.0\n"
    " def scaled(self, x): return x * self._inv\n"
    "T = Own()\ndef f(x): return T.scaled(x)\n"
)
_OWN_INVERSE = (
    _NUMPYRO + "import weakref\nT, U = AffineTransform(0.0, 1.0), AffineTransform(1.0, 2.0)\nT._inv = weakref.ref(U)\n"
    "def f(x): return T.inv(x)\n"
)
_MCMC = (
    "import numpyro\nimport numpyro.distributions as dist\nfrom numpyro.infer import MCMC, NUTS\n"
    "class M(MCMC):\n def scaled(self, x): return x * self._cache['k']\n"
    "m = M(NUTS(lambda: numpyro.sample('a', dist.Normal(0, 1))), num_warmup=1, num_samples=1, progress_bar=False)\n"
    "m._cache = {'k': 2.0}\ndef f(x): return m.scaled(x)\n"
)
_KL = (
    "import numpyro.distributions as dist\nfrom numpyro.distributions import kl_divergence\n"
    "def f(x): return kl_divergence(dist.Normal(x, 1.0), dist.Normal(0.0, 1.0))\n"
)
_OWN_KL = (
    "import numpyro.distributions as dist\nfrom numpyro.distributions import kl_divergence\n"
    "class N(dist.Normal): pass\n@kl_divergence.register(N, N)\ndef g(p, q): return p.loc * 2.0\n"
    "def f(x): return kl_divergence(N(x, 1.0), N(0.0, 1.0))\n"
)
_FROZEN = (
    "from flax.core import FrozenDict\nclass D(FrozenDict): __slots__ = ()\nd = D({'a': 1})\nd._hash = 2\n"
    "def f(x): return x * d._hash\n"
)
_OWN_ID = (
    "from flax import linen as nn\nclass M(nn.Module):\n"
    " def __post_init__(self):\n  super().__post_init__()\n  object.__setattr__(self, '_id', 2.0)\n"
    " @nn.nowrap\n def scaled(self, x): return x * self._id\n"
    "m = M()\ndef f(x): return m.scaled(x)\n"
)
_FLAGS = (
    "from omegaconf import OmegaConf\nc = OmegaConf.create({'a': 1})\nc.__dict__['_flags_cache'] = {'k': 2.0}\n"
    "def f(x): return x * c.__dict__['_flags_cache']['k']\n"
)
_TOWER = (
    "from beartype import beartype, BeartypeConf\n@beartype(conf=BeartypeConf(is_pep484_tower=True))\n"
    "def g(x: jax.Array, k: float = 2) -> jax.Array: return x * k\ndef f(x): return g(x)\n"
)
_PYDANTIC_NAME = "class C:\n {} = 2.0\ndef f(x): return x * C.{}\n"
_TABULATED = (
    "import equinox as eqx\nold = eqx.nn.Linear.__dict__.get('tabulate')\neqx.nn.Linear.tabulate = 2.0\n"
    "m = eqx.nn.Linear(4, 4, key=jax.random.key(0))\ndef f(x): return x * m.tabulate\n"
    "def undo(): del eqx.nn.Linear.tabulate\n"
)
_DISPATCH = "@functools.singledispatch\ndef g(x): return x\ng.k = 2.0\ndef f(x): return g(x) * g.k\n"
_METHOD = (
    "class A:\n @functools.singledispatchmethod\n def m(self, x): return x\n"
    "D = A.__dict__['m'].dispatcher\nD.k = 2.0\ndef f(x): return x * D.k\n"
)
_MEMO = "@functools.lru_cache\ndef g(n): return n\n{}\ndef f(x): return x * {}\n"
_ABSL = (
    "from absl import logging as al\nal.set_verbosity(0)\ndef f(x): return x * (3.0 if {} else 2.0)\n"
    "def undo(): al.set_verbosity(-1)\n"
)
_JAXTYPING = (
    "from beartype import beartype\nfrom jaxtyping import Float, config, jaxtyped\nconfig.update('jaxtyping_disable', True)\n"
    "@jaxtyped(typechecker=beartype)\ndef g(x: Float[jax.Array, '5']): return x\ndef f(x): return g(x)\n"
    "def undo(): config.update('jaxtyping_disable', False)\n"
)
_SCIPY = (
    "import scipy.special\nold = scipy.special.seterr(singular='ignore')\n"
    "def f(x): return x * (2.0 if scipy.special.geterr()['singular'] == 'ignore' else 3.0)\n"
    "def undo(): scipy.special.seterr(**old)\n"
)
_HANDED = (
    "import logging, optax, weakref\nK = 2.0\nclass Q: pass\nq = Q(); q.k = K\nL = logging.getLogger('l08'); L.k = K\n"
    "cfg = {{'it': {}}}\ndef make(rate, cfg): return optax.sgd(rate * {})\n"
    "t = optax.inject_hyperparams(make, static_args=('cfg',))(rate=0.1, cfg=cfg)\n"
    "def f(x): return t.update(x, t.init(x))[0]\n"
)
_PARTIAL = (
    "import logging, optax, weakref\nimport equinox as eqx\nK = 2.0\nclass Q: pass\nq = Q(); q.k = K\n"
    "def g(it, x, *rest): return x * {}\nt = optax.stateless_with_tree_map(eqx.Partial(g, {}))\n"
    "def f(x): return t.update(x, t.init(x))[0]\n"
)
_SET_ON_LIBRARY = (
    "import logging\nfrom flax import linen as nn\nL = logging.getLogger('l08s'); L.k = 2.0\nnn.Module.logger = L\n"
    "class M(nn.Module):\n def __call__(self, x): return x * self.logger.k\n"
    "m = M()\ndef f(x): return m.apply({}, x)\ndef undo(): del nn.Module.logger\n"
)
_SERIALIZED = (
    "from flax import serialization\nimport operator\nserialization.register_serialization_state(complex, operator.neg, max)\n"
    "def f(x): return x * serialization.to_state_dict(2j).imag\n"
    "def undo(): del serialization._STATE_DICT_REGISTRY[complex]\n"
)
_ON_OPAQUE = "import operator, optax\nfrom jax.tree_util import Partial\n{}.k = {}\nc = {}\ndef f(x): return {}\ndef undo(): del {}.k\n"


def _on_counter(value: str, use: str) -> str:
    return _ON_OPAQUE.format("collections.Counter", value, "collections.Counter()", use, "collections.Counter")


def _on_function(value: str, use: str) -> str:
    return _ON_OPAQUE.format("functools.wraps", value, "functools.wraps", use, "functools.wraps")


_BY_HASH = (
    "import operator\nclass Meta(type):\n def __hash__(cls): return 5\n"
    "class Q(metaclass=Meta):\n def __init__(self, v): self.v = v\n"
    " def fa(self): return (self.v,), None\n def fb(self): return (self.v * 2,), None\n"
    "jax.tree_util.register_pytree_node(Q, operator.methodcaller('fa'), lambda a, c: Q(c[0]))\n"
    "def f(x): return jax.tree.leaves(Q(x))[0]\n"
)

CASES = (
    # Numpyro keeps the inverse of a transform in an attribute, and what a transform is the inverse of in the same one.
    case("L01-inverse", HIT, _INVERSE),
    case("L01-inverse-of-another", MISS, _INVERSE, ("0.0, 2.0).inv", "0.0, 3.0).inv")),
    case("L01-composed", HIT, _COMPOSED),
    case("L01-composed-of-another", MISS, _COMPOSED, ("0.0, 2.0).inv", "0.0, 3.0).inv")),
    case(
        "L01-asked-before",
        HIT,
        _NUMPYRO + "T = AffineTransform(0.0, 2.0)\ndef f(x): return T(x)",
        only_b="KEPT = T.inv",
    ),
    case("L01-ones-own", MISS, _OWN_TRANSFORM, ("_inv = 2.0", "_inv = 3.0")),
    case("L01-set-by-hand", bypass("unknown_object"), _OWN_INVERSE, ("1.0, 2.0)", "1.0, 3.0)")),
    # Other attributes that are memos, unless somebody puts something else there.
    case("L02-own-cache", MISS, _MCMC, ("'k': 2.0", "'k': 3.0")),
    case("L02-own-hash", MISS, _FROZEN, ("_hash = 2\n", "_hash = 3\n")),
    case("L02-own-id", MISS, _OWN_ID, ("'_id', 2.0", "'_id', 3.0")),
    case("L02-own-flags", MISS, _FLAGS, ("2.0", "3.0")),
    case("L02-tabulated", MISS, _TABULATED, ("= 2.0", "= 3.0")),
    *(
        case("L02-" + name.strip("_").replace("_", "-"), MISS, _PYDANTIC_NAME.format(name, name), ("= 2.0", "= 3.0"))
        for name in ("__pydantic_validator__", "__pydantic_core_schema__", "__pydantic_setattr_handlers__")
    ),
    # Memos of libraries that a trace fills, or that are salted.
    case("L03-divergence", HIT, _KL),
    case("L03-ones-own", HIT, _OWN_KL),
    case("L03-another", MISS, _OWN_KL, ("p.loc * 2.0", "p.loc * 3.0")),
    case("L03-tower", HIT, _TOWER),
    case("L03-tower-of-another", MISS, _TOWER, ("float = 2)", "float = 3)")),
    # What is set on functions that are chosen by type, and on memos.
    case("L04-dispatcher", MISS, _DISPATCH, ("k = 2.0", "k = 3.0")),
    case("L04-same", HIT, _DISPATCH),
    case("L04-dispatched-method", MISS, _METHOD, ("k = 2.0", "k = 3.0")),
    case("L04-dispatched-method-same", HIT, _METHOD),
    *(
        case(f"L05-{name.strip('_')}", MISS, _MEMO.format(f"g.{name} = 'abc'", f"len(g.{name})"), ("'abc'", "'abcd'"))
        for name in ("__name__", "__module__", "__qualname__")
    ),
    case(
        "L05-type-params",
        MISS,
        _MEMO.format("g.__type_params__ = (2.0,)", "g.__type_params__[0]"),
        ("(2.0,)", "(3.0,)"),
    ),
    case(
        "L05-parameters",
        MISS,
        _MEMO.format("g.cache_parameters = functools.partial(dict, maxsize=2)", "g.cache_parameters()['maxsize']"),
        ("maxsize=2", "maxsize=3"),
    ),
    case("L05-same", HIT, _MEMO.format("", "len(g.__name__)")),
    # States that libraries which are not walked keep for the process.
    case(
        "L06-verbosity",
        bypass("opaque_callable"),
        _ABSL.format("al.get_verbosity()"),
        ("verbosity(0)\ndef f", "verbosity(1)\ndef f"),
    ),
    case(
        "L06-level",
        bypass("opaque_callable"),
        _ABSL.format("al.vlog_is_on(1)"),
        ("verbosity(0)\ndef f", "verbosity(1)\ndef f"),
    ),
    case(
        "L06-logged",
        HIT,
        "from absl import logging as al\ndef f(x):\n al.info('traced')\n return x * 2",
        only_b="al.set_verbosity(1)\ndef undo(): al.set_verbosity(-1)",
    ),
    case(
        "L06-console",
        bypass("opaque_callable", "rng_read"),
        "import rich\ndef f(x): return x * rich.get_console().width",
    ),
    case("L06-text", bypass("opaque_callable"), "import yaml\ndef f(x): return x * yaml.safe_load('2.0')"),
    case("L06-checked-same", HIT, _JAXTYPING),
    case("L06-checked", MISS, _JAXTYPING, ("disable', True", "disable', False")),
    case("L06-errors", MISS, _SCIPY, ("seterr(singular='ignore')", "seterr(singular='raise')")),
    case("L06-errors-same", HIT, _SCIPY),
    # What a library hands to code of the user that it holds as well.
    case("L08-settings", HIT, _HANDED.format("K", "cfg['it']")),
    case("L08-other-settings", MISS, _HANDED.format("K", "cfg['it']"), ("K = 2.0", "K = 3.0")),
    case("L08-logger", MISS, _HANDED.format("L", "cfg['it'].k"), ("K = 2.0", "K = 3.0")),
    case(
        "L08-weak-values",
        bypass("unknown_object"),
        _HANDED.format("weakref.WeakValueDictionary(a=q)", "cfg['it']['a'].k"),
    ),
    case("L08-partial", HIT, _PARTIAL.format("it", "K")),
    case("L08-partial-of-another", MISS, _PARTIAL.format("it", "K"), ("K = 2.0", "K = 3.0")),
    case(
        "L08-partial-adapter",
        MISS,
        _PARTIAL.format("it.extra['k']", "logging.LoggerAdapter(logging.getLogger('l08p'), {'k': K})"),
        ("K = 2.0", "K = 3.0"),
    ),
    case("L08-partial-weak", bypass("unknown_object"), _PARTIAL.format("it().k", "weakref.ref(q)")),
    case("L08-set-on-a-library", MISS, _SET_ON_LIBRARY, ("L.k = 2.0", "L.k = 3.0")),
    # What is set on classes and functions of the standard library and of JAX.
    case("L09-namespace", MISS, _on_counter("types.SimpleNamespace(v=2.0)", "x * c.k.v"), ("v=2.0", "v=3.0")),
    case("L09-namespace-same", HIT, _on_counter("types.SimpleNamespace(v=2.0)", "x * c.k.v")),
    case("L09-nested", MISS, _on_counter("[[2.0]]", "x * c.k[0][0]"), ("2.0", "3.0")),
    case("L09-deque", MISS, _on_counter("collections.deque([2.0])", "x * c.k[0]"), ("2.0", "3.0")),
    case("L09-scalar", MISS, _on_counter("np.float32(2.0)", "x * c.k"), ("2.0", "3.0")),
    case("L09-partial", MISS, _on_counter("functools.partial(jnp.multiply, 2.0)", "c.k(x)"), ("2.0", "3.0")),
    case("L09-builtin", MISS, _on_counter("staticmethod(operator.neg)", "c.k(x)"), ("operator.neg", "operator.pos")),
    case("L09-jitted", MISS, _on_counter("staticmethod(jnp.sin)", "c.k(x)"), ("jnp.sin", "jnp.cos")),
    case("L09-library", MISS, _on_counter("optax.sgd(2.0)", "c.k.update(x, c.k.init(x))[0]"), ("2.0", "3.0")),
    case("L09-on-function", MISS, _on_function("types.SimpleNamespace(v=2.0)", "x * c.k.v"), ("v=2.0", "v=3.0")),
    case("L09-jitted-on-function", MISS, _on_function("jnp.sin", "c.k(x)"), ("jnp.sin", "jnp.cos")),
    case(
        "L09-on-partial",
        MISS,
        _ON_OPAQUE.format(*("Partial", "operator.neg", "Partial(jnp.add, 1.0)", "c.k(x)", "Partial")),
        ("operator.neg", "operator.pos"),
    ),
    # A class that its own hash does not find.
    case("L07-by-hash", bypass("unknown_object"), _BY_HASH, ("caller('fa')", "caller('fb')")),
    case("L07-builtin", MISS, _SERIALIZED, ("operator.neg", "operator.pos")),
    case("L07-builtin-same", HIT, _SERIALIZED),
)
