"""R60 to R63: one dictionary in two roles: that of an object's attributes, and one of its own."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, case

_ARGUMENTS = """
import argparse
p = argparse.ArgumentParser()
p.add_argument('--lr', type=float, default=2.0)
p.add_argument('--width', type=int, default=3)
p.add_argument('--seed', type=int, default=0)
args = p.parse_args([])
"""
_WIDTH, _SEED = ("int, default=3", "int, default=5"), ("int, default=0", "int, default=1")


def _parsed(name: str, expected: str, program: str, edit: tuple[str, str]) -> Case:
    """A script's arguments, by attributes and as a dictionary."""
    return case(f"R60-arguments-{name}", expected, _ARGUMENTS + program, edit)


_TRAINER = """
class Trainer:
    def __init__(self, lr, width, seed):
        self.lr, self.width, self.seed = lr, width, seed
        self.hparams = vars(self)
    def step(self, x): return x * self.lr + sum(v for k, v in self.hparams.items() if k == 'width')
t = Trainer(2.0, 3, 0)
f = t.step
"""
_MADE = (
    "def make(args):\n cfg = vars(args)\n def f(x): return x * args.lr * sum(cfg.values())\n return f\nf = make(args)"
)
_HIDDEN = (
    "def h(*, b=3.0): return b\nZ = h.__kwdefaults__; K = 'b'\ndef f(x): return x * Z[K] * (1 if callable(h) else 2)"
)

_CONFIGS = """
import contextlib
train_cfg = {'dropout': 0.0, 'lr': 1.0}; eval_cfg = {'dropout': 0.0, 'lr': 1.0}
active = train_cfg
@contextlib.contextmanager
def override(**kw):
    old = dict(active); active.update(kw)
    try: yield
    finally: active.clear(); active.update(old)
def train_part(x): return x * (1 - train_cfg['dropout'])
def eval_part(x): return x * (2 - eval_cfg['dropout'])
def f(x):
    with override(dropout=0.5): return train_part(x), eval_part(x)
"""
_BACKENDS = """
import contextlib
class Ref:
    @staticmethod
    def silu(v): return v / (1 + jnp.exp(-2 * v))
def make_layer(ops):
    def layer(x): return ops.silu(x)
    @contextlib.contextmanager
    def using(new):
        nonlocal ops
        old, ops = ops, new
        try: yield
        finally: ops = old
    return layer, using
first, using = make_layer(jax.nn); second, _ = make_layer(jax.nn)
layer = first
def f(x):
    with using(Ref): return layer(x)
"""
_RATES = """
def make(cfg):
    def get(): return cfg['lr']
    def swap(new):
        nonlocal cfg
        old, cfg = cfg, new
        return old
    return get, swap
get1, swap1 = make({'lr': 2.0}); get2, _ = make({'lr': 2.0})
get = get1
def f(x):
    old = swap1({'lr': 5.0})
    v = get()
    swap1(old)
    return x * v
"""
_BORG = """
import contextlib
class Mode:
    _state = {}
    def __init__(self): self.__dict__ = self._state
    @contextlib.contextmanager
    def training(self):
        self.train = True
        try: yield
        finally: del self.train
mode = Mode(); other = Mode()
def layer(x): return x * (0.5 if getattr(other, 'train', False) else 1.0)
def f(x):
    with mode.training(): return layer(x)
"""


def _moment(name: str, made: str, other: str = "dict(vars(o))", held: str = "vars(o)") -> Case:
    """An attribute is another for a moment, in which the same dictionary is asked, or another one of equal contents."""
    program = f"import functools, logging, types\n{made}\nC = {held}\n"
    program += "def g():\n o.lr = 5.0\n v = C.get('lr', 1.0)\n o.lr = 2.0\n return v\ndef f(x): return x * g()"
    return case(f"R62-{name}", MISS, program, (f"C = {held}", f"C = {other}"))


def _filled(name: str, made: str, held: str = "vars(o)") -> Case:
    """The same where there is nothing in it but for a moment."""
    program = f"import argparse, functools, types\n{made}\nC = {held}\n"
    program += "def g():\n o.lr = 5.0\n v = C.get('lr', 1.0)\n del o.lr\n return v\ndef f(x): return x * g()"
    return case(f"R62-empty-{name}", MISS, program, (f"C = {held}", "C = {}"))


