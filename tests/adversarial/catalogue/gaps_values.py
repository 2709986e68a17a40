"""In the gaps of B and D: values that a function captures or is given."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_OF_ATTRIBUTE = (
    "import operator\nG = operator.{}\nc = collections.namedtuple('T', 'a b')(2, 3)\ndef f(x): return x * G(c)"
)
_STRUCT = (
    "import ctypes\nclass S(ctypes.Structure): _fields_ = [('a', ctypes.c_int)]\ns = S(2)\ndef f(x): return x * s.a"
)
_STATIC_NODE = (
    "@jax.tree_util.register_static\n@dataclasses.dataclass(frozen=True)\nclass S: k: int\n"
    "def f(x, s): return x * s.k\nARGS = (X, S(2))"
)
_DATACLASS_NODE = (
    "@functools.partial(jax.tree_util.register_dataclass, data_fields=['a'], meta_fields=['k'])\n"
    "@dataclasses.dataclass\nclass D:\n a: object\n k: int\ndef f(d): return d.a * d.k\nARGS = (D(X + 1, 2),)"
)
_FLAX_NODE = (
    "import flax\n@flax.struct.dataclass\nclass D:\n a: object\n k: int = flax.struct.field(pytree_node=False)\n"
    "def f(d): return d.a * d.k\nARGS = (D(X + 1, 2),)"
)
_STATIC = "{}\ndef f(x, n): return {}\nOPTIONS = {{'static_argnums': 1}}\nARGS = (X, {})"


def _captured(id: str, value: str, use: str, edit: tuple[str, str], before: str = "", expected: str = MISS) -> object:
    return case(id, expected, f"{before}\nV = {value}\ndef f(x): return x * {use}", edit)


def _static(id: str, value: str, use: str, edit: tuple[str, str], before: str = "") -> object:
    return case(id, MISS, _STATIC.format(before, use, value), edit)


CASES = (
    case(
        "B36-bound-append",
        bypass("trace_side_effect"),
        "L = []\nput = L.append\ndef f(x):\n put(1)\n return x * 2\ndef observe(): return L",
    ),
    _captured("B36-bound-get", "{'a': 2}.get", "V('a')", ("'a': 2", "'a': 3")),
    _captured("B36-bound-slot", "(2).__add__", "V(1)", ("(2)", "(3)")),
    case(
        "B40-cycle",
        bypass("generator_state", "unknown_object"),
        "import itertools\nG = itertools.cycle([2, 3])\ndef f(x): return x * next(G)",
        ("[2, 3]", "[4, 3]"),
    ),
    case("B40-attrgetter", MISS, _OF_ATTRIBUTE.format("attrgetter('a')"), ("'a')\n", "'b')\n")),
    case("B40-itemgetter", MISS, _OF_ATTRIBUTE.format("itemgetter(0)"), ("(0)", "(1)")),
    case("B40-methodcaller", MISS, _OF_ATTRIBUTE.format("methodcaller('index', 2)"), ("'index', 2", "'index', 3")),
    _captured(
        "B44-chain-map",
        "collections.ChainMap({'a': 2}, {'a': 3})",
        "V['a']",
        ("{'a': 2}, {'a': 3}", "{'a': 3}, {'a': 2}"),
    ),
    _captured("B44-counter", "collections.Counter('aab')", "V['a']", ("'aab'", "'abb'")),
    _captured("B44-user-dict", "collections.UserDict(a=2)", "V['a']", ("a=2", "a=3")),
    _captured("B44-ordered-dict", "collections.OrderedDict(a=2, b=3)", "[*V.values()][0]", ("a=2, b=3", "b=3, a=2")),
    _captured("B44-mapping-proxy", "types.MappingProxyType({'a': 2})", "V['a']", ("'a': 2", "'a': 3")),
    _captured("B44-namespace", "types.SimpleNamespace(a=2)", "V.a", ("a=2", "a=3")),
    _captured("B48-bytearray", "bytearray(b'24')", "V[0]", ("b'24'", "b'34'")),
    _captured("B48-memoryview", "memoryview(b'24')", "V[0]", ("b'24'", "b'34'"), expected=OK),
    _captured("B48-array", "array.array('i', [2, 4])", "V[0]", ("[2, 4]", "[3, 4]"), "import array", OK),
    _captured(
        "B52-structured-array",
        "np.array([(2, 3)], [('a', 'i4'), ('b', 'i4')])",
        "V['a'][0]",
        ("('a', 'i4'), ('b', 'i4')", "('b', 'i4'), ('a', 'i4')"),
    ),
    _captured(
        "B52-masked-array", "np.ma.array([2, 3], mask=[0, 1])", "int(V.sum())", ("[0, 1]", "[1, 0]"), expected=OK
    ),
    _captured("B52-record-array", "np.rec.array([(2, 3)], names='a,b')", "V.a[0]", ("'a,b'", "'b,a'"), expected=OK),
    _captured("B52-read-only-view", "np.broadcast_to(np.float32(2), 4)", "V", ("(2)", "(3)")),
    _captured("B52-ctypes", "2", "s.a", ("S(2)", "S(3)"), _STRUCT.rpartition("\n")[0], OK),
    _captured("B56-numpy-vectorize", "np.vectorize(lambda a: a * 2)", "int(V(3))", ("* 2", "* 3")),
    _captured("B56-numpy-from-function", "np.frompyfunc(lambda a: a * 2, 1, 1)", "V(3)", ("* 2", "* 3"), expected=OK),
    case("B60-array-as-default", MISS, "def f(x, w=jnp.arange(4.0)): return x * w", ("arange(4.0)", "ones(4)")),
    case("B60-key-captured", MISS, "K = jax.random.key(2)\ndef f(x): return x * jax.random.bits(K)", ("(2)", "(3)")),
    _captured("B64-literal", "typing.Literal[2]", "typing.get_args(V)[0]", ("[2]", "[3]"), "import typing"),
    _captured("B64-fraction", "fractions.Fraction(2, 3)", "float(V)", ("2, 3", "2, 5"), "import fractions"),
    _captured("B64-time-delta", "datetime.timedelta(2)", "V.days", ("(2)", "(3)"), "import datetime"),
    _captured("B64-regex", "re.compile('a{2}')", "bool(V.match('aa'))", ("{2}", "{3}"), "import re"),
    _captured("B64-deepcopy", "{'a': [2]}", "copy.deepcopy(V)['a'][0]", ("[2]", "[3]"), "import copy"),
    _captured("B64-json", "'[2]'", "json.loads(V)[0]", ("[2]", "[3]"), "import json"),
    _captured(
        "B64-string-template", "string.Template('a' * 2)", "len(V.substitute())", ("* 2", "* 3"), "import string"
    ),
    _captured(
        "B64-jaxpr",
        "jax.make_jaxpr(lambda v: v * 2)(1.0)",
        "jax.core.eval_jaxpr(V.jaxpr, V.consts, 3.0)[0]",
        ("* 2", "* 3"),
        expected=OK,
    ),
    case(
        "B64-inner-tree",
        MISS,
        "T = jax.tree.structure({'a': 1, 'b': 2})\ndef f(x): return jax.tree.unflatten(T, [x, x * 2])",
        ("'b': 2", "'c': 2"),
    ),
    _static("D92-literal", "typing.Literal[2]", "x * typing.get_args(n)[0]", ("[2]", "[3]"), "import typing"),
    _static("D96-numpy-nan", "np.float32('nan')", "x * (2 if np.isnan(n) else 3)", ("'nan'", "'inf'")),
    _static("D100-partial", "functools.partial(pow, 2)", "x * n(3)", ("pow, 2", "pow, 3")),
    _static("D100-numpy-type", "jnp.float32", "x.astype(n)", ("float32)", "bfloat16)")),
    _static("D104-mesh", "jax.make_mesh((2,), ('a',))", "x * len(n.axis_names[0])", ("'a'", "'ab'")),
    _static("D104-spec", "jax.P('a', None)", "x * n.index('a')", ("'a', None", "None, 'a'")),
    _static("D108-tree", "jax.tree.structure((1, 2))", "n.unflatten([x, x * 2])", ("(1, 2)", "[1, 2]")),
    case("D108-static-node", MISS, _STATIC_NODE, ("S(2)", "S(3)")),
    case("D108-static-node-same", HIT, _STATIC_NODE),
    case("D112-dataclass-meta", MISS, _DATACLASS_NODE, (", 2)", ", 3)")),
    case("D112-dataclass-data", HIT, _DATACLASS_NODE, ("X + 1", "X + 2")),
    case("D112-flax-meta", MISS, _FLAX_NODE, (", 2)", ", 3)")),
    case("D112-flax-data", HIT, _FLAX_NODE, ("X + 1", "X + 2")),
)
