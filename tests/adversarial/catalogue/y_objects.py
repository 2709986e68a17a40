"""Y: what fields, views, descriptors and functions show beside what they are used for, and what equals itself only."""

from __future__ import annotations

import sys

from tests.adversarial.case import HIT, MISS, Case, Process, bypass, case

_SEED = Process((("PYTHONHASHSEED", "0"),))
_FIELD = "import typing\nclass T: k = 2\n@dataclasses.dataclass\nclass C: a: {} = None"
_ORDINARY = (
    "import threading, typing\nL = threading.Lock()\nT = typing.TypeVar('T')\n@dataclasses.dataclass\nclass C:\n"
    " a: typing.Annotated[int, L] = 2\n b: 'Missing' = None\n c: typing.Optional['Missing'] = None\n d: list[T] = None\n"
)
_CONFIG = (
    "import typing\n@dataclasses.dataclass(frozen=True)\nclass C:\n a: typing.Optional[int] = 2\n"
    " b: typing.Callable[[jax.Array], jax.Array] = jnp.sin\n c: typing.Union[int, 'str', None] = None\n"
    " d: typing.Literal['a', 'b'] = 'a'\n e: tuple[int, ...] = ()\n h: typing.ClassVar[int] = 3\n"
    " i: dataclasses.InitVar[int] = 3\n j: typing.Any = None\n k: dict[str, 'typing.Any'] | None = None\n"
    " l: type[int] = int\n m: typing.Sequence[int] = ()\n n: jax.typing.ArrayLike = 2\n"
)
_VIEW = "B = np.arange(5.)\nA = B[:2]\ndel B"
_FILLED = ("del B", "B[4] = 9\ndel B")
_REMOVED = "S = {0}([3, 11, 5])\nS.remove(5)"


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str], **more: object) -> Case:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits, **more)  # type: ignore[arg-type]


def _field(word: str, annotation: str, use: str, edit: tuple[str, str], before: str = "") -> Case:
    program = f"{before}\n{_FIELD.format(annotation)}"
    return _reads(f"Y14-{word}", MISS, program, f"dataclasses.fields(C)[0].type{use}", edit)


def _same(word: str, before: str, one: str, other: str, expression: str) -> tuple[Case, ...]:
    """Whether ``T`` is the object ``S`` or another that was made alike."""
    text = f"{before}\nS = {one}\nT = S"
    return (
        _reads(f"Y16-{word}", MISS, text, expression, ("T = S", f"T = {other}")),
        _reads(f"Y16-{word}-same", HIT, text, expression),
    )


