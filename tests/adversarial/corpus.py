"""Programs as people write them, for the fuzzer to mutate. ``f`` is the function; what is named ``unused`` is not read."""

from __future__ import annotations

_MORE = """
def unused_helper(x, k=3): return x * k + 7
UNUSED = 11
class UnusedThing:
    size = 5
    def area(self): return self.size * 2
"""

_PROGRAMS = {
    "polynomial": "A, B, C = 1.0, 2.0, 3.0\ndef f(x): return A * x**2 + B * x + C",
    "helpers": "def g(x): return x * 2\ndef h(x, k=4): return g(x) + k\ndef f(x):\n 'doc'\n return h(x) - g(x + 1)",
    "another module": "from .layers import dense, SCALE\ndef f(x): return dense(x, 3) * SCALE\n=== layers.py\nSCALE = 5\n"
    "def inner(x): return x + 1\ndef dense(x, n): return inner(x) * n\ndef unused(x): return x - 9",
    "module chain": "from . import cfg\ndef f(x): return x * cfg.RATE + cfg.make(2)\n=== cfg.py\nRATE = 3\nOTHER = 1\n"
    "def make(n): return n * OTHER + 4\nunused_value = 8",
    "two modules deep": "from . import a\ndef f(x): return a.g(x)\n=== a.py\nfrom .b import h\ndef g(x): return h(x) * 2\n"
    "=== b.py\nK = 3\ndef h(x): return x + K",
    "closure": "def make(k, b=1):\n def f(x): return x * k + b\n return f\nf = make(3)",
    "closures in closures": "def outer(a):\n def middle(b):\n  def f(x): return x * a + b\n  return f\n return middle(2)\nf = outer(5)",
    "class": "class Model:\n scale = 2\n def __init__(self, bias): self.bias = bias\n"
    " def __call__(self, x): return x * self.scale + self.bias\nmodel = Model(4)\ndef f(x): return model(x)",
    "inheritance": "class Base:\n k = 2\n def run(self, x): return self.step(x) * self.k\nclass Model(Base):\n"
    " def step(self, x): return x + 3\ndef f(x): return Model().run(x)",
    "super": "class Base:\n def run(self, x): return x * 2\nclass Model(Base):\n def run(self, x): return super().run(x) + 5\n"
    "def f(x): return Model().run(x)",
    "property": "class Config:\n def __init__(self, n): self.n = n\n @property\n def twice(self): return self.n * 2\n"
    "config = Config(3)\ndef f(x): return x * config.twice",
    "dataclass": "@dataclasses.dataclass(frozen=True)\nclass Config:\n width: int = 3\n rate: float = 0.5\nconfig = Config(rate=0.25)\n"
    "def f(x): return x * config.width + config.rate",
    "dataclass factory": "@dataclasses.dataclass\nclass Config:\n sizes: list = dataclasses.field(default_factory=lambda: [2, 3])\n"
    "config = Config()\ndef f(x): return sum(x * s for s in config.sizes)",
    "registry": "OPS = {}\ndef register(name):\n def put(g):\n  OPS[name] = g\n  return g\n return put\n@register('double')\n"
    "def double(x): return x * 2\n@register('shift')\ndef shift(x): return x + 3\ndef f(x): return OPS['shift'](OPS['double'](x))",
    "partial": "def g(k, x, b=1): return x * k + b\nf = functools.partial(g, 3, b=2)",
    "decorator": "def scaled(g):\n @functools.wraps(g)\n def wrapper(x): return g(x) * 3\n return wrapper\n@scaled\ndef f(x): return x + 2",
    "decorators": "def plus(n): return lambda g: lambda x: g(x) + n\ndef times(n): return lambda g: lambda x: g(x) * n\n"
    "@plus(2)\n@times(3)\ndef f(x): return x - 1",
    "custom vjp": "@jax.custom_vjp\ndef g(x): return x * 2\ndef fwd(x): return g(x), x + 1\ndef bwd(r, t): return (t * r * 3,)\n"
    "g.defvjp(fwd, bwd)\ndef f(x): return jax.grad(lambda v: g(v).sum())(x)",
    "custom jvp": "@jax.custom_jvp\ndef g(x): return x * 2\n@g.defjvp\ndef rule(p, t): return g(*p), t[0] * 5\n"
    "def f(x): return jax.grad(lambda v: g(v).sum())(x)",
    "scan": "DECAY = 0.5\ndef body(c, x): return c * DECAY + x, c - 1\ndef f(x): return jax.lax.scan(body, 2.0, x)",
    "cond": "def yes(x): return x * 2\ndef no(x): return x - 3\ndef f(x): return jax.lax.cond(x.sum() > 1, yes, no, x)",
    "while": "def more(c): return c[0] < 4\ndef step(c): return c[0] + 1, c[1] * 2\ndef f(x): return jax.lax.while_loop(more, step, (0, x))[1]",
    "vmap": "@jax.vmap\ndef g(x): return x * 2 + 1\ndef f(x): return g(x) - 3",
    "inner jit": "@jax.jit\ndef g(x): return x * 3\ndef f(x): return g(x) + g(x * 2)",
    "checkpoint": "@jax.checkpoint\ndef g(x): return jnp.sin(x) * 2\ndef f(x): return jax.grad(lambda v: g(v).sum() * 3)(x)",
    "captured array": "W = np.array([1.0, 2.0, 3.0, 4.0], 'f4')\nV = W * 2\ndef f(x): return x * W + V",
    "enumeration": "class Mode(enum.Enum):\n FAST = 1\n SLOW = 2\nMODE = Mode.FAST\ndef f(x): return x * 2 if MODE is Mode.FAST else x - MODE.value",
    "named tuple": "Params = collections.namedtuple('Params', 'w b')\nP = Params(3, 4)\ndef f(x): return x * P.w + P.b",
    "dispatch": "@functools.singledispatch\ndef width(v): return 1\n@width.register\ndef _(v: int): return v * 2\ndef f(x): return x * width(3)",
    "lru cache": "@functools.lru_cache\ndef table(n): return n * 2 + 1\ndef f(x): return x * table(3)",
    "comprehensions": "N = (1, 2, 3)\ndef f(x): return sum([x * n for n in N if n != 2]) + sum({k: k * 2 for k in N}.values())",
    "nested functions": "def f(x):\n def inner(v, k=2):\n  def deep(u): return u * k + 1\n  return deep(v)\n return inner(x) - 4",
    "exceptions": "def g(x):\n if x.ndim > 1: raise ValueError('two')\n return x * 2\ndef f(x):\n try: return g(x)\n except ValueError: return x + 1",
    "context manager": "@contextlib.contextmanager\ndef scale(k): yield k * 2\ndef f(x):\n with scale(3) as k: return x * k",
    "generator": "def parts(n):\n for i in range(n): yield i * 2\ndef f(x): return sum(x * p for p in parts(3))",
    "descriptor": "class Twice:\n def __init__(self, k): self.k = k\n def __get__(self, o, t): return self.k * 2\n"
    "class Config: width = Twice(3)\ndef f(x): return x * Config().width",
    "metaclass": "class Meta(type):\n def __call__(cls, x): return cls.run(x) + 1\nclass Model(metaclass=Meta):\n"
    " @staticmethod\n def run(x): return x * 2\ndef f(x): return Model(x)",
    "slots": "class Config:\n __slots__ = ('a', 'b')\n def __init__(self, a, b): self.a, self.b = a, b\nc = Config(2, 3)\ndef f(x): return x * c.a + c.b",
    "operator": "class Scale:\n def __init__(self, k): self.k = k\n def __rmul__(self, x): return x * self.k + 1\n"
    " __array_ufunc__ = None\ndef f(x): return jnp.asarray(x) @ jnp.eye(4) + (3 * Scale(2))",
    "static switch": "MODES = ('train', 'eval')\ndef f(x): return x * (2 if MODES[0] == 'train' else 3)",
    "string building": "NAME = 'layer'\nW = {'layer1': 2, 'layer2': 3}\ndef f(x): return x * W[NAME + '1'] + W[f'{NAME}{2}']",
}

PROGRAMS: dict[str, str] = {
    name: text.replace("=== ", _MORE + "=== ", 1) if "=== " in text else text + _MORE
    for name, text in _PROGRAMS.items()
}
