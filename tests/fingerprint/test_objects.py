"""Category C of the catalogue: classes, instances, and the objects that functions capture."""

from __future__ import annotations

import types
from collections.abc import Callable

import numpy as np
import optax
import pytest
from walked_program import digest, load, refusal

from jitserve import fingerprint
from jitserve._advice import advice_for
from jitserve._outcome import BypassReason as R
from jitserve._outcome import Refusal

_D = "@dataclasses.dataclass(frozen=True)\n"
_MUST_DIFFER = {
    "C66-class-attribute": ("class C: a = 1\ndef f(x): return x * C.a", "class C: a = 2\ndef f(x): return x * C.a"),
    "C67-instance-attribute": (
        "class C: pass\nc = C(); c.a = 1\ndef f(x): return x * c.a",
        "class C: pass\nc = C(); c.a = 2\ndef f(x): return x * c.a",
    ),
    "C-attribute-order": (
        "class C: pass\nc = C(); c.a = 1; c.b = 2\ndef f(x): return list(c.__dict__)",
        "class C: pass\nc = C(); c.b = 2; c.a = 1\ndef f(x): return list(c.__dict__)",
    ),
    "C69-base-inserted": (
        "class M:\n def g(s): return 1\nclass B:\n def g(s): return 1\nclass C(B): pass\ndef f(x): return C().g()",
        "class M:\n def g(s): return 1\nclass B:\n def g(s): return 1\nclass C(M, B): pass\ndef f(x): return C().g()",
    ),
    "C70-property": (
        "class C:\n @property\n def a(self): return 1\nc = C()\ndef f(x): return x * c.a",
        "class C:\n @property\n def a(self): return 2\nc = C()\ndef f(x): return x * c.a",
    ),
    "C71-metaclass": (
        "class M(type):\n def __getattr__(c, n): return 1\nclass C(metaclass=M): pass\ndef f(x): return x * C.a",
        "class M(type):\n def __getattr__(c, n): return 2\nclass C(metaclass=M): pass\ndef f(x): return x * C.a",
    ),
    "C74-slot": (
        "class C: __slots__ = ('a', 'b')\nc = C(); c.a = 1\ndef f(x): return x * c.a",
        "class C: __slots__ = ('a', 'b')\nc = C(); c.a = 2\ndef f(x): return x * c.a",
    ),
    "C74-unset-slot": (
        "class C: __slots__ = ('a', 'b')\nc = C()\ndef f(x): return hasattr(c, 'a')",
        "class C: __slots__ = ('a', 'b')\nc = C(); c.a = None\ndef f(x): return hasattr(c, 'a')",
    ),
    "C75-method-shadowed-by-attribute": (
        "class C:\n def g(self, x): return x\nc = C()\ndef f(x): return c.g(x)",
        "class C:\n def g(self, x): return x\nc = C(); c.g = lambda x: -x\ndef f(x): return c.g(x)",
    ),
    "C81-equal-by-its-own-eq": (
        "class C:\n def __init__(s, a): s.a = a\n def __eq__(s, o): return True\n def __hash__(s): return 1\n"
        " def g(s, x): return x * s.a\nf = C(1).g",
        "class C:\n def __init__(s, a): s.a = a\n def __eq__(s, o): return True\n def __hash__(s): return 1\n"
        " def g(s, x): return x * s.a\nf = C(2).g",
    ),
    "C83-field-order": (
        _D + "class C:\n a: int = 1\n b: int = 2\ndef f(x): return dataclasses.astuple(C())",
        _D + "class C:\n b: int = 2\n a: int = 1\ndef f(x): return dataclasses.astuple(C())",
    ),
    "C83-field-default": (
        _D + "class C:\n a: int = 1\ndef f(x): return x * C().a",
        _D + "class C:\n a: int = 2\ndef f(x): return x * C().a",
    ),
    "C89-enum-value": (
        "class E(enum.Enum):\n A = 1\n B = 2\ndef f(x): return x * E.A.value",
        "class E(enum.Enum):\n A = 3\n B = 2\ndef f(x): return x * E.A.value",
    ),
    "C89-enum-order": (
        "class E(enum.Enum):\n A = enum.auto()\n B = enum.auto()\ndef f(x): return x * E.A.value",
        "class E(enum.Enum):\n B = enum.auto()\n A = enum.auto()\ndef f(x): return x * E.A.value",
    ),
    "C89-enum-method": (
        "class E(enum.Enum):\n A = 1\n def g(self, x): return x\ndef f(x): return E.A.g(x)",
        "class E(enum.Enum):\n A = 1\n def g(self, x): return -x\ndef f(x): return E.A.g(x)",
    ),
    "C-namedtuple-field-order": (
        "P = collections.namedtuple('P', 'a b')\np = P(1, 2)\ndef f(x): return p.a",
        "P = collections.namedtuple('P', 'b a')\np = P(1, 2)\ndef f(x): return p.a",
    ),
    "C-defaultdict-factory": (
        "d = collections.defaultdict(int)\ndef f(x): return d['k']",
        "d = collections.defaultdict(float)\ndef f(x): return d['k']",
    ),
    "C-deque-bound": (
        "d = collections.deque([1], 2)\ndef f(x): return d",
        "d = collections.deque([1], 3)\ndef f(x): return d",
    ),
    "C-singledispatch": (
        "@functools.singledispatch\ndef g(x): return x\n@g.register(int)\ndef _(x): return 1\ndef f(x): return g(x)",
        "@functools.singledispatch\ndef g(x): return x\n@g.register(int)\ndef _(x): return 2\ndef f(x): return g(x)",
    ),
    "C-lru-cache": (
        "@functools.lru_cache\ndef g(n): return n\ndef f(x): return g(1)",
        "@functools.lru_cache\ndef g(n): return -n\ndef f(x): return g(1)",
    ),
    "C-super-class-method": (
        "class B:\n def g(s, x): return x\nclass C(B):\n def g(s, x): return super().g(x)\nf = C().g",
        "class B:\n def g(s, x): return -x\nclass C(B):\n def g(s, x): return super().g(x)\nf = C().g",
    ),
    "C-staticmethod": (
        "class C:\n @staticmethod\n def g(x): return x\ndef f(x): return C.g(x)",
        "class C:\n @staticmethod\n def g(x): return -x\ndef f(x): return C.g(x)",
    ),
    "C-cached-property-populated": (
        "class C:\n @functools.cached_property\n def a(self): return 1\nc = C()\ndef f(x): return x * c.a",
        "class C:\n @functools.cached_property\n def a(self): return 1\nc = C(); c.a\ndef f(x): return x * c.a",
    ),
    "C-jax-partial": (
        "def g(k, x): return x * k\nf = jax.tree_util.Partial(g, 1)",
        "def g(k, x): return x * k\nf = jax.tree_util.Partial(g, 2)",
    ),
    "K201-custom-vjp-backward": (
        "@jax.custom_vjp\ndef f(x): return x\nf.defvjp(lambda x: (x, None), lambda r, g: (g,))",
        "@jax.custom_vjp\ndef f(x): return x\nf.defvjp(lambda x: (x, None), lambda r, g: (g * 2,))",
    ),
    "K202-custom-jvp-rule": (
        "@jax.custom_jvp\ndef f(x): return x\nf.defjvp(lambda p, t: (p[0], t[0]))",
        "@jax.custom_jvp\ndef f(x): return x\nf.defjvp(lambda p, t: (p[0], t[0] * 2))",
    ),
    "K203-nondiff-argnums": (
        "f = jax.custom_vjp(lambda a, x: x)\nf.defvjp(lambda a, x: (x, None), lambda a, r: (r,))",
        "f = jax.custom_vjp(lambda a, x: x, nondiff_argnums=(0,))\nf.defvjp(lambda a, x: (x, None), lambda a, r: (r,))",
    ),
    "E130-registered-flatten-function": (
        "class C: pass\njax.tree_util.register_pytree_node(C, lambda c: ((1,), None), lambda a, c: C())\n"
        "def f(x): return jax.tree.leaves(C())",
        "class C: pass\njax.tree_util.register_pytree_node(C, lambda c: ((2,), None), lambda a, c: C())\n"
        "def f(x): return jax.tree.leaves(C())",
    ),
    "C-sharing": ("a = [1]\nb = a\ndef f(x): return a is b", "a = [1]\nb = [1]\ndef f(x): return a is b"),
}

