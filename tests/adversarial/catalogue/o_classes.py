"""O11 and O12: data in the user's classes, and defaults: those that nobody reads do not count."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_IMPORTS = (
    "import abc, copy, dataclasses, enum, functools, inspect, json, operator, sys, threading, time, types, typing\n"
)
_EDIT = ("run = 'a'", "run = 'bb'")
_CLASS = "class C:\n lr = 2.0\n run = 'a'\n"
_DATA = "import dataclasses as D\n@D.dataclass{options}\nclass C:\n lr: float = 2.0\n run: str = 'a'\n"
_DEFAULT = ("run: str = 'a'", "run: str = 'bb'")


def _class(name: str, expected: str, expression: str, more: str = "", *edits: tuple[str, str]) -> object:
    """An expression over a class of that data, whose ``run`` differs."""
    program = f"{_IMPORTS}{_CLASS}{more}\ndef f(x): return x * ({expression})"
    return case(f"O11-class-{name}", expected, program, *edits or (_EDIT,))


def _data(
    name: str, expected: str, expression: str, more: str = "", options: str = "", edit: tuple[str, str] = _DEFAULT
) -> object:
    """The same over a dataclass, and an object of it."""
    program = f"{_IMPORTS}{_DATA.format(options=options)}{more}\nc = C()\ndef f(x): return x * ({expression})"
    return case(f"O11-data-{name}", expected, program, edit, ("c = C()", "c = C(2.0, 'a')"))


def _default(
    name: str, expected: str, expression: str, more: str = "", options: str = "", edit: tuple[str, str] = _DEFAULT
) -> object:
    """The same, with no object there."""
    program = f"{_IMPORTS}{_DATA.format(options=options)}{more}\ndef f(x): return x * ({expression})"
    return case(f"O11-default-{name}", expected, program, edit)


def _bystander(
    name: str, expected: str, expression: str, more: str = "", edit: tuple[str, str] = ("'aaa'", "'bb'")
) -> object:
    """An expression around a function ``h`` that does not run, and whose default differs."""
    program = f"{_IMPORTS}def h(x, a='aaa', *, b=None): return x\n{more}\ndef f(x, t=0):\n if t: h(x)\n return x * ({expression})"
    return case(f"O12-{name}", expected, program, edit)


_GRADIENT = """@jax.custom_vjp
def g(x, k=2.0): return x
g.defvjp(lambda x, k: (x, k), lambda k, t: (t * k, t * 0))
"""
_NAME = "NAME = 'r' + 'un'\n"
_TEXT_OF_JSON = "len(json.dumps([1, 2], cls=E))"
_CLASS_VARIABLE = "@D.dataclass\nclass G:\n lr: float = 2.0\n go: typing.ClassVar[int] = 1\n"
_INIT_VAR = (
    "@D.dataclass\nclass I:\n run: D.InitVar[int] = 2\n lr: float = 1.0\n def __post_init__(self, k): self.lr = k\n"
)
_SETS = "@D.dataclass\nclass S:\n run: int = 2\n def __setattr__(self, n, v): object.__setattr__(self, 'lr', v)\n"
_PROTOCOL = "@typing.runtime_checkable\nclass P(typing.Protocol):\n zed: int\nc = C()\n"

# Whether a field has a default shows in heirs.
_HEIR = """@D.dataclass(init=False)
class Base:
 tag: str = 'a'
def f(x):
 try:
  @D.dataclass
  class H(Base):
   more: int
  return x * 2
 except TypeError: return x * 3
