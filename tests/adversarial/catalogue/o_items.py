"""O13: items of plain dictionaries. Those that no code asks for by their keys do not count."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, bypass, case

_CONFIG = "C = {'lr': 2.0, 'seed': 1, 'net': {'width': 3, 'name': 'a'}, 'act': 'sin', 'sizes': [2, 3]}\n"
_SEED, _RATE = ("'seed': 1", "'seed': 22"), ("'lr': 2.0", "'lr': 3.0")
_WIDTH, _NAME = ("'width': 3", "'width': 4"), ("'name': 'a'", "'name': 'bb'")


def _reads(name: str, expected: str, expression: str, edit: tuple[str, str], before: str = "") -> object:
    return case(f"O13-{name}", expected, f"{_CONFIG}{before}\ndef f(x): return x * ({expression})", edit)


_MADE = "def make(C):\n def f(x): return {}\n return f\nf = make(C)\n"


def _captured(name: str, expected: str, expression: str, edit: tuple[str, str]) -> object:
    """A function that was made from its configuration."""
    return case(f"O13-captured-{name}", expected, _CONFIG + _MADE.format(expression), edit)


def _imported(name: str, expected: str, program: str, edit: tuple[str, str]) -> object:
    """A configuration in a module of its own."""
    return case(f"O13-module-{name}", expected, f"{program}\n=== conf.py\n{_CONFIG}", edit)


_TRAIN = """
def make_train(config):
    def loss(w, x):
        h = jnp.tanh(x * w) if config['act'] == 'tanh' else jnp.sin(x * w)
        return jnp.sum(h) * config.get('scale', 1.0)
    def train(x):
        def step(w, _):
            return w - config['lr'] * jax.grad(loss)(w, x), None
        return jax.lax.scan(step, x, None, config['net']['width'])[0]
    return train
