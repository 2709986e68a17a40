"""T: what objects tell of themselves: descriptions, places, addresses, and the order of sets by other ways."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case

_SEEDS = (Process((("PYTHONHASHSEED", "0"),)), Process((("PYTHONHASHSEED", "1"),)))
_MOVED = ("def f", "\n\n\ndef f")
_CAUGHT = "def f(x):\n try: raise ValueError\n except ValueError as e: return x * {}"
_NAMES = "class C: pass\nc = C()\nc.names = set('abcdefghijk')"


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str]) -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits)


def _order(id: str, before: str, expression: str, expected: str = MISS) -> object:
    program = f"{before}\ndef f(x): return x * ord(({expression})[0])"
    return case(id, expected, program, a=_SEEDS[0], b=_SEEDS[1])


CASES = (
    # Lines.
    case("T01-traceback", bypass("dynamic_scope"), _CAUGHT.format("e.__traceback__.tb_lineno"), _MOVED),
    case(
        "T01-extracted",
        bypass("dynamic_scope", "file_read_untracked"),
        "import traceback\n" + _CAUGHT.format("traceback.extract_tb(e.__traceback__)[0].lineno"),
        _MOVED,
    ),
    case(
        "T01-warning",
        bypass("dynamic_scope"),
        "import warnings\ndef f(x):\n with warnings.catch_warnings(record=True) as w:\n"
        "  warnings.simplefilter('always')\n  warnings.warn('a')\n return x * w[0].lineno",
        _MOVED,
    ),
    case(
        "T01-warnings-counted",
        HIT,
        "import warnings\ndef f(x):\n with warnings.catch_warnings(record=True) as w:\n"
        "  warnings.simplefilter('always')\n  warnings.warn('a')\n return x * len(w)",
        _MOVED,
    ),
    _reads("T01-by-name", bypass("dynamic_scope"), "", "getattr(f.__code__, 'co_firstlineno')", _MOVED),
    _reads("T01-positions", bypass("dynamic_scope"), "", "[*f.__code__.co_positions()][-1][0]", _MOVED),
    _reads(
        "T01-class",
        bypass("dynamic_scope"),
        "class C: pass",
        "getattr(C, '__firstlineno__', 7)",
        ("class C", "\n\nclass C"),
    ),
    # Docstrings, annotations, signatures.
    _reads(
        "T02-getdoc", bypass("dynamic_scope"), "import inspect\ndef g(): 'a'", "len(inspect.getdoc(g))", ("'a'", "'bb'")
    ),
    _reads("T02-by-name", bypass("dynamic_scope"), "def g(): 'a'", "len(getattr(g, '__doc__'))", ("'a'", "'bb'")),
    _reads(
        "T02-by-name-in-global",
        bypass("dynamic_scope"),
        "D = '__doc__'\ndef g(): 'a'",
        "len(getattr(g, D))",
        ("'a'", "'bb'"),
    ),
    _reads(
        "T02-getter",
        bypass("dynamic_scope"),
        "import operator\nG = operator.attrgetter('__doc__')\ndef g(): 'a'",
        "len(G(g))",
        ("'a'", "'bb'"),
    ),
    _reads(
        "T03-get-annotations",
        bypass("dynamic_scope"),
        "import inspect\nclass K: k = 2\ndef g(a: K): pass",
        "inspect.get_annotations(g)['a'].k",
        ("k = 2", "k = 3"),
    ),
    case(
        "T03-alias-of-typing",
        bypass("dynamic_scope"),
        "import typing\nclass K: k = 2\ndef g(a: K): pass\n"
        "def f(x):\n t = typing\n return x * t.get_type_hints(g)['a'].k",
        ("k = 2", "k = 3"),
    ),
    _reads(
        "T03-signature-annotation",
        bypass("dynamic_scope"),
        "import inspect\nclass K: k = 2\ndef g(a: K): pass",
        "inspect.signature(g).parameters['a'].annotation.k",
        ("k = 2", "k = 3"),
    ),
    _reads(
        "T03-signature-of-names",
        MISS,
        "import inspect\ndef g(a: int, b: 'list[int]' = 2) -> None: pass",
        "2 if inspect.signature(g).parameters['a'].annotation is int else 3",
        ("a: int", "a: float"),
    ),
    case(
        "T03-signature-set",
        OK,
        "import inspect\ndef g(a): pass\ndef f(x): return x * (len(inspect.signature(g).parameters) + 1)",
        only_b="g.__signature__ = inspect.Signature()",
    ),
    _reads(
        "T03-type-of-field",
        MISS,
        "class K: k = 2\n@dataclasses.dataclass\nclass C: a: K = 1",
        "dataclasses.fields(C)[0].type.k",
        ("k = 2", "k = 3"),
    ),
    case(
        "T04-name-of-class",
        MISS,
        "class C: pass\ndef f(x): return x * len(C.__name__)",
        only_b="C.__name__ = 'Longer'",
    ),
    _reads(
        "T05-kind-of-function",
        MISS,
        "import inspect\ndef g(): return 1",
        "2 if inspect.isgeneratorfunction(g) else 3",
        ("return 1", "yield 1"),
    ),
    _reads(
        "T05-code-by-name-in-global",
        bypass("dynamic_scope"),
        "C, V = '__closure__', 'cell_contents'\ndef m(k):\n def g(): return k\n return g\ng = m(2)",
        "getattr(getattr(g, C)[0], V)",
        ("m(2)", "m(3)"),
    ),
    # Addresses, hashes, and what this process did before.
    *(
        _reads(f"T06-{name}", bypass("id_or_hash_read"), before, expression)
        for name, before, expression in (
            ("hash-method", "", "'a'.__hash__() is not None"),
            ("hash-of-type", "", "str.__hash__('a') is not None"),
            ("buffer", "W = jnp.ones(4)", "W.unsafe_buffer_pointer() > 0"),
            ("memory-of-array", "W = np.ones(4)", "W.ctypes.data > 0"),
            ("interface-of-array", "W = np.ones(4)", "W.__array_interface__['data'][0] > 0"),
        )
    ),
    case(
        "T06-hash-in-hash",
        HIT,
        "class C:\n def __init__(s, k): s.k = k\n def __hash__(s): return s.k.__hash__()\n"
        " def __eq__(s, o): return s.k == o.k\nD = {C(1): 2}\ndef f(x): return x * D[C(1)]",
    ),
    _reads("T07-live-arrays", bypass("opaque_callable"), "", "len(jax.live_arrays()) > 0"),
    _reads("T07-cache-size", bypass("opaque_callable"), "@jax.jit\ndef g(x): return x", "g._cache_size() + 1"),
    _reads(
        "T07-setting-by-text", bypass("unknown_context_value"), "", "2 if jax.config.values['jax_log_compiles'] else 3"
    ),
    # The order of sets, by ways that name no set.
    _order("T08-smallest-by-key", "L = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg']", "min(set(L), key=len)"),
    _order("T08-sorted-by-key", "L = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg']", "sorted(set(L), key=len)[0]"),
    _order("T08-smallest", "L = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg']", "min(set(L))", HIT),
    _order("T08-by-computed-name", "s = 'nam'\n" + _NAMES, "[*getattr(c, s + 'es')][0]"),
    _order(
        "T08-shown-by-dataclass",
        "@dataclasses.dataclass\nclass C:\n s: set\nc = C(set('abcdefghijk'))",
        "str(c).partition('{')[2][1:]",
    ),
    _order("T08-shown-in-list", _NAMES + "\nL = [c.names, 1]", "repr(L).partition('{')[2][1:]"),
    _order(
        "T08-shown-of-subclass",
        "class S(set): pass\nclass C: names = S('abcdefghijk')",
        "f'{vars(C)}'.partition('{')[2]",
        OK,
    ),
    _order("T08-asked-and-text-made", "S = {'a', 'b', 'c', 'd'}", "str(int('a' in S))", HIT),
    _order("T08-alias", "S = set", "[*S('abcdefghijk')][0]", OK),
    _order(
        "T08-difference-in-helper",
        "D = dict.fromkeys('abcdefghij')\ndef g(a, b): return a - b",
        "[*g(D.keys(), {})][0]",
        OK,
    ),
    case(
        "T09-seed-fixed-and-classes",
        bypass("hash_order"),
        "S = {type(n, (), {'k': i}) for i, n in enumerate('abcdefgh')}\ndef f(x):\n for c in S: k = len(S)\n return x * k",
        a=_SEEDS[0],
        b=_SEEDS[0],
    ),
    _reads(
        "T09-devices",
        bypass("hash_order"),
        "S = jax.sharding.NamedSharding(jax.make_mesh((4,), ('a',)), jax.P('a'))",
        "[d.id for d in S.device_set][0] >= 0",
    ),
)