"""
_MADE = "def f(x):\n try: D.make_dataclass('H', [('more', int)], bases=(Base,))\n except TypeError: return x * 3\n return x * 2\n"
_FIELD = "import dataclasses as D\n@D.dataclass\nclass Base:\n tag: str = 'a'\n def __init__(s): pass\n"
_LOST = ("tag: str = 'a'", "tag: str")

CASES = [
    _class("unread", HIT, "C.lr"),
    case("O11-heir-default", OK, f"import dataclasses as D\n{_HEIR}", _LOST),
    case("O11-heir-made", OK, _FIELD + _MADE, _LOST),
    _class("unread-of-object", HIT, "C().lr"),
    _class("read", MISS, "len(C.run)"),
    _class("read-of-object", MISS, "len(c.run)", "c = C()"),
    _class("read-of-type", MISS, "len(type(c).run)", "c = C()"),
    _class("made-up-name", MISS, "len(getattr(C, NAME))", _NAME),
    _class("formatted", MISS, "len('{0.run}'.format(C))"),
    _class("getter", MISS, "len(g(C))", "g = operator.attrgetter('run')"),
    _class("names", OK, "len(dir(C))", "", ("run = 'a'", "go = 'a'\n run = 'a'")),
    _class("namespace", OK, "len(vars(C)['run'])"),
    _class("members", OK, "len(dict(inspect.getmembers(C))['run'])"),
    _class("pattern", OK, "g(C())", "def g(c):\n match c:\n  case C(run='a'): return 2\n return 3"),
    _class("protocol", OK, "2 if isinstance(c, P) else 3", _PROTOCOL, ("run = 'a'", "run = 'a'\n zed = 1")),
    _class("heir-unread", HIT, "H.lr", "class H(C):\n go = 1\n"),
    _class("heir-read", MISS, "len(H.run)", "class H(C):\n go = 1\n"),
    _class("parent", MISS, "H().g()", "class H(C):\n run = 'c'\n def g(self): return len(super().run)\n"),
    _class("property", MISS, "H().g", "class H(C):\n @property\n def g(self): return len(self.run)\n"),
    _class("class-method", MISS, "H.g()", "class H(C):\n @classmethod\n def g(cls): return len(cls.run)\n"),
    _class("heir-made-in-trace", MISS, "g()", "def g():\n class H(C): pass\n return len(H.run)"),
    _class("abstract-unread", HIT, "H.lr", "class H(C, abc.ABC): pass"),
    _class("deleted", HIT, "C.lr", "", ("\n run = 'a'", "")),
    _class("added", MISS, "C.lr", "", ("run = 'a'", "run = 'a'\n go = 1")),
    _class("hook", OK, "C().lr", "", ("run = 'a'", "def __getattribute__(self, name): return 3.0")),
    _class("getter-by-default", OK, "getattr(C, 'zed', 2)", "", ("run = 'a'", "zed = 5")),
    _class("function", OK, "C.lr", "", ("run = 'a'", "run = lambda self: 1")),
    _class("descriptor-unread", MISS, "C.lr", "", ("run = 'a'", "run = property(lambda self: 1)")),
    _class("lock-unread", HIT, "C.lr", "", ("run = 'a'", "run = threading.Lock()")),
    _class("inner-unread", HIT, "2.0", "class H:\n class Inner:\n  k = 1\n go = 2.0\n", ("k = 1", "k = 2")),
    _class("inner-of-read", HIT, "H.go", "class H:\n class Inner:\n  k = 1\n go = 2.0\n", ("k = 1", "k = 2")),
    _class("inner-read", MISS, "H.Inner.k", "class H:\n class Inner:\n  k = 1\n go = 2.0\n", ("k = 1", "k = 2")),
    _class("set-in-trace", OK, "g()", "def g():\n C.run = C.run + 'c'\n return len(C.run)"),
    _class(
        "metaclass",
        OK,
        "len(M.text)",
        "class T(type):\n @property\n def text(cls): return cls.run\nclass M(C, metaclass=T): pass",
    ),
    _class("generic-unread", HIT, "H.lr", "T = typing.TypeVar('T')\nclass H(C, typing.Generic[T]): pass"),
    _class("evaluated", bypass("dynamic_scope"), "len(eval('C.r' + 'un'))"),
    _class(
        "executed",
        bypass("dynamic_scope"),
        "g()",
        "def g():\n d = {'C': C}\n exec('k = len(C.r' + 'un)', d)\n return d['k']",
    ),
    _class("static-lookup", bypass("dynamic_scope"), "len(inspect.getattr_static(C, 'run'))"),
    _class("raw-lookup", MISS, "len(type.__getattribute__(C, NAME))", _NAME),
    _class("of-module", bypass("dynamic_module_attr"), "len(getattr(sys.modules[C.__module__].C, NAME))", _NAME),
    _class(
        "callable-with-data",
        OK,
        "g(jnp.float32(1))",
        "class G:\n k = 2.0\n def __call__(self, v): return v * self.k\ng = jax.vmap(G(), in_axes=None, axis_size=2)\nG = None",
        ("k = 2.0", "k = 3.0"),
    ),
    _class("bound", MISS, "g()", "class H(C):\n def m(self): return len(self.run)\ng = H().m\ndel H"),
    _class("bound-unread", HIT, "g()", "class H(C):\n def m(self): return self.lr\ng = H().m\ndel H"),
    _class(
        "decorated-in-trace",
        OK,
        "g()",
        "def g():\n D.dataclass(H)\n return len(str(H()))\nimport dataclasses as D\nclass H:\n run: str = 'b'\n",
        ("'b'", "'bbb'"),
    ),
    _class(
        "copied-in-trace",
        OK,
        "g()",
        "def g():\n H = type('H', (), dict(C.__dict__))\n return len(getattr(H, NAME))\n" + _NAME,
    ),
    _class(
        "sorted-by-data",
        OK,
        "2 if sorted([A, B], key=g)[0] is A else 3",
        "class A:\n k = 1\nclass B:\n k = 2\ng = operator.attrgetter('k')",
        ("k = 1", "k = 3"),
    ),
    _class(
        "enumeration-of", OK, "len(E.run.value)", "E = enum.Enum('E', {k: v for k, v in vars(C).items() if k == 'run'})"
    ),
    _class("template", OK, "len(Template('$run').substitute(vars(C)))", "from string import Template"),
    _class("text-mapping", OK, "len('%(run)s' % vars(C))"),
    # What such a class hands on to one whose instances the standard library or an extension asks.
    _class(
        "base-of-encoder",
        OK,
        _TEXT_OF_JSON,
        "class S:\n item_separator = ','\nclass E(S, json.JSONEncoder): pass",
        ("','", "';;;'"),
    ),
    _class(
        "base-of-array",
        OK,
        "np.asarray(a).sum()",
        "class S:\n k = 2.0\nclass A(S, np.ndarray):\n def __array_finalize__(self, o): pass\na = np.ones(3).view(A)",
        ("k = 2.0", "k = 3.0"),
    ),
    _class(
        "base-of-node",
        OK,
        "jax.tree.leaves(n)[0]",
        "class S:\n k = 2.0\n@jax.tree_util.register_pytree_node_class\nclass N(S):\n def tree_flatten(self): return (self.k,), None\n @classmethod\n def tree_unflatten(cls, a, l): return cls()\nn = N()",
        ("k = 2.0", "k = 3.0"),
    ),
    _class(
        "beside-another-base",
        HIT,
        "C.lr * a.sum()",
        "class S:\n k = 2.0\nclass A(S, np.ndarray): pass\na = np.ones(3).view(A)",
    ),
    _class(
        "of-object-beside-another-base",
        HIT,
        "c.lr * a.sum()",
        "class S:\n k = 2.0\nclass A(S, np.ndarray): pass\na = np.ones(3).view(A)\nc = C()\nc.go = 1",
        ("c.go = 1", "c.go = 2"),
    ),
    # Defaults of dataclasses.
    *(
        _data(f"unread-{name}", HIT, "c.lr", "", options)
        for name, options in (
            ("plain", ""),
            ("frozen", "(frozen=True)"),
            ("keyword", "(kw_only=False, order=True)"),
        )
    ),
    _default("unread-keyword", HIT, "C.lr", "", "(kw_only=True)"),
    _default("unread-heir", HIT, "H.lr", "@D.dataclass\nclass H(C):\n more: int = 1\n"),
    _default("unread-class-variable", HIT, "G.lr", _CLASS_VARIABLE, "", ("[int] = 1", "[int] = 2")),
    _default("read-class-variable", MISS, "G.go", _CLASS_VARIABLE, "", ("[int] = 1", "[int] = 2")),
    _default("unread-but-typed", MISS, "C.lr", "", "", ("run: str = 'a'", "run: typing.ClassVar[str] = 'a'")),
    _default("read", MISS, "len(C.run)"),
    _default("made-in-trace", OK, "len(C().run)"),
    _default("made-in-trace-by-name", OK, "len(getattr(C(), NAME))", _NAME),
    _default("made-in-trace-frozen", OK, "len(getattr(C(), NAME))", _NAME, "(frozen=True)"),
    _default("made-in-trace-text", OK, "len(str(C()))"),
    _default("made-in-trace-dict", OK, "len(D.asdict(C())['run'])"),
    _default("made-in-trace-tuple", OK, "len(D.astuple(C())[1])", "", "(frozen=True)"),
    _default("made-in-trace-equal", OK, "2 if C() == C(2.0, 'a') else 3"),
    _default("made-in-trace-hash", OK, "2 if C() in {C(2.0, 'a')} else 3", "", "(frozen=True)"),
    _default("field", OK, "len(D.fields(C)[1].default)"),
    _default("field-by-name", OK, "len(getattr(D.fields(C)[1], NAME))", "NAME = 'def' + 'ault'\n"),
    _default(
        "field-by-name-in-heir",
        OK,
        "len(getattr(D.fields(H)[1], NAME))",
        "NAME = 'def' + 'ault'\n@D.dataclass\nclass H(C): pass",
    ),
    _default("field-getter", OK, "len(operator.attrgetter('default')(D.fields(C)[1]))"),
    _default("field-slot", OK, "len(D.Field.default.__get__(D.fields(C)[1]))"),
    _default("field-of-mapping", OK, "len(C.__dataclass_fields__['run'].default)"),
    _default("field-text", OK, "len(repr(D.fields(C)[1]))"),
    _default("field-copied", OK, "len(copy.copy(D.fields(C)[1]).default)"),
    _default(
        "field-slots",
        OK,
        "len([getattr(D.fields(C)[1], n) for n in D.Field.__slots__][1 + (D.Field.__slots__[0] == 'name') - 1])",
    ),
    _default("fields-only", OK, "len(D.fields(C))"),
    _default("signature", OK, "len(inspect.signature(C).parameters['run'].default)"),
    _default(
        "signature-renamed",
        OK,
        "len([p for p in sig(C).parameters.values()][1].replace(name='q').default)",
        "sig = inspect.signature\n",
    ),
    _default("signature-text", OK, "len(str(inspect.signature(C)))"),
    _default(
        "signature-bound",
        OK,
        "len(g())",
        "def g():\n b = inspect.signature(C).bind()\n b.apply_defaults()\n return b.args[1]",
    ),
    _default("full-signature", OK, "len(inspect.getfullargspec(C.__init__)[3][1])"),
    _default("function-defaults", OK, "len(C.__init__.__defaults__[1])"),
    _default("function-keyword-defaults", OK, "len(C.__init__.__kwdefaults__['run'])", "", "(kw_only=True)"),
    _default("partial", OK, "len(vars(functools.partial(C)())['run'])"),
    _default("replaced", OK, "len(getattr(D.replace(C(), lr=1.0), NAME))", _NAME),
    _default(
        "heir-in-trace", OK, "g()", "def g():\n @D.dataclass\n class H(C):\n  more: int = 1\n return len(str(H()))"
    ),
    _default(
        "heir-in-trace-frozen",
        OK,
        "g()",
        _NAME + "def g():\n @D.dataclass(frozen=True)\n class H(C):\n  more: int = 1\n return len(getattr(H(), NAME))",
        "(frozen=True)",
    ),
    _default("made-of-base", OK, "len(str(D.make_dataclass('M', [], bases=(C,))()))"),
    _default("init-variable", OK, "I().lr", _INIT_VAR, "", ("InitVar[int] = 2", "InitVar[int] = 3")),
    _default("own-setter", OK, "S().lr", _SETS, "", ("run: int = 2", "run: int = 3")),
    _default("slots", OK, "len(C().run)", "", "(slots=True)"),
    _default("factory", OK, "len(C().go)", "", "", _DEFAULT),
    _default(
        "node",
        OK,
        "jax.tree.leaves(C())[0]",
        "jax.tree_util.register_dataclass(C, ['run'], ['lr'])",
        "",
        ("run: str = 'a'", "run: float = 3.0"),
    ),
    _default(
        "custom-rule",
        OK,
        "g(x).sum()",
        "@jax.custom_jvp\ndef g(x, c=C()): return x * len(c.run)\ng.defjvp(lambda p, t: (g(*p), t[0]))",
    ),
    _default(
        "other-thread",
        OK,
        "g()",
        "def g():\n r = []\n t = threading.Thread(target=lambda: r.append(C().run))\n t.start()\n t.join()\n return len(r[0])",
    ),
    _default("memo", OK, "g()", "@functools.lru_cache\ndef g(): return len(C().run)"),
    _default("inner-jit", OK, "g()", "@jax.jit\ndef g(): return len(str(C()))"),
    # Defaults of functions that do not run.
    _bystander("unread", HIT, "2.0"),
    _bystander("unread-keyword", HIT, "2.0", "", ("b=None", "b=3")),
    _bystander("new-parameter", OK, "2.0", "", ("b=None", "b=None, c=3")),
    _bystander("run", MISS, "h(2.0)"),
    _bystander("read", MISS, "len(h.__defaults__[0])"),
    _bystander("read-keyword", MISS, "2 if h.__kwdefaults__['b'] is None else 3", "", ("b=None", "b=3")),
    _bystander("by-name", MISS, "len(getattr(h, NAME)[0])", "NAME = '__def' + 'aults__'"),
    _bystander("by-getter", MISS, "len(g(h)[0])", "g = operator.attrgetter('__defaults__')"),
    _bystander("by-raw-name", OK, "len(h.__getattribute__(NAME)[0])", "NAME = '__def' + 'aults__'"),
    _bystander("by-descriptor", MISS, "len(types.FunctionType.__defaults__.__get__(h)[0])"),
    _bystander("by-namespace", OK, "len(vars(types.FunctionType)[NAME].__get__(h)[0])", "NAME = '__def' + 'aults__'"),
    _bystander("signature", MISS, "len(inspect.signature(h).parameters['a'].default)"),
    _bystander("signature-text", OK, "len(str(inspect.signature(h)))"),
    _bystander("signature-of-wrapper", OK, "len(str(inspect.signature(w)))", "@functools.wraps(h)\ndef w(*a): pass"),
    _bystander("signature-of-partial", OK, "len(str(inspect.signature(functools.partial(h, 1))))"),
    _bystander(
        "signature-of-method",
        OK,
        "len(str(inspect.signature(C().m)))",
        "class C:\n def m(self, a='ccc'): pass",
        ("'ccc'", "'dd'"),
    ),
    _bystander(
        "signature-of-class",
        OK,
        "len(str(inspect.signature(C)))",
        "class C:\n def __init__(self, a='ccc'): pass",
        ("'ccc'", "'dd'"),
    ),
    _bystander(
        "signature-bound",
        OK,
        "g()",
        "def g():\n b = inspect.signature(h).bind(1)\n b.apply_defaults()\n return len(b.args[1])",
    ),
    _bystander("call-arguments", OK, "len(inspect.getcallargs(h, 1)['a'])"),
    _bystander("full-signature", OK, "len(inspect.getfullargspec(h).defaults[0])"),
    _bystander("wrong-call", OK, "g()", "def g():\n try: return h()\n except TypeError as e: return len(str(e))"),
    _bystander("primal", OK, "jax.grad(lambda v: g(v))(2.0)", _GRADIENT, ("k=2.0", "k=3.0")),
    _bystander(
        "primal-in-inner-jit", OK, "j(2.0)", _GRADIENT + "j = jax.jit(lambda v: jax.grad(g)(v))", ("k=2.0", "k=3.0")
    ),
    _bystander(
        "primal-with-method",
        OK,
        "jax.grad(C().g)(2.0)",
        "class C:\n g = jax.custom_vjp(lambda s, x, k=2.0: x, nondiff_argnums=(0,))\nC.g.defvjp(lambda s, x, k: (x, k), lambda s, k, t: (t * k, t * 0))",
        ("k=2.0", "k=3.0"),
    ),
    _bystander(
        "tangent",
        OK,
        "jax.jvp(g, (2.0,), (1.0,))[1]",
        "@jax.custom_jvp\ndef g(x, k=2.0): return x\n@g.defjvp\ndef g_jvp(p, t): return p[0], p[1] * t[0]",
        ("k=2.0", "k=3.0"),
    ),
    _bystander(
        "shared-function",
        OK,
        "b(2.0)",
        "def make(d):\n def q(x, a=d): return x * a\n return q\na, b = make(1.0), make(2.0)",
        ("make(1.0)", "make(5.0)"),
    ),
    _bystander(
        "default-is-function", HIT, "2.0", "def z(x): return x * 2\ndef h(x, a=z): return a(x)", ("x * 2\n", "x * 3\n")
    ),
]