f = make_train(C)
"""


def _trained(name: str, expected: str, edit: tuple[str, str]) -> object:
    """As in PureJaxRL: all of a training in one function that is made from a dictionary."""
    return case(f"O13-train-{name}", expected, _CONFIG + _TRAIN, edit)


# The very dictionary may be changed elsewhere for a moment.
_MOMENT = "def g():\n D['lr'] = 5.0\n v = C['lr']\n D['lr'] = 2.0\n return v"
_OBJECT = "class O: pass\no = O(); o.lr = 2.0\nC = {}\ndef g():\n o.lr = 5.0\n v = C['lr']\n o.lr = 2.0\n return v"
_INNER = "def g():\n D['width'] = 5\n v = C['net']['width']\n D['width'] = 3\n return v"

_ALIAS = ("D = dict(C)", "D = C")


def _changed(name: str, holder: str, parameter: str, change: str) -> object:
    """The item is read while the same dictionary, reached otherwise, is another for a moment."""
    steps = f"{change.format('5.0')}; v = C['lr']; {change.format('2.0')}"
    return _reads(
        f"moment-{name}", MISS, "g()", _ALIAS, f"D = dict(C)\n{holder}\ndef g({parameter}):\n {steps}\n return v"
    )


CASES = [
    _reads("same-dictionary", MISS, "g()", ("D = dict(C)", "D = C"), f"D = dict(C)\n{_MOMENT}"),
    _reads("same-as-object", MISS, "g()", ("dict(vars(o))", "vars(o)"), _OBJECT.format("dict(vars(o))")),
    _reads("same-inner", MISS, "g()", ("D = dict(C['net'])", "D = C['net']"), f"D = dict(C['net'])\n{_INNER}"),
    _reads("same-dictionary-other", MISS, "g()", _SEED, f"D = C\n{_MOMENT}"),
    _reads("other", HIT, "C['lr']", _SEED),
    _reads("read", MISS, "C['lr']", _RATE),
    _reads("inner-other", HIT, "C['net']['width']", _NAME),
    _reads("inner-read", MISS, "C['net']['width']", _WIDTH),
    _reads("inner-whole", MISS, "len(C['net'])", _NAME),
    _reads("asked", MISS, "2 if 'seed' in C else 3", ("'seed': 1, ", "")),
    _reads("asked-other", HIT, "2 if 'lr' in C else 3", ("'seed': 1, ", "")),
    _reads("default-other", HIT, "C.get('lr', 1)", _SEED),
    _reads("default-added", MISS, "C.get('wd', 1)", ("{'lr'", "{'wd': 2, 'lr'")),
    _reads("number-type", MISS, "C['lr']", ("'lr': 2.0", "'lr': 2")),
    _reads("order", HIT, "C['lr']", ("'lr': 2.0, 'seed': 1", "'seed': 1, 'lr': 2.0")),
    _reads("loop", MISS, "sum(len(k) for k in C)", ("'seed': 1", "'seeds': 1")),
    _reads("spread", MISS, "len({**C})", ("'seed': 1, ", "")),
    _reads("helper-other", HIT, "g()", _SEED, "def g(): return C['lr']"),
    _reads("helper-read", MISS, "g()", _RATE, "def g(): return C['lr']"),
    _reads("handed", MISS, "g(C)", _SEED, "def g(c): return len(str(c))"),
    _reads("handed-inside", MISS, "C['lr'] + (lambda: len(str(C)))()", _SEED),
    _reads("method-kept", MISS, "get('lr')", _RATE, "get = C.get"),
    _reads("method-kept-other", MISS, "get('lr')", _SEED, "get = C.get"),
    _reads("alias", MISS, "C['lr'] + len(str(D['seed']))", _SEED, "D = C"),
    _reads("alias-other", HIT, "C['lr'] + D['lr']", _SEED, "D = C"),
    _reads("lock-beside", HIT, "C['lr']", _SEED, "C['lock'] = threading.Lock()"),
    _reads(
        "written", bypass("trace_side_effect"), "g()", _SEED, "def g():\n C['seed'] = C['seed'] + 1\n return C['lr']"
    ),
    _reads("subclass", MISS, "C['lr']", _SEED, "C = collections.OrderedDict(C)"),
    _reads("default-dict", MISS, "C['lr']", _SEED, "C = collections.defaultdict(int, C)"),
    _reads("number-keys", MISS, "C['lr']", _SEED, "C[1] = 2"),
    _reads("list-item", MISS, "C['sizes'][0]", ("[2, 3]", "[4, 3]")),
    _reads("list-other", MISS, "C['sizes'][0]", ("[2, 3]", "[2, 4]")),
    _captured("other", HIT, "x * C['lr']", _SEED),
    _captured("read", MISS, "x * C['lr']", _RATE),
    _captured("items", MISS, "x * C['lr'] + len(str(C.items()))", _SEED),
    _captured("inside", HIT, "x * (lambda: C['lr'])()", _SEED),
    _captured("inside-whole", MISS, "x * C['lr'] + (lambda: len(str(C)))()", _SEED),
    _captured("local-name", MISS, "x * (lambda c: c['lr'] + len(str(c)))(C)", _SEED),
    _imported("other", HIT, "from .conf import C\ndef f(x): return x * C['lr']", _SEED),
    _imported("read", MISS, "from .conf import C\ndef f(x): return x * C['lr']", _RATE),
    _imported("attribute-other", HIT, "from . import conf\ndef f(x): return x * conf.C['lr']", _SEED),
    _imported("attribute-read", MISS, "from . import conf\ndef f(x): return x * conf.C['lr']", _RATE),
    _imported(
        "attribute-whole",
        MISS,
        "from . import conf\ndef f(x): return x * conf.C['lr'] + len(conf.C)",
        ("'seed': 1, ", ""),
    ),
    _imported("inner", bypass("lazy_import"), "def f(x):\n from .conf import C\n return x * C['lr']", _RATE),
    _trained("seed", HIT, _SEED),
    _trained("name", HIT, _NAME),
    _trained("rate", MISS, _RATE),
    _trained("steps", MISS, _WIDTH),
    _trained("activation", MISS, ("'act': 'sin'", "'act': 'tanh'")),
    _trained("added", MISS, ("{'lr'", "{'scale': 2.0, 'lr'")),
    _changed("default", "", "d=D", "d['lr'] = {}"),
    _changed("list", "Q = [D]", "", "Q[0]['lr'] = {}"),
    _changed("method", "put = D.__setitem__", "", "put('lr', {})"),
    _changed("update", "", "", "D.update(lr={})"),
    _changed("attribute", "class O: pass\no = O(); o.d = D", "", "o.d['lr'] = {}"),
    _changed("closure", "def make(d):\n def put(v): d['lr'] = v\n return put\nput = make(D)", "", "put({})"),
]