_MUST_AGREE = {
    "C83-replaced-by-equal-fields": (
        _D + "class C: a: int = 1\nc = C()\ndef f(x): return x * c.a",
        _D + "class C: a: int = 1\nc = dataclasses.replace(C(2), a=1)\ndef f(x): return x * c.a",
    ),
    "C86-lock": (
        "import threading\nclass C: pass\nc = C(); c.lock = threading.Lock()\ndef f(x): return c",
        "import threading\nclass C: pass\nc = C(); c.lock = threading.Lock(); c.lock.acquire()\ndef f(x): return c",
    ),
    "C-enum-members-made-on-demand": (
        "class E(enum.Flag):\n A = 1\n B = 2\ndef f(x): return E",
        "class E(enum.Flag):\n A = 1\n B = 2\nE.A | E.B\ndef f(x): return E",
    ),
    "C-abc-caches": (
        "import abc\nclass A(abc.ABC): pass\ndef f(x): return isinstance(x, A)",
        "import abc\nclass A(abc.ABC): pass\nisinstance(1, A)\ndef f(x): return isinstance(x, A)",
    ),
    "C-interned-or-not": (
        "a = ('spam', 'spam')\ndef f(x): return a",
        "a = ('spam', ''.join(['sp', 'am']))\ndef f(x): return a",
    ),
    "C-lru-cache-that-was-used": (
        "@functools.lru_cache\ndef g(n): return n\ndef f(x): return g(1)",
        "@functools.lru_cache\ndef g(n): return n\ng(1)\ndef f(x): return g(1)",
    ),
}