_TYPES = (
    _field("annotated", "typing.Annotated[int, 2]", ".__metadata__[0]", ("int, 2", "int, 3")),
    _field("generic", "list[T]", ".__args__[0].k", ("k = 2", "k = 3")),
    _field("union", "T | None", ".__args__[0].k", ("k = 2", "k = 3")),
    _field("optional", "typing.Optional[T]", ".__args__[0].k", ("k = 2", "k = 3")),
    _field("literal", "typing.Literal[2, 5]", ".__args__[0]", ("[2,", "[3,")),
    _field("callable", "typing.Callable[[T], int]", ".__args__[0].k", ("k = 2", "k = 3")),
    _field("new-type", "typing.NewType('N', T)", ".__supertype__.k", ("k = 2", "k = 3")),
    _field("instance", "T()", ".k", ("k = 2", "k = 3")),
    _field("dictionary", "{'axis': 2}", "['axis']", ("'axis': 2", "'axis': 3")),
    _field("function", "conv", "(1)", ("v * 2", "v * 3"), "def conv(v): return v * 2"),
    _field("shape", "jax.ShapeDtypeStruct((2,), 'f4')", ".shape[0]", ("(2,)", "(3,)")),
    _reads(
        "Y14-init-only",
        MISS,
        _FIELD.format("dataclasses.InitVar[T]"),
        "C.__dataclass_fields__['a'].type.type.k",
        ("k = 2", "k = 3"),
    ),
    _reads(
        "Y14-name-in-text",
        MISS,
        _FIELD.format("typing.Literal[2]"),
        "getattr(dataclasses.fields(C)[0], 'type').__args__[0]",
        ("[2]", "[3]"),
    ),
    _reads("Y14-unread", HIT, f"{_ORDINARY}c = C()", "c.a * len(dataclasses.fields(c))"),
    _reads("Y14-config", HIT, f"{_CONFIG}c = C()", "c.a"),
    _reads("Y14-config-asked", HIT, f"{_CONFIG}c = C()", "c.a * len([q.type for q in dataclasses.fields(c)])"),
    case(
        "Y14-signature",
        bypass("dynamic_scope"),
        "import inspect\nclass T: k = 2\ndef g(a: T): pass\n"
        "def f(x): return x * inspect.Signature.from_callable(g).parameters['a'].annotation.k",
        ("k = 2", "k = 3"),
    ),
)
_OWNERS = (
    _reads("Y15-base", MISS, _VIEW, "A.base[4]", _FILLED),
    _reads("Y15-strided", bypass("unknown_object"), _VIEW, "np.lib.stride_tricks.as_strided(A, (5,))[4]", _FILLED),
    _reads("Y15-bytes", MISS, "A = np.frombuffer(b'abcd', 'u1', 2)", "A.base[3]", ("abcd", "abce")),
    _reads("Y15-computed-with", HIT, _VIEW, "A[1]", _FILLED),
    _reads(
        "Y15-other-base", HIT, f"class C: base = 2\n{_VIEW}\nD = np.asarray(jnp.arange(3.))[:2]", "C.base * A[1] + D[0]"
    ),
    case(
        "Y15-written",
        bypass("trace_side_effect"),
        "B = np.zeros(5)\nA = B[:2]\ndef f(x):\n A.base[4] = 5\n return x * 2\ndef observe(): return float(B[4])",
    ),
    case(
        "Y15-record",
        MISS,
        "A = np.array([(2, 3)], [('a', 'i4'), ('b', 'i4')])\nV = A[0]\ndef f(x): return x * (2 if np.shares_memory(V, A) else 3)",
        ("A[0]", "A[0].copy()"),
    ),
    _reads("Y15-record-same", HIT, "V = np.array([(2, 3)], [('a', 'i4'), ('b', 'i4')])[0]", "V['a']"),
)
_ITSELF = (
    *_same("struct", "import struct", "struct.Struct('<i')", "struct.Struct('<i')", "2 if S == T else 3"),
    *_same("match", "import re", "re.match('a', 'a')", "re.match('a', 'a')", "2 if S == T else 3"),
    *_same("type-variable", "import typing", "typing.TypeVar('T')", "typing.TypeVar('T')", "2 if S == T else 3"),
    *_same("getter", "import operator", "operator.itemgetter(0)", "operator.itemgetter(0)", "{S: 2}.get(T, 3)"),
    *_same("values", "D = {'a': 2}", "D.values()", "D.values()", "2 if S == T else 3"),
    *_same("nan-decimal", "import decimal", "decimal.Decimal('nan')", "decimal.Decimal('nan')", "2 if S in [T] else 3"),
    *_same("nan-complex", "", "complex('nan')", "complex('nan')", "2 if S in [T] else 3"),
    *_same("nan-bfloat", "import ml_dtypes as m", "m.bfloat16('nan')", "m.bfloat16('nan')", "2 if S in [T] else 3"),
    _reads(
        "Y16-property",
        MISS,
        "def g(s): return 1\nclass C:\n a = property(g)\n b = a",
        "2 if C.a is C.b else 3",
        ("b = a", "b = property(g)"),
    ),
    _reads(
        "Y16-static-method",
        MISS,
        "def g(): return 1\nclass C:\n a = staticmethod(g)\n b = a",
        "2 if vars(C)['a'] is vars(C)['b'] else 3",
        ("b = a", "b = staticmethod(g)"),
    ),
    _reads(
        "Y16-field-of-named-tuple",
        MISS,
        "P = collections.namedtuple('P', 'a')\nclass C:\n a = P.a\n b = a",
        "2 if C.a is C.b else 3",
        ("b = a", "b = collections.namedtuple('P', 'a').a"),
    ),
)
_ADDRESSES = tuple(
    _reads(f"Y17-{word}", bypass("id_or_hash_read", "opaque_callable"), before, f"2 if '0x' in repr({value}) else 3")
    for word, before, value in (
        ("lock", "", "threading.Lock()"),
        ("reentrant-lock", "L = threading.RLock()", "L"),
        ("memory", "", "memoryview(b'abc')"),
        ("method-of-c", "class C: pass\nc = C()", "c.__eq__"),
        ("hash", "import hashlib", "hashlib.sha256()"),
        ("variable", "import contextvars\nV = contextvars.ContextVar('v')", "V"),
        ("reference", "import weakref\ndef g(): pass\nR = weakref.ref(g)", "R"),
        ("event", "", "threading.Event()"),
        ("semaphore", "S = threading.Semaphore(2)", "S"),
        ("condition", "", "threading.Condition()"),
        ("future", "import concurrent.futures as cf", "cf.Future()"),
    )
)
_SETS = (
    _reads("Y18-copy", MISS, "S = {3, 11}", "[*S.copy()][0]", only_b=_REMOVED.format("set")),
    _reads("Y18-union", MISS, "S = {3, 11}", "[*(S | set())][0]", only_b=_REMOVED.format("set"), a=_SEED, b=_SEED),
    _reads("Y18-iterated", HIT, "S = {3, 11, 19, 4}", "[*S][0]"),
)
_CLASSES = (
    _reads("Y19-module", MISS, "class C: __module__ = 2", "C.__module__", ("= 2", "= 3")),
    _reads(
        "Y19-references",
        bypass("unknown_object"),
        "class C:\n __slots__ = ()\n __weakref__ = 2",
        "C.__weakref__",
        ("= 2", "= 3"),
    ),
    _reads(
        "Y19-slots-deleted",
        MISS,
        "class C: __slots__ = ('__weakref__',)\ndel C.__slots__",
        "2 + C.__weakrefoffset__",
        ("('__weakref__',)", "()"),
    ),
    _reads(
        "Y19-of-slot", MISS, "class C:\n __slots__ = ('a',)\n k = 2\nD = C.a", "D.__objclass__.k", ("k = 2", "k = 3")
    ),
)
_SUB = "class S(str): pass\nclass T(tuple): pass\nclass D(dict): pass\n"
_FUNCTIONS = (
    _reads(
        "Y20-name",
        MISS,
        f"{_SUB}def g(): pass\ng.__name__ = S('g')\ng.__name__.k = 2",
        "g.__name__.k",
        ("k = 2", "k = 3"),
    ),
    _reads("Y20-module", MISS, "def g(): pass\ng.__module__ = [2]", "g.__module__[0]", ("[2]", "[3]")),
    _reads(
        "Y20-no-defaults",
        MISS,
        "def g(): pass\ng.__defaults__ = None",
        "2 if g.__defaults__ is None else 3",
        ("= None", "= ()"),
    ),
    _reads(
        "Y20-no-keyword-defaults",
        MISS,
        "def g(): pass\ng.__kwdefaults__ = None",
        "2 if g.__kwdefaults__ is None else 3",
        ("= None", "= {}"),
    ),
    _reads(
        "Y20-other-defaults",
        MISS,
        f"{_SUB}def g(a): pass\ng.__defaults__ = T((1,))\ng.__defaults__.k = 2",
        "g.__defaults__.k",
        ("k = 2", "k = 3"),
    ),
    _reads("Y20-docstring", MISS, "def g(): 'ab'", "len(g.__code__.co_consts[0])", ("'ab'", "'abc'")),
)
_FOO = "len(A.foo.__name__) if hasattr(A, 'foo') else 9"


