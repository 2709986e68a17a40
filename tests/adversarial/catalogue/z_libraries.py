"""Z: what libraries that nobody mentions as such do around a program: names of axes, checks of types."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_MESH = (
    "from jax.sharding import PartitionSpec as P\n"
    "M = jax.make_mesh((2, 2), ('a', 'b'), axis_types=(jax.sharding.AxisType.Auto,) * 2)\n"
)
_AXES = (
    _MESH
    + "def f(x): return jax.shard_map(lambda v: v * 2, mesh=M, in_specs=P('a'), out_specs=P('a'), axis_names={'a'})(x)"
)
_BOTH = _AXES.replace("axis_names={'a'}", "axis_names={'b', 'a'}")
_OWN_MAP = (
    "def shard_map(f, axis_names): return lambda x: f(x) * sum(ord(k) for k in axis_names)\n"
    "def f(x): return shard_map(lambda v: v * 2, axis_names={'a', 'f'})(x)"
)
_OWN_PARTIAL = (
    "def partial(f, axis_names): return lambda x: x * sum(ord(k) for k in axis_names)\n"
    "def f(x): return partial(jax.shard_map, axis_names={'a', 'f'})(x)"
)
_PATTERN = "import einops\ndef f(x): return einops.repeat(x, 'a -> b a c', b=2, c=3) * 2"
_CHECKED = "import beartype\n@beartype.beartype\ndef g(x: jax.Array, k: int = 2) -> jax.Array: return x * k\ndef f(x): return g(x)"
_ATTRS = (
    "import attr\n@attr.s(auto_attribs=True, frozen=True)\nclass C:\n w: int = 3\n names: tuple = ('a', 'b')\n"
    "c = C()\ndef f(x): return x * c.w + len(c.names)"
)
_CONFIGURED = (
    "from omegaconf import OmegaConf\nC = OmegaConf.create({'rate': 2.0, 'net': {'sizes': [4, 5]}})\n"
    "def f(x):\n for size in C.net.sizes: x = x * size\n return x * C.rate"
)
_MODEL = (
    "from pydantic import BaseModel, field_validator\nclass M(BaseModel):\n rate: float = 2.0\n sizes: list[int] = [4, 5]\n"
    " @field_validator('rate')\n @classmethod\n def doubled(cls, v): return v * 2\n"
    "m = M(rate=3.0)\ndef f(x):\n for size in m.sizes: x = x * size\n return x * m.rate"
)

CASES = (
    # Functions of JAX take sets of names.
    case("Z01-axes", HIT, _AXES),
    case("Z01-both-axes", HIT, _BOTH),
    case("Z01-other-axes", MISS, _AXES, ("axis_names={'a'}", "axis_names={'a', 'b'}")),
    case(
        "Z01-axes-kept",
        HIT,
        _MESH + "@functools.partial(jax.shard_map, mesh=M, in_specs=P('a'), out_specs=P('a'), axis_names={'a', 'b'})\n"
        "def f(x): return x * 2",
    ),
    case("Z01-map-of-ones-own", bypass("hash_order"), _OWN_MAP),
    case("Z01-namesake-of-partial", bypass("hash_order"), _OWN_PARTIAL),
    # Einops goes through sets of names, and makes its backend in the first trace of a process.
    case("Z02-repeated", HIT, _PATTERN),
    case("Z02-other-pattern", MISS, _PATTERN, ("'a -> b a c'", "'a -> a b c'")),
    case("Z02-other-length", MISS, _PATTERN, ("c=3", "c=4")),
    case("Z02-composed", HIT, "import einops\ndef f(x): return einops.rearrange(x, '(a b) -> b a', a=2) * 2"),
    case(
        "Z02-composed-otherwise",
        MISS,
        "import einops\ndef f(x): return einops.rearrange(x, '(a b) -> b a', a=2)",
        ("a=2", "a=4"),
    ),
    case(
        "Z02-patched-backend",
        MISS,
        "import einops\ndef f(x): return einops.rearrange(x, 'a -> 1 a')\n",
        only_b="from einops._backends import JaxBackend as B\nold = B.__dict__.get('reshape')\n"
        "B.reshape = lambda self, x, shape: x.reshape(shape) * 3\n"
        "def undo():\n if old is None: del B.reshape\n else: B.reshape = old",
    ),
    # Beartype names parameters of its wrappers after addresses.
    case("Z03-checked", HIT, _CHECKED),
    case("Z03-other-default", MISS, _CHECKED, ("k: int = 2", "k: int = 3")),
    case("Z03-other-code", MISS, _CHECKED, ("return x * k", "return x + k")),
    case("Z03-other-check", MISS, _CHECKED, ("-> jax.Array: return x", "-> int: return x")),
    # attrs gives its classes methods that make texts, and remembers for each thread of what.
    case("Z04-attrs", HIT, _ATTRS),
    case("Z04-other-default", MISS, _ATTRS, ("w: int = 3", "w: int = 4")),
    case("Z04-other-value", MISS, _ATTRS, ("c = C()", "c = C(w=4)")),
    case("Z04-other-hash", MISS, _ATTRS, ("frozen=True", "frozen=True, cache_hash=True")),
    case("Z04-text", HIT, _ATTRS + " + len(repr(c))"),
    case("Z04-text-of-another-field", MISS, _ATTRS + " + len(repr(c))", ("('a', 'b')", "('a', 'bc')")),
    case(
        "Z04-other-converter",
        MISS,
        "import attr\ndef half(v): return v / 2\n@attr.s\nclass C: w = attr.ib(default=3, converter=half)\n"
        "def f(x): return x * C().w",
        ("v / 2", "v / 4"),
    ),
    case(
        "Z04-local-of-ones-own",
        bypass("unknown_object"),
        "L = threading.local()\nL.k = 2\ndef f(x): return x * L.k",
    ),
    # Pydantic compiles models into objects that cannot be read.
    case("Z06-model", HIT, _MODEL),
    case("Z06-other-value", MISS, _MODEL, ("M(rate=3.0)", "M(rate=4.0)")),
    case("Z06-other-default", MISS, _MODEL, ("[4, 5]", "[4, 6]")),
    case("Z06-other-validator", MISS, _MODEL, ("v * 2", "v * 3")),
    case("Z06-set-later", MISS, _MODEL, only_b="m.rate = 9.0"),
    case("Z06-set-before", HIT, _MODEL, only_b="m.rate = 9.0; m.rate = 6.0"),
    case("Z06-made-while-tracing", HIT, _MODEL + " * M(rate=0.5).rate"),
    case("Z06-made-otherwise", MISS, _MODEL + " * M(rate=0.5).rate", ("v * 2", "v * 3")),
    case(
        "Z06-static",
        MISS,
        "from pydantic import BaseModel\nclass M(BaseModel, frozen=True): rate: float = 2.0\nARGS = (M(rate=3.0), X)\n"
        "OPTIONS = {'static_argnums': 0}\ndef f(m, x): return x * m.rate",
        ("M(rate=3.0)", "M(rate=4.0)"),
    ),
    # OmegaConf remembers flags of nodes that are read.
    case("Z05-configured", HIT, _CONFIGURED),
    case("Z05-read-before", HIT, _CONFIGURED, only_b="C.net.sizes[0], C.rate"),
    case("Z05-other-size", MISS, _CONFIGURED, ("[4, 5]", "[4, 6]")),
    case("Z05-set-later", MISS, _CONFIGURED, only_b="C.rate = 3.0"),
    case(
        "Z05-read-only",
        MISS,
        _CONFIGURED + " if OmegaConf.is_readonly(C) else x",
        only_b="OmegaConf.set_readonly(C, True)",
    ),
)
