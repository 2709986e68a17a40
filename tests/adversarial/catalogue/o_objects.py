"""O: attributes of the user's objects, which count if code that ran can have read them, and what only other code reads."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_IMPORTS = "import copy, inspect, itertools, json, operator, pickle, string, time, typing\nimport concurrent.futures\n"
_TRAINER = (
    "K = 2.0\n{before}\nclass Trainer{bases}:\n def __init__(self):\n  self.hidden = K; self.lr = 1.0\n  {init}\n"
    "{methods}\n def step(self, x):\n  {body}\nt = Trainer()\nf = t.step\n{after}"
)
_OTHER = ("K = 2.0", "K = 3.0")
_LONGER = ("K = 2.0", "K = 22.25")


def _step(id: str, expected: str, body: str, edit: tuple[str, str] = _OTHER, **parts: str) -> object:
    """A method of a trainer that has ``hidden`` among its attributes; OK: whatever becomes of it, the result is right."""
    parts = {"before": "", "bases": "", "init": "pass", "methods": "", "after": "", **parts}
    return case(id, expected, _IMPORTS + _TRAINER.format(body=body, **parts), edit)


def _keeps(id: str, init: str) -> object:
    return _step(f"O01-{id}", HIT, "return x * self.lr", init=init)


def _config(id: str, expected: str, expression: str, before: str = "", options: str = "", made: str = "C()") -> object:
    program = (
        f"{_IMPORTS}@dataclasses.dataclass{options}\nclass C:\n lr: float = 2.0\n run: object = 'a'\n{before}\n"
        f"c = {made}\ndef f(x): return x * ({expression})"
    )
    return case(f"O04-{id}", expected, program, ("c = C()", "c = C(run='bb')"))


def _namespace(id: str, expected: str, expression: str, *edits: tuple[str, str]) -> object:
    program = (
        "import argparse\nc = argparse.Namespace(lr=2.0, run='a')\nD = argparse.Namespace(lr=2.0, run='bb')\n"
        f"def f(x): return x * ({expression})"
    )
    return case(f"O05-{id}", expected, program, *edits)


# What goes through all attributes of a namespace.
_OF_NAMESPACES = {
    "contains": "(2 if 'run' in c else 3)",
    "equal": "(2 if c == D else 3)",
    "unequal": "(2 if c != D else 3)",
    "text": "len(str(c))",
    "format": "(2 + f'{c}'.index('lr') + len(f'{c}'))",
    "arguments": "(2 + len(str(c._get_kwargs())) + [k for k, _ in c._get_kwargs()].index('lr'))",
}


def _unrun(id: str, held: str, use: str) -> object:
    program = (
        f"{_IMPORTS}HELD = {held}\nclass T:\n lr = 2.0\n def step(self, x): return x * self.lr\n"
        f" def other(self): return {use}\nf = T().step"
    )
    return case(f"O06-{id}", HIT, program)


_MEMOS = (
    "K = 2.0\nclass T:\n def __init__(self): self.lr = 2.0; self.start = K; self.rng = np.random.default_rng(0)\n"
    " @functools.partial(jax.jit, static_argnums=0)\n def step(self, x): return x * self.{0}\n"
    " @functools.lru_cache\n def memo(self): return self.{0}\n"
    " @functools.cached_property\n def cached(self): return self.{0}\nt = T()\n"
)
_DRAWN = bypass("rng_read", "trace_side_effect")
_FROM_ITER = bypass("generator_state", "trace_side_effect")
_KEY = "class C:\n def __init__(self, k): self.k = k\n"

CASES = (
    # What a trainer keeps beside what its step reads.
    _keeps("clock", "self.start = time.time()"),
    _keeps("process", "self.pid = os.getpid(); self.history = [time.time()]"),
    _keeps("generator-of-numbers", "self.rng = np.random.default_rng(); self.old = np.random.RandomState()"),
    _keeps("file", "self.log = open(os.devnull, 'w')"),
    _keeps("iterator", "self.batches = iter([1, 2]); self.ids = itertools.count()"),
    _keeps("thread", "self.worker = threading.Thread(target=print); self.here = threading.local()"),
    _keeps("pool", "self.pool = concurrent.futures.ThreadPoolExecutor(1)"),
    _keeps("module", "self.module = sys.modules[__name__]"),
    _keeps("address", "self.note = hex(id(self))"),
    _step("O01-removed", HIT, "return x * self.lr", ("self.hidden = K; ", "")),
    _step(
        "O01-inner",
        HIT,
        "return x * self.child.lr",
        before="class C: pass",
        init="self.child = C(); self.child.lr = 1; self.child.k = K",
    ),
    _step(
        "O01-flax",
        HIT,
        "return nn.Dense(3).init_with_output(jax.random.key(0), x)[0] * self.lr",
        before="import flax.linen as nn",
    ),
    case("O01-jitted-method", HIT, _IMPORTS + _MEMOS.format("lr") + "def f(x): return t.step(x)", _OTHER),
    # Read by name, wherever the name stands.
    _step("O02-direct", MISS, "return x * self.hidden"),
    _step("O02-format", MISS, "return x * float(f'{self.hidden}')"),
    _step("O02-helper", MISS, "return x * g(self)", before="def g(t): return t.hidden"),
    _step("O02-lambda", MISS, "return (lambda s: x * s.hidden)(self)"),
    _step("O02-property", MISS, "return x * self.p", methods=" @property\n def p(self): return self.hidden"),
    _step(
        "O02-base",
        MISS,
        "return super().step(x)",
        before="class B:\n def step(self, x): return x * self.hidden",
        bases="(B)",
    ),
    _step(
        "O02-static", MISS, "return jax.jit(g, static_argnums=0)(self, x)", before="def g(s, x): return x * s.hidden"
    ),
    _step(
        "O02-loop",
        MISS,
        "return jax.lax.scan(self.body, x, None, length=2)[0]",
        methods=" def body(self, c, _): return c * self.hidden, None",
    ),
    _step(
        "O02-round-about",
        MISS,
        "return x * self.child.parent.hidden",
        before="class C: pass",
        init="self.child = C(); self.child.parent = self",
    ),
    _step(
        "O02-equinox",
        MISS,
        "return M(self)(x)",
        before="import equinox as eqx\nclass M(eqx.Module):\n t: object = eqx.field(static=True)\n def __call__(self, x): return x * self.t.hidden",
    ),
    _step(
        "O02-hides-class",
        MISS,
        "return x * self.scale",
        ("self.lr = 1.0", "self.lr = 1.0; self.scale = 2.0"),
        methods=" scale = 1.0",
    ),
    _step(
        "O02-hides-method",
        MISS,
        "return self.g(x)",
        ("self.lr = 1.0", "self.lr = 1.0; self.g = lambda x: x * 2"),
        methods=" def g(self, x): return x",
    ),
    case("O02-jitted-method", MISS, _IMPORTS + _MEMOS.format("start") + "def f(x): return t.step(x)", _OTHER),
    case("O02-memo", OK, _IMPORTS + _MEMOS.format("start") + "def f(x): return x * t.memo()", _OTHER),
    case("O02-memo-filled", OK, _IMPORTS + _MEMOS.format("start") + "t.memo()\ndef f(x): return x * t.memo()", _OTHER),
    case("O02-cached", OK, _IMPORTS + _MEMOS.format("start") + "def f(x): return x * t.cached", _OTHER),
    case(
        "O02-in-list",
        MISS,
        _KEY + "L = [C(2.0), C(1.0)]\ndef f(x): return x * sum(c.k for c in L)",
        ("C(1.0)", "C(4.0)"),
    ),
    case(
        "O02-identity",
        MISS,
        _KEY + "a = C([1.0]); b = C(a.k)\ndef f(x): return x * (2 if a.k is b.k else 3)",
        ("C(a.k)", "C([1.0])"),
    ),
    # Read by names that are made up, or by others' code.
    *(
        _step(f"O03-{name}", OK, f"return x * {expression}", edit, after=after, before=before, methods=methods)
        for name, expression, edit, before, methods, after in (
            ("getattr", "getattr(self, 'hid' + 'den')", _OTHER, "", "", ""),
            ("getattr-of-data", "sum(getattr(self, n) for n in NAMES)", _OTHER, "NAMES = ['lr', 'hidden']", "", ""),
            ("getattr-partial", "functools.partial(getattr, self)('hid' + 'den')", _OTHER, "", "", ""),
            ("hasattr", "(2 if hasattr(self, 'hid' + 'den') else 3)", ("self.hidden = K; ", ""), "", "", ""),
            ("default", "getattr(self, 'sca' + 'le', 1.0)", ("lr = 1.0", "lr = 1.0; self.scale = K"), "", "", ""),
            ("vars", "vars(self)['hid' + 'den']", _OTHER, "", "", ""),
            ("vars-count", "len(vars(self))", ("self.hidden = K; ", ""), "", "", ""),
            ("dir", "sum(n.startswith('hid') for n in dir(self))", ("self.hidden = K; ", ""), "", "", ""),
            ("vars-by-alias", "V(self)['hid' + 'den']", _OTHER, "V = vars", "", ""),
            ("vars-in-table", "T['v'](self)['hid' + 'den']", _OTHER, "T = {'v': vars}", "", ""),
            ("vars-partial", "V()['hid' + 'den']", _OTHER, "", "", "V = functools.partial(vars, t)"),
            (
                "vars-made-up",
                "getattr(types.ModuleType.__getattribute__(sys, 'modules')['builtins'], 'va' + 'rs')(self)['hidden']",
                _OTHER,
                "",
                "",
                "",
            ),
            ("dict", "self.__dict__['hid' + 'den']", _OTHER, "", "", ""),
            ("dict-descriptor", "D(self)['hid' + 'den']", _OTHER, "", "", "D = Trainer.__dict__['__dict__'].__get__"),
            ("getattribute", "object.__getattribute__(self, 'hid' + 'den')", _OTHER, "", "", ""),
            ("getter", "operator.attrgetter('hid' + 'den')(self)", _OTHER, "", "", ""),
            ("getter-made-before", "G(self)", _OTHER, "G = operator.attrgetter('hidden')", "", ""),
            ("getter-of-dict", "G(self)['hid' + 'den']", _OTHER, "G = operator.attrgetter('__dict__')", "", ""),
            (
                "caller",
                "G(self)['hid' + 'den']",
                _OTHER,
                "G = operator.methodcaller('__getattribute__', '__dict__')",
                "",
                "",
            ),
            ("property-in-c", "self.p['hid' + 'den']", _OTHER, "", " p = property(vars)", ""),
            ("text", "float(('{0.hid' + 'den}').format(self))", _OTHER, "", "", ""),
            ("text-of-data", "float(F.format(s=self))", _OTHER, "F = '{s.hidden}'", "", ""),
            ("formatter", "float(string.Formatter().format(F, self))", _OTHER, "F = '{0.hidden}'", "", ""),
            ("static-lookup", "inspect.getattr_static(self, 'hid' + 'den')", _OTHER, "", "", ""),
            (
                "members",
                "dict(members(self))['hid' + 'den']",
                _OTHER,
                "from inspect import getmembers as members",
                "",
                "",
            ),
            ("copy", "getattr(copy.copy(self), 'hid' + 'den')", _OTHER, "", "", ""),
            ("pickle", "len(write(self))", _LONGER, "from pickle import dumps as write\nK = str(K)", "", ""),
            ("reduce", "R(self, 2)[2]['hid' + 'den']", _OTHER, "R = object.__reduce_ex__", "", ""),
            ("json", "len(json.dumps(self, default=lambda o: o.__dict__))", _LONGER, "", "", ""),
            (
                "descriptor",
                "self.p",
                _OTHER,
                "class D:\n def __get__(self, o, t=None): return getattr(o, 'hid' + 'den')",
                " p = D()",
                "",
            ),
            ("subscript", "self['hidden']", _OTHER, "", " def __getitem__(self, k): return getattr(self, k)", ""),
            ("method-of-another", "g.__self__.hidden", _OTHER, "", "", "g = t.step"),
            ("array", "jnp.asarray(self)", _OTHER, "", " def __jax_array__(self): return jnp.asarray(self.hidden)", ""),
            ("equality", "(2 if self == 1 else 3)", _OTHER, "", " def __eq__(self, o): return self.hidden == 2.0", ""),
            ("evaluated", "eval('self.hid' + 'den')", _OTHER, "", "", ""),
            ("pure", "g(self)", _OTHER, "import jitserve\n@jitserve.pure(version=1)\ndef g(s): return s.lr", "", ""),
        )
    ),
    _step("O03-pattern", MISS, "match self:\n   case Trainer(hidden=h): return x * h"),
    _step("O03-pattern-of-another", HIT, "match self:\n   case Trainer(lr=l): return x * l"),
    _step(
        "O03-pattern-inside-of-one",
        MISS,
        "match [self]:\n   case [Trainer(lr=1.0 as l, other=Trainer(hidden=h) | Trainer(hidden=h, lr=_))]: return x * h",
        init="self.other = self",
    ),
    _step(
        "O03-pattern-both-ways",
        OK,
        "match self:\n   case Trainer(h, lr=l): return x * h",
        methods=" __match_args__ = ('hidden',)",
    ),
    _step(
        "O03-pattern-by-position",
        OK,
        "match self:\n   case Trainer(h): return x * h",
        methods=" __match_args__ = ('hidden',)",
    ),
    _step("O03-written", OK, "setattr(self, 'hid' + 'den', 5.0); return x"),
    _step("O03-shape", OK, "return x * jnp.ones(np.shape(self))", init="self.shape = (int(K), 4)"),
    _step(
        "O03-protocol",
        OK,
        "return x * 2 if isinstance(self, P) else x",
        ("self.lr = 1.0", "self.lr = 1.0; self.zed = 1"),
        before="@typing.runtime_checkable\nclass P(typing.Protocol):\n zed: int",
    ),
    _step(
        "O03-other-thread",
        OK,
        "r = []; w = threading.Thread(target=lambda: r.append(self.hidden)); w.start(); w.join(); return x * r[0]",
    ),
    _step(
        "O03-duck",
        OK,
        "return optax.chain(self).update(x, optax.chain(self).init(x))[0]",
        before="import optax",
        init="self.init = lambda p: (); self.update = lambda g, s, p=None, **k: (g * K, s)",
    ),
    case(
        "O03-sorted",
        OK,
        _IMPORTS
        + _KEY
        + "L = [C(1), C(2)]\nG = operator.attrgetter('k')\ndef f(x): return x * (2 if sorted(L, key=G)[0] is L[0] else 3)",
        ("C(1)", "C(3)"),
    ),
    # Dataclasses and namespaces: what others go through them for.
    _config("unread", HIT, "c.lr"),
    _config("unread-frozen", HIT, "c.lr", options="(frozen=True)"),
    _config("read", MISS, "len(c.run)"),
    _config("equal", OK, "(2 if c == D else 3)", "D = C('a')"),
    _config("member", OK, "(2 if c in L else 3)", "L = [C(run='a')]"),
    _config("less", OK, "(2 if c < D else 3)", "D = C(run='b')", "(order=True)"),
    _config("key", OK, "D[c]", "D = {C(run='a'): 2, C(run='bb'): 3}", "(frozen=True)"),
    _config("text", OK, "len(f'{c}')"),
    _config("asdict", OK, "len(dataclasses.asdict(c)['run'])"),
    _config("replaced", OK, "len(getattr(dataclasses.replace(c, lr=1.0), 'ru' + 'n'))"),
    _config("fields", OK, "len([getattr(c, k.name) for k in dataclasses.fields(c)][1])"),
    _config("memo", OK, "g(c)", "@functools.lru_cache\ndef g(c): return len(c.run)", "(frozen=True)"),
    _config(
        "node",
        OK,
        "jax.tree.leaves(c)[0] * len(jax.tree.structure(c).node_data()[1][0])",
        "jax.tree_util.register_dataclass(C, ['lr'], ['run'])",
    ),
    _namespace("unread", HIT, "c.lr", ("run='a')", "run='bb')")),
    _namespace("read", MISS, "len(c.run)", ("run='a')", "run='bb')")),
    _namespace("made", OK, "(2 if c == argparse.Namespace(lr=2.0, run='a') else 3)", ("run='a')\n", "run='bb')\n")),
    case(
        "O05-class",
        MISS,
        "import argparse\nclass N(argparse.Namespace): pass\nc = N(lr=2.0)\ndef f(x): return x * len(str(c))",
        only_b="N.__name__ = 'Longer'",
    ),
    *(
        _namespace(f"{name}-{how}", expected, expression, *edits)
        for name, expression in _OF_NAMESPACES.items()
        for how, expected, *edits in (
            ("same", HIT),
            ("value", MISS, ("run='a')", "run='bb')")),
            ("name", MISS, ("run='a')", "go='a')")),
            ("order", MISS, ("lr=2.0, run='a')", "run='a', lr=2.0)")),
        )
    ),
    # What cannot be fingerprinted, and only functions find that do not run.
    _unrun("file", "open(os.devnull, 'w')", "HELD.write('a')"),
    _unrun("iterator", "itertools.count()", "next(HELD)"),
    _unrun("random", "np.random.default_rng(0)", "HELD.normal()"),
    _unrun("large", "np.zeros(10_000_000)", "HELD[0]"),
    _unrun("pool", "concurrent.futures.ThreadPoolExecutor(1)", "HELD.submit(print)"),
    case(
        "O06-helper",
        HIT,
        "LOG = open(os.devnull, 'w')\ndef log(): LOG.write('a')\ndef g(x, loud=False):\n if loud: log()\n return x * 2\ndef f(x): return g(x)",
    ),
    case("O07-drawn", _DRAWN, _IMPORTS + _MEMOS.format("lr") + "def f(x): return x * t.rng.normal()"),
    case(
        "O07-drawn-in-helper",
        _DRAWN,
        _IMPORTS + _MEMOS.format("lr") + "def g(t): return t.rng.normal()\ndef f(x): return x * g(t)",
    ),
    case(
        "O07-drawn-by-made-up-name",
        _DRAWN,
        _IMPORTS + _MEMOS.format("lr") + "def f(x): return x * getattr(t, 'r' + 'ng').normal()",
    ),
    case(
        "O07-drawn-by-another-name",
        _DRAWN,
        _IMPORTS + _MEMOS.format("lr") + _KEY + "h = C(t.rng)\ndef f(x): return x * h.k.normal() * t.lr",
    ),
    case(
        "O07-iterator",
        _FROM_ITER,
        "import itertools\nI = itertools.count()\ndef g(): return next(I)\ndef f(x): return x * (1 + g())",
    ),
    case(
        "O07-iterator-inside",
        _FROM_ITER,
        "import itertools\nI = itertools.count()\ndef g():\n h = lambda: next(I)\n return h()\ndef f(x): return x * (1 + g())",
    ),
    case(
        "O07-memo",
        OK,
        "import itertools\nI = itertools.count(2)\n@functools.cache\ndef g(): return next(I)\ng()\ndef f(x): return x * g()",
        ("(2)", "(3)"),
    ),
)
