"""ZJ: what is registered with JAX, set on its objects and NumPy's, and given back with results."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str], only_b: str = "") -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits, only_b=only_b)


def _leaves(
    id: str, expected: str, cls: str, value: str, register: str, *edits: tuple[str, str], before: str = ""
) -> object:
    """``register`` in B, or in both if there are edits. JAX itself never forgets a class: each is in one case only."""
    before += f"\nfrom jax._src.tree_util import _registry\ndef undo(): _registry.pop({cls}, None)"
    in_both = edits or expected == HIT
    before, only_b = (f"{before}\n{register}", "") if in_both else (before, register)
    return _reads(id, expected, before, f"1 + len(jax.tree.leaves({value}))", *edits, only_b=only_b)


def _node(cls: str, leaves: str = "(2., 3.)") -> str:
    return f"jax.tree_util.register_pytree_node({cls}, lambda n: ({leaves}, None), lambda _, c: c)"


def _static(cls: str) -> str:
    return f"jax.tree_util.register_static({cls})"


def _changes(id: str, before: str, expression: str) -> object:
    """What stands for the ``@`` is another number in B."""
    return _reads(id, MISS, before.replace("@", "2  #!"), expression, ("2  #!", "3"))


_ARRAY = "class T(np.ndarray): pass\nW = np.ones(4).view(T)"
_VOID = "class T(np.void): k = @\nD = np.dtype((T, [('a', 'f4')]))"
_METADATA = "D = np.dtype('f4', metadata={'k': @\n})"


def _setting(id: str, expression: str, before: str = "", expected: str = MISS) -> object:
    change = "old = jax.config.jax_log_compiles\njax.config.update('jax_log_compiles', True)"
    undo = "def undo(): jax.config.update('jax_log_compiles', old)"
    return _reads(id, expected, before, f"2 + {expression}", only_b=f"{change}\n{undo}")


def _rule(id: str, before: str, table: str, primitive: str, rule: str) -> object:
    change = f"old = dict({table})\n{table}[{primitive}] = {rule}\ndef undo(): {table}.update(old)"
    return case(id, MISS, f"{before}\ndef f(x): return g(x)", only_b=change)


_SHARDING = "M = jax.make_mesh((4,), ('a',))\nW = jax.NamedSharding(M, jax.P('a'))"
_LAYOUT = (
    "from jax.experimental.layout import Format, Layout\nS = jax.sharding.SingleDeviceSharding(jax.devices()[0])\n"
    "def place(order): return jax.device_put(jnp.ones((2, 3)), Format(Layout(order), S))"
)
_JET = "from jax.experimental import jet\ndef g(x): return jet.jet(jnp.sin, (x,), ((x,),))[1][0]"
_SPARSE = (
    "from jax.experimental import sparse\nfrom jax.experimental.sparse import transform\n"
    "B = sparse.{}.fromdense(jnp.eye(4) * 2)\n"
    "def g(x): return sparse.sparsify(lambda b: -b)(B).todense() * x"
)


def _given_back(id: str, value: str, read: str, before: str, expected: str = "") -> object:
    """A result whose auxiliary data is ``value``, and what is asked of it outside."""
    program = f"{_NODE}\n{before}\ndef f(x): return N(x, {value})"
    shown = f"def wrap(jit):\n j = jit(f)\n return lambda x: (lambda v, r: (v, str({read})))(*vars(j(x)).values())"
    return case(id, expected or bypass("out_tree_unserializable"), f"{program}\n{shown}")


_NODE = (
    "class N:\n def __init__(s, v, aux): s.v, s.aux = v, aux\n"
    "jax.tree_util.register_pytree_node(N, lambda n: ((n.v,), n.aux), lambda a, c: N(c[0], a))\n"
    "def made(v, k):\n v.k = k\n return v"
)
_MADE_UP = (
    "class E(enum.Enum):\n A = 1\n @classmethod\n def _missing_(c, v):\n"
    "  o = object.__new__(c)\n  o._name_, o._value_ = 'A', v\n  return o"
)
_DERIVED = "@dataclasses.dataclass(init=False)\nclass D({}): __hash__ = object.__hash__"
_CONFIG = "@dataclasses.dataclass(frozen=True)\nclass C: k: float"
_OTHER_ORDER = (
    "@dataclasses.dataclass\nclass C: k: int; l: int = 2\ndef other(c):\n k = c.__dict__.pop('k')\n c.k = k\n return c"
)
_EXPORTED = "from jax import export\nE = export.export(jax.jit(lambda v: v * 2.))(X)"
_NNX = "from flax import nnx\nm = nnx.Linear(4, 2, rngs=nnx.Rngs(0))"
_FIELDS = "jax.tree_util.register_dataclass({}, ('data',), ())"

CASES = (
    # Classes of Python, NumPy and JAX that are registered as nodes of trees.
    _leaves("ZJ01-memoryview", MISS, "memoryview", "memoryview(b'ab')", _node("memoryview")),
    _leaves("ZJ01-array", MISS, "np.matrix", "np.matrix([1, 2])", _node("np.matrix")),
    _leaves("ZJ01-jax", MISS, "type(jnp.ones(1).at)", "x.at", _node("type(jnp.ones(1).at)")),
    _leaves(
        "ZJ01-static", MISS, "datetime.time", "datetime.time(1)", _static("datetime.time"), before="import datetime"
    ),
    _leaves(
        "ZJ01-static-of-jax",
        MISS,
        "jax.lax.RandomAlgorithm",
        "jax.lax.RandomAlgorithm.RNG_DEFAULT",
        _static("jax.lax.RandomAlgorithm"),
    ),
    _leaves(
        "ZJ01-dataclass",
        MISS,
        "string.Template",
        "string.Template('a')",
        "jax.tree_util.register_dataclass(string.Template, (), ('template',))",
        before="import string",
    ),
    _leaves(
        "ZJ02-functions",
        MISS,
        "fractions.Fraction",
        "fractions.Fraction(1, 2)",
        _node("fractions.Fraction"),
        ("(2., 3.)", "(2., 3., 4.)"),
        before="import fractions",
    ),
    _leaves(
        "ZJ02-fields",
        MISS,
        "collections.UserDict",
        "collections.UserDict(a=2, b=3)",
        _FIELDS.format("collections.UserDict"),
        ("('data',), ()", "(), ('data',)"),
    ),
    _leaves("ZJ02-same", HIT, "uuid.UUID", "uuid.UUID(int=1)", _node("uuid.UUID"), before="import uuid"),
    _leaves("ZJ02-same-static", HIT, "types.MappingProxyType", "X", _static("types.MappingProxyType")),
    # Subclasses and fields of NumPy's types.
    *(
        _changes(f"ZJ03-{name}", before, expression)
        for name, before, expression in (
            ("offset", f"{_ARRAY}\nW.offset = @", "W.offset"),
            ("filename", f"{_ARRAY}\nW.filename = 'a' * @", "len(W.filename)"),
            ("mmap", f"{_ARRAY}\nW._mmap = @", "W._mmap"),
            ("slot", "class T(np.ndarray): __slots__ = ('k',)\nW = np.ones(4).view(T)\nW.k = @", "W.k"),
            ("record", "class T(np.recarray): pass\nW = np.ones(4).view(T)\nW.__dict__['offset'] = @", "W.offset"),
            ("scalar-class", "class T(np.float64): k = @\nW = T(1)", "W.k"),
            ("scalar-attribute", "class T(np.float64): pass\nW = T(1)\nW.k = @", "W.k"),
            ("text-class", "class T(np.str_): k = @\nW = T('a')", "W.k"),
            ("element-class", f"{_VOID}\nW = np.zeros(2, D)", "W[0].k"),
            ("type-of-dtype", _VOID, "D.type.k"),
            ("metadata-of-scalar", f"{_METADATA}\nW = np.zeros(2, [('a', D)])[0]", "W.dtype['a'].metadata['k']"),
            ("metadata-of-field", f"{_METADATA}\nD = np.dtype([('a', D)])", "D['a'].metadata['k']"),
            ("metadata-in-array", f"{_METADATA}\nW = np.zeros(2, [('a', D)])", "W.dtype['a'].metadata['k']"),
            ("metadata-of-subarray", f"{_METADATA}\nD = np.dtype((D, (2,)))", "D.base.metadata['k']"),
        )
    ),
    _reads(
        "ZJ03-scalar-or-subclass",
        MISS,
        "class T(np.float64): pass\nW = T(1)",
        "2 + (type(W) is T)",
        ("W = T", "W = np.float64"),
    ),
    _reads("ZJ03-same-scalar", HIT, "class T(np.float64): k = 2\nW = T(1)\nW.a = [3]", "W.k * W.a[0]"),
    _reads("ZJ03-same-dtype", HIT, f"{_VOID.replace('@', '2')}\nW = np.zeros(2, D)", "W[0].k * D.type.k"),
    # What is set on JAX's objects, and what their encoders do not read.
    *(
        _changes(f"ZJ04-{name}", before, expression)
        for name, before, expression in (
            ("array", "W = jnp.ones(4)\nW.k = @", "W.k"),
            ("key", "W = jax.random.key(0)\nW.k = @", "W.k"),
            ("named-sharding", f"{_SHARDING}\nW.k = @", "W.k"),
            ("single-sharding", "W = jax.sharding.SingleDeviceSharding(jax.devices()[0])\nW.k = @", "W.k"),
            (
                "jitted",
                "g = jax.jit(lambda v: v)\ng.__wrapped__ = functools.partial(jnp.multiply, @\n)",
                "g.__wrapped__(1.)",
            ),
        )
    ),
    *(
        _reads(
            f"ZJ04-subclass-{name}",
            bypass("unknown_object"),
            f"{before}\nW = T({arguments})",
            "W.k",
            ("k = 2", "k = 3"),
        )
        for name, before, arguments in (
            ("named", f"{_SHARDING}\nclass T(type(W)): k = 2", "M, jax.P('a')"),
            ("single", "class T(jax.sharding.SingleDeviceSharding): k = 2", "jax.devices()[0]"),
        )
    ),
    _reads(
        "ZJ04-layout",
        MISS,
        f"{_LAYOUT}\nW = place((0, 1))",
        "2 + W.format.layout.major_to_minor[0]",
        ("(0, 1)", "(1, 0)"),
    ),
    _reads("ZJ04-same-layout", HIT, f"{_LAYOUT}\nW = place((1, 0))", "2 + W.format.layout.major_to_minor[0]"),
    _reads("ZJ04-same-attributes", HIT, "W = jnp.ones(4)\nW.k = [2]\nK = jax.random.key(1)\nK.k = W", "W.k[0] * K.k"),
    _reads(
        "ZJ04-used-before",
        HIT,
        _SHARDING,
        "len(W.spec)",
        only_b="hash(W), W.is_fully_replicated, W.addressable_devices, jax.device_put(jnp.ones(4), W)",
    ),
    # Settings of JAX that are in no key, read through the objects that hold them.
    _setting("ZJ05-value", "jax.log_compiles.value"),
    _setting("ZJ05-global", "G.get_global()", "from jax._src import config\nG = config.log_compiles"),
    _setting("ZJ05-unread", "1", expected=HIT),
    case(
        "ZJ05-entered",
        HIT,
        "def f(x):\n with jax.log_compiles(False), jax.debug_nans(False): return x * 2",
    ),
    # Tables of rules of JAX's experimental packages.
    _rule("ZJ06-jet", _JET, "jet.jet_rules", "jax.lax.sin_p", "old[jax.lax.cos_p]"),
    _rule(
        "ZJ06-jet-of-others", _JET, "jet.jet_rules", "jax.lax.sin_p", "lambda a, b, **k: (a[0], [v * 3 for v in b[0]])"
    ),
    _rule("ZJ06-bcoo", _SPARSE.format("BCOO"), "transform.sparse_rules_bcoo", "jax.lax.neg_p", "old[jax.lax.copy_p]"),
    _rule("ZJ06-bcsr", _SPARSE.format("BCSR"), "transform.sparse_rules_bcsr", "jax.lax.neg_p", "lambda e, v, **k: [v]"),
    case("ZJ06-same", HIT, f"{_JET}\n{_SPARSE.format('BCOO')}\ndef f(x): return g(x)"),
    # Auxiliary data of results that cannot be given back as they were, or only with care.
    *(
        _given_back(f"ZJ07-{name}", value, read, before)
        for name, value, read, before in (
            ("tuple-with-attributes", "made(T(), k=5)", "r.k", "class T(tuple): _fields = (); k = 2"),
            ("dtype-with-metadata", "np.dtype('f4', metadata={'k': 5})", "len(r.metadata or ())", ""),
            ("dtype-of-arrays", "np.dtype(('f4', (2,)))", "len(r.shape)", ""),
            (
                "sharding-with-attributes",
                "made(jax.NamedSharding(M, jax.P('a')), k=5)",
                "getattr(r, 'k', 0)",
                _SHARDING,
            ),
            ("made-up-member", "E(7)", "r.value", _MADE_UP),
            ("flags", "E.A | E.B", "r.value", "class E(enum.Flag): A = 1; B = 2"),
            ("no-flags", "E(0)", "r.value", "class E(enum.IntFlag): A = 1; B = 2"),
            ("dataclass-of-dict", "D(q=7)", "r['q']", _DERIVED.format("dict")),
            ("dataclass-of-int", "D(7)", "int(r)", _DERIVED.format("int")),
            ("dataclass-of-list", "D([7])", "sum(r)", _DERIVED.format("list")),
            ("nested-deeply", "functools.reduce(lambda l, _: [l], range(60), [])", "len(str(r))", ""),
        )
    ),
    *(
        _given_back(f"ZJ08-{name}", value, read, before, HIT)
        for name, value, read, before in (
            ("shared-list", "(lambda l: [l, (l,), {'a': l}])([1])", "[r[0] is r[1][0], r[0] is r[2]['a']]", ""),
            ("shared-dict", "(lambda d: [d, d, {'a': 1}])({'a': 1})", "[r[0] is r[1], r[0] is r[2]]", ""),
            ("shared-instance", "(lambda d: (d, {'a': d}, C(2)))(C(2))", "[r[0] is r[1]['a'], r[0] is r[2]]", _CONFIG),
            ("cycle", "(lambda l: l.append(l) or l)([])", "[len(r), r[0] is r]", ""),
            ("nan", "(lambda n: (n, [n], float('nan')))(float('nan'))", "[r[0] is r[1][0], r[0] is r[2]]", ""),
            ("nan-of-user", "(n, [n], C(n))", "[r[0] is n, r[1][0] is n, r[2].k is n]", f"n = float('nan')\n{_CONFIG}"),
            ("order-of-attributes", "(C(1), other(C(1)))", "[list(vars(c)) for c in r]", _OTHER_ORDER),
            ("members", "(E.A, E.B, E.A)", "[m.value for m in r]", "class E(enum.Flag): A = 1; B = 2"),
            ("dtypes", "(np.dtype('f4'), jnp.dtype('bfloat16'), np.dtype('i1'))", "[d.name for d in r]", ""),
        )
    ),
    *(
        case(
            f"ZJ08-shared-by-nodes-{name}",
            HIT,
            f"{_NODE}\ndef f(x):\n  a = {value}\n  return N(x, a), N(x, a), N(x, {value})\n"
            "def wrap(jit):\n j = jit(f)\n return lambda x: (lambda p, q, r: (p.v, p.aux is q.aux, p.aux is r.aux))(*j(x))",
        )
        for name, value in (("list", "[1]"), ("dict", "{'a': 1}"))
    ),
    # What traces have left behind, and objects that note in which trace they were made.
    *(
        variant
        for name, before, result in (
            ("jaxpr", "J = jax.make_jaxpr(lambda v: v * 2.)(X)", "jax.core.eval_jaxpr(J.jaxpr, J.consts, x)[0]"),
            ("vjp", "_, g = jax.vjp(lambda v: jnp.sin(v) * 2., X)", "g(x)[0]"),
            ("closure-convert", "g, c = jax.closure_convert(lambda v: v * 2., X)", "g(x, *c)"),
        )
        for variant in (
            case(f"ZJ09-{name}", MISS, f"{before}\ndef f(x): return {result}", ("2.", "3.")),
            case(f"ZJ09-same-{name}", HIT, f"{before}\ndef f(x): return {result}", (before, f"\n\n{before}")),
        )
    ),
    case(
        "ZJ09-exported-rule",
        OK,
        f"{_EXPORTED.replace('lambda v: v * 2.', 'g')}\ndef f(x): return jax.vjp(E.call, x)[1](x)[0]".replace(
            "E =", "@jax.custom_jvp\ndef g(v): return v\ng.defjvp(lambda p, t: (p[0], t[0] * 2.))\nE ="
        ),
        ("2.", "3."),
    ),
    case(
        "ZJ09-place-of-function",
        bypass("dynamic_scope"),
        "J = jax.make_jaxpr(lambda v: v * 2.)(X)\ndef f(x): return x * J.jaxpr.debug_info.func_lineno",
        ("J =", "\n" * 99 + "J ="),
    ),
    case("ZJ10-nnx", MISS, f"{_NNX}\ndef f(x): return m(x)", ("Rngs(0)", "Rngs(1)")),
    case("ZJ10-same-nnx", HIT, f"{_NNX}\ndef f(x): return m(x)"),
    case(
        "ZJ10-made-in-a-trace",
        bypass("unknown_object"),
        "S = []\n"
        "jax.make_jaxpr(lambda v: S.append(jax.extend.core.get_opaque_trace_state(convention='nnx')) or v)(X)\n"
        "def f(x): return x * (2 + (S[0] == jax.extend.core.get_opaque_trace_state(convention='nnx')))",
        ("x * (2", "x * (3"),
    ),
    # Pallas brings a trace context of its own. In processes without the other cases, which have it imported already.
    case(
        "ZJ11-pallas-imported",
        HIT,
        "def f(x): return x * 2",
        only_b="import jax.experimental.pallas",
        a=Process((("CASES", "pallas"),)),
        b=Process((("CASES", "pallas"),)),
    ),
    _reads("ZJ02-of-jax-itself", HIT, "", "2", only_b="from jax.experimental import checkify, jet, sparse"),
)