def _patched(id: str, expected: str, reads: str, patch: str, undo: str) -> Case:
    """Somebody has changed ``jax.Array``, which hardly any function does without."""
    program = f"A = jax.Array\ndef f(x): return x * ({reads})\n"
    return case(f"Y22-{id}", expected, program, only_b=f"{patch}\ndef undo(): {undo}\n")


_ARRAYS = (
    _patched("isinstance", HIT, "2 if isinstance(x, A) else 3", "", "pass"),
    _patched("attribute", MISS, "getattr(A, 'RATE', 2.0)", "A.RATE = 3.0", "del A.RATE"),
    _patched("function", MISS, _FOO, "A.foo = lambda self: 5", "del A.foo"),
    _patched("function-of-jax", MISS, _FOO, "A.foo = staticmethod(jnp.sin)", "del A.foo"),
    _patched("property", MISS, "A.foo.fget(x) if hasattr(A, 'foo') else 9", "A.foo = property(len)", "del A.foo"),
    _patched("method", MISS, "len(A.mean.__name__)", "old = A.mean\nA.mean = A.argmin", "A.mean = old"),
)
_GENERIC = (
    _reads(
        "Y21-parameter",
        MISS,
        "def g[T](x: T): pass",
        "len(g.__type_params__[0].__name__)",
        ("[T](x: T)", "[TT](x: TT)"),
    ),
    _reads(
        "Y21-parameters-of-class",
        MISS,
        "class C: pass\nC.__type_params__ = (2,)",
        "C.__type_params__[0]",
        ("(2,)", "(3,)"),
    ),
    _reads(
        "Y21-name-of-property", MISS, "P = property(None)\nclass C: abc = P", "len(P.__name__)", ("abc = P", "abcd = P")
    ),
    _reads(
        "Y21-default",
        MISS,
        "import typing\nclass T: k = 2\nU = typing.TypeVar('U')\nV = typing.TypeVar('V', default=T)\n"
        "class C(typing.Generic[U, V]): pass",
        "C[int].__args__[1].k",
        ("k = 2", "k = 3"),
    ),
    _reads(
        "Y21-late-default", MISS, "class T: k = 2\nclass C[U, V=T]: pass", "C[int].__args__[1].k", ("k = 2", "k = 3")
    ),
    _reads(
        "Y21-ordinary", HIT, "def g[T: (int, float), *Ts](x: T): return x\nclass C[T: int, **P]: k = 2", "g(2) * C.k"
    ),
)

CASES = (
    *(*_TYPES, *_OWNERS, *_ITSELF, *_ADDRESSES, *_SETS, *_CLASSES, *_FUNCTIONS, *_ARRAYS),
    *(_GENERIC if sys.version_info >= (3, 13) else ()),
)