@pytest.mark.parametrize("name", _MUST_DIFFER)
def test_another_object_has_another_digest(name: str) -> None:
    left, right = _MUST_DIFFER[name]
    assert digest(left) == digest(left)
    assert digest(left) != digest(right)


@pytest.mark.parametrize("name", _MUST_AGREE)
def test_the_same_object_has_the_same_digest(name: str) -> None:
    left, right = _MUST_AGREE[name]
    assert digest(left) == digest(right)


_REFUSED = {
    "C73-weak-dictionary": ("d = weakref.WeakKeyDictionary()\ndef f(x): return d", R.UNKNOWN_OBJECT),
    "C86-thread": ("import threading\nt = threading.Thread()\ndef f(x): return t", R.UNKNOWN_OBJECT),
    "C-file": ("o = sys.__stdin__\ndef f(x): return o", R.UNKNOWN_OBJECT),
    "H162-id": ("def f(x): return id(x)", R.ID_OR_HASH_READ),
    "H162-hash": ("def f(x): return hash('x')", R.ID_OR_HASH_READ),
    "H158-time": ("def f(x): return x * time.time()", R.TIME_READ),
    "H158-time-by-another-name": ("from time import time as now\ndef f(x): return x * now()", R.TIME_READ),
    "H158-time-in-an-attribute": ("class C: clock = time.monotonic\nc = C()\ndef f(x): return c.clock()", R.TIME_READ),
    "H158-datetime": ("def f(x): return datetime.datetime.now()", R.TIME_READ),
    "H159-random": ("def f(x): return x * random.random()", R.RNG_READ),
    "H159-generator": ("r = random.Random(0)\ndef f(x): return x * r.random()", R.RNG_READ),
    "H159-numpy": ("def f(x): return x * np.random.rand()", R.RNG_READ),
    "H159-numpy-generator": ("r = np.random.default_rng(0)\ndef f(x): return x * r.random()", R.RNG_READ),
    "H159-uuid": ("def f(x): return uuid.uuid4()", R.RNG_READ),
    "H159-urandom": ("def f(x): return os.urandom(1)", R.RNG_READ),
    "F146-environ": ("def f(x): return os.environ['SCALE']", R.ENV_READ_UNTRACKED),
    "F146-getenv": ("def f(x): return os.getenv('SCALE')", R.ENV_READ_UNTRACKED),
    "H161-open": ("def f(x): return open('t.csv').read()", R.FILE_READ_UNTRACKED),
    "H161-numpy-load": ("def f(x): return np.load('t.npy')", R.FILE_READ_UNTRACKED),
    "H161-read-text": ("import pathlib\np = pathlib.Path('t')\ndef f(x): return p.read_text()", R.FILE_READ_UNTRACKED),
    "H163-frame": ("def f(x): return sys._getframe().f_back", R.DYNAMIC_SCOPE),
    "H163-stack": ("import inspect\ndef f(x): return inspect.stack()", R.DYNAMIC_SCOPE),
    "H165-generator": ("g = (i for i in range(3))\ndef f(x): return next(g)", R.GENERATOR_STATE),
    "H165-iterator": ("g = iter([1, 2])\ndef f(x): return next(g)", R.GENERATOR_STATE),
    "H165-count": ("import itertools\ng = itertools.count()\ndef f(x): return next(g)", R.GENERATOR_STATE),
    "H166-weakref": ("class C: pass\nc = C()\nr = weakref.ref(c)\ndef f(x): return r()", R.UNKNOWN_OBJECT),
    "H167-set-of-names": ("W = {'a', 'b', 'c'}\ndef f(x): return [x * len(k) for k in W]", R.HASH_ORDER),
    "H167-set-made-inside": ("W = {'a': 1, 'b': 2}\ndef f(x): return [x * W[k] for k in set(W)]", R.HASH_ORDER),
    "H167-set-comprehension": ("W = ['a', 'b']\ndef f(x): return list({k for k in W})", R.HASH_ORDER),
    "H167-set-literal": ("def f(x): return [x for k in {'a', 'b'}]", R.HASH_ORDER),
    "H169-frompyfunc": ("u = np.frompyfunc(lambda v: v, 1, 1)\ndef f(x): return u(x)", R.OPAQUE_CALLABLE),
    "H174-large-array": ("W = np.zeros(80_000_000, 'u1')\ndef f(x): return W", R.LARGE_CAPTURED_CONST),
    "C-object-array": ("W = np.array([object()])\ndef f(x): return W", R.OBJECT_ARRAY),
    "A5-docstring-read": ("def f(x):\n 'one'\n return f.__doc__", R.DYNAMIC_SCOPE),
    "A6-annotations-read": ("def f(x: int): return typing.get_type_hints(f)", R.DYNAMIC_SCOPE),
    "F-state-outside-the-key": ("def f(x): return x if jax.config.jax_log_compiles else -x", R.UNKNOWN_CONTEXT_VALUE),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_the_walk_cannot_prove_is_refused_by_its_reason(name: str) -> None:
    source, reason = _REFUSED[name]
    assert refusal(source) is reason


@pytest.mark.parametrize("name", ["H158-time", "H159-random", "F146-environ", "H161-open"])
def test_what_the_reason_advises_is_not_said_twice(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        fingerprint.walk(load(_REFUSED[name][0])["f"])
    assert advice_for(caught.value.reason)
    assert "argument" not in caught.value.detail


_ACCEPTED = {
    "K-own-primitive": "from jax.extend.core import Primitive\np = Primitive('mine')\n"
    "p.def_abstract_eval(lambda a: a)\ndef f(x): return p.bind(x)",
    "H167-membership-only": "W = frozenset(('a', 'b'))\ndef f(x, m='a'): return x if m in W else -x",
    "H167-sorted": "W = {'a': 1, 'b': 2}\ndef f(x): return [x * W[k] for k in sorted(set(W))]",
    "H167-set-of-numbers": "W = {1, 2}\ndef f(x): return [x * k for k in W]",
    "C-logger": "import logging\nlog = logging.getLogger('a')\ndef f(x): log.info('x'); return x",
    "I177-print": "def f(x): print(x); return x",
    "C-jax-ufunc": "def f(x): return jnp.add(x, 1) + jnp.where(x > 0, x, 0)",
    "C-regex": "import re\nr = re.compile('a+')\ndef f(x): return r",
    "C-operator": "import operator\ng = operator.itemgetter(0)\ndef f(x): return g(x)",
    "C-mesh": "m = jax.make_mesh((1,), ('x',))\ndef f(x): return m",
    "C-sharding": "s = jax.sharding.NamedSharding(jax.make_mesh((1,), ('x',)), jax.P('x', None))\ndef f(x): return s",
    "C-device": "d = jax.devices()[0]\ndef f(x): return d",
    "C-tree": "t = jax.tree.structure({'a': (1, [2, None])})\ndef f(x): return t",
    "C-context-variable": "import contextvars\nv = contextvars.ContextVar('v')\ndef f(x): return v.get(1)",
    "C-exception": "class E(ValueError): pass\ne = E('a', 1)\ndef f(x): return e",
    "C-generic-alias": "a = list[int]; b = int | None; c = typing.Optional[int]\ndef f(x): return a, b, c",
    "C-shape-struct": "s = jax.ShapeDtypeStruct((1,), 'float32')\ndef f(x): return s",
    "C-einsum": "def f(x): return jnp.einsum('i,i', x, x)",
    "C-linalg": "def f(x): return jnp.linalg.eigh(x), jax.scipy.linalg.solve(x, x)",
    "C-checkpoint": "f = jax.checkpoint(lambda x: jnp.sin(x))",
    "C-jitted-method": "class C:\n @jax.jit\n def g(self): return 1\ndef f(x): return C",
}


@pytest.mark.parametrize("name", _ACCEPTED)
def test_ordinary_objects_are_understood(name: str) -> None:
    assert refusal(_ACCEPTED[name]) is None


def test_refusal_names_the_access_path() -> None:
    from jitserve._outcome import Refusal

    namespace = load("class C: pass\nc = C(); c.parts = [1, {'g': iter([])}]\ndef f(x): return c")
    with pytest.raises(Refusal) as caught:
        fingerprint.walk(namespace["f"])
    assert caught.value.path == "f.__globals__['c'].parts[1]['g']"


def test_cycles_end_and_do_not_depend_on_where_they_are_entered_C87() -> None:
    source = "class N: pass\na, b = N(), N()\na.peer, b.peer = b, a\na.k = {}; b.k = 2\ndef f(x): return a\n"
    assert digest(source.format(1)) == digest(source.format(1))
    assert digest(source.format(1)) != digest(source.format(3))
    mutual = "def g(n, x): return h(n, x)\ndef h(n, x): return x * {} if n else g(n - 1, x)\ndef f(x): return {}(3, x)"
    assert digest(mutual.format(1, "g")) == digest(mutual.format(1, "g"))
    assert digest(mutual.format(1, "g")) != digest(mutual.format(2, "g"))


def test_deep_structures_do_not_exhaust_the_stack() -> None:
    source = "a = []\nfor _ in range(100_000): a = [a]\ndef f(x): return a"
    assert refusal(source) is None


def test_a_graph_beyond_the_limit_is_refused() -> None:
    from jitserve._outcome import Refusal

    function = load("a = (1, 2)\nfor _ in range(60): a = (a, a)\ndef f(x): return a")["f"]
    with pytest.raises(Refusal) as caught:
        fingerprint.walk(function, limits=fingerprint.Limits(nodes=10_000))
    assert caught.value.reason is R.WALK_TOO_LARGE


def test_no_code_of_the_user_runs() -> None:
    source = """
class Meta(type):
    def __getattribute__(cls, name): raise AssertionError(name)
    def __eq__(cls, other): raise AssertionError
    def __hash__(cls): raise AssertionError
    def __instancecheck__(cls, other): raise AssertionError
class Hostile(metaclass=Meta):
    def __getattribute__(self, name): raise AssertionError(name)
    def __eq__(self, other): raise AssertionError
    def __hash__(self): raise AssertionError
    def __repr__(self): raise AssertionError
    def __len__(self): raise AssertionError
    def __iter__(self): raise AssertionError
    def __reduce_ex__(self, protocol): raise AssertionError
    def __bool__(self): raise AssertionError
    @property
    def __class__(self): raise AssertionError
class HostileList(list):
    def __iter__(self): raise AssertionError
    def __len__(self): raise AssertionError
class HostileDict(dict):
    def items(self): raise AssertionError
    def __iter__(self): raise AssertionError
    def __getitem__(self, key): raise AssertionError
class HostileText(str):
    def __str__(self): raise AssertionError
    def __hash__(self): raise AssertionError
class HostileNumber(int):
    def __int__(self): raise AssertionError
    def __index__(self): raise AssertionError
a = Hostile(), HostileList([1]), HostileDict(a=1), HostileText('a'), HostileNumber(1)
def f(x): return a
"""
    assert refusal(source) is None


def test_objects_have_the_same_numbers_in_walks_of_equal_digest() -> None:
    source = "class C: pass\nc = C(); d = [c]\ndef f(x): return c, d"
    left, right = load(source), load(source)
    one, two = fingerprint.walk(left["f"]), fingerprint.walk(right["f"])
    assert one.digest == two.digest
    assert one.index_of(left["c"]) == two.index_of(right["c"]) is not None
    assert one.objects[one.index_of(left["d"]) or 0] is left["d"]
    assert one.index_of(right["c"]) is None


@pytest.mark.parametrize("make", [lambda: [1.0], lambda: {"a": 1.0}, lambda: types.SimpleNamespace(k=1.0)])
def test_whether_it_is_the_very_object_that_a_library_holds_counts(make: Callable[[], object]) -> None:
    held = make()
    seen = {"first": optax.stateless(held), "later": held}  # a function of the library's captures it
    same = fingerprint.walk(lambda: seen, deferred=True).digest
    seen["later"] = make()
    assert fingerprint.walk(lambda: seen, deferred=True).digest != same


@pytest.mark.skipif(np.finfo(np.longdouble).nmant != 63, reason="a long double has no accidental bytes here")
@pytest.mark.parametrize("kind", [np.longdouble, np.clongdouble])
def test_accidental_bytes_beside_a_number_do_not_count(kind: type[np.generic]) -> None:
    def walked(number: float, beside: int) -> list[bytes]:
        array = np.full(3, number, kind)
        array.view(np.uint8).reshape(-1, 16)[:, 10:] = beside
        held = {"value": array}
        first = fingerprint.walk(lambda: held).digest
        held["value"] = array[0]
        return [first, fingerprint.walk(lambda: held).digest]

    assert walked(1.5, 1) == walked(1.5, 2)
    assert not set(walked(1.5, 1)) & set(walked(2.5, 1))