_TAKES = "def f(x):\n try: u = C['a']['x']; k = 2.0\n except TypeError: k = 3.0\n"
_TAKES += " try: v = C['b']['b']; j = 1.0\n except TypeError: j = 5.0\n return x * k * j"
_SHOWS = "def f(x):\n old = B[0]; B[0] = 9\n v = int(W[0])\n B[0] = old\n return x * v"

CASES = [
    _parsed(
        "unpacked",
        MISS,
        "config = vars(args)\ndef build(width, **_): return jnp.ones(width)\n"
        "def f(x): return x * args.lr * jnp.sum(build(**config))",
        _WIDTH,
    ),
    _parsed("summed", MISS, "z = vars(args)\ndef f(x): return x * args.lr * sum(z.values())", _WIDTH),
    _parsed("counted", MISS, "z = vars(args)\ndef f(x): return x * args.lr * len(str(z))", ("default=3", "default=33")),
    _parsed("by-a-name", MISS, "K = 'width'\nz = vars(args)\ndef f(x): return x * args.lr * z[K]", _WIDTH),
    _parsed("captured", MISS, _MADE, _WIDTH),
    _parsed("dictionary-first", MISS, "a = vars(args)\ndef f(x): return x * args.lr * sum(a.values())", _WIDTH),
    _parsed("by-keys-other", HIT, "config = vars(args)\ndef f(x): return x * args.lr * config['width']", _SEED),
    _parsed("by-keys-read", MISS, "config = vars(args)\ndef f(x): return x * args.lr * config['width']", _WIDTH),
    _parsed("attributes-other", HIT, "def f(x): return x * args.lr * args.width", _SEED),
    case("R60-trainer", MISS, _TRAINER, ("2.0, 3, 0", "2.0, 33, 0")),
    case("R60-keyword-defaults", MISS, _HIDDEN, ("b=3.0", "b=4.0")),
    case("R61-override", MISS, _CONFIGS, ("active = train_cfg", "active = eval_cfg")),
    case("R61-override-same", HIT, _CONFIGS, ("def f(x):", "# a comment\ndef f(x):")),
    case("R61-backend", MISS, _BACKENDS, ("layer = first", "layer = second")),
    case("R61-backend-same", HIT, _BACKENDS, ("layer = first", "layer = first  # a comment")),
    case("R61-rates", MISS, _RATES, ("get = get1", "get = get2")),
    _moment("jitted", "o = jax.jit(lambda x: x); o.lr = 2.0"),
    _moment("array", "class A(np.ndarray): pass\no = np.ones(2).view(A); o.lr = 2.0"),
    _moment("memo", "@functools.lru_cache\ndef o(): return 1\no.lr = 2.0"),
    _moment("static-method", "def o(): return 1\no = staticmethod(o); o.lr = 2.0"),
    _moment("class-method", "class K:\n @classmethod\n def m(c): pass\no = vars(K)['m']; o.lr = 2.0"),
    _moment("logger", "o = logging.getLogger('r62'); o.lr = 2.0"),
    _moment("class", "class o: lr = 2.0", "types.MappingProxyType(dict(vars(o)))"),
    case("R62-borg", MISS, _BORG, ("self.__dict__ = self._state", "pass")),
    _filled("object", "class O: pass\no = O()"),
    _filled("arguments", "o = argparse.Namespace()"),
    _filled("simple", "o = types.SimpleNamespace()"),
    _filled("function", "def o(): pass"),
    _filled("error", "o = ValueError('a')"),
    _filled("partial", "o = functools.partial(int)"),
    case(
        "R63-items",
        MISS,
        f"C = {{'a': {{'x': 'b'}}, 'b': 'W'}}\n{_TAKES}",
        ("{'a': {'x': 'b'}, 'b': 'W'}", "{'a': 'x', 'b': {'b': 'W'}}"),
    ),
    case(
        "R63-buffer",
        MISS,
        f"B = bytearray(b'abcd')\nW = np.frombuffer(B, 'u1')\n{_SHOWS}",
        ("np.frombuffer(B, 'u1')", "np.frombuffer(bytearray(B), 'u1')"),
    ),
    case(
        "R63-two-buffers",
        MISS,
        f"b = bytearray(b'abcd')\nB = np.frombuffer(b, 'u1')\nW = np.frombuffer(b, 'u1')\n{_SHOWS}",
        ("W = np.frombuffer(b,", "W = np.frombuffer(bytearray(b),"),
    ),
]
