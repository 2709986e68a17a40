"""W: private tables that others consult, the memory of arrays, and what is set on classes of JAX or in its modules."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Process, bypass, case

# What is registered stays registered, and whatever walks a base of that class sees it.
_APART = Process((("CASES", "with registrations of builtins"),))
_TRACER = "jax.core.Tracer.case_w"


def _differs(id: str, before: str, expression: str, only_b: str, expected: str = MISS) -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", only_b=only_b)


def _array(id: str, before: str, expression: str, *edits: tuple[str, str], expected: str = MISS) -> object:
    return case(id, expected, f"{before}\ndef f(x): return x * ({expression})", *edits)


def _set(id: str, owner: str, value: str, other: str, read: str, before: str = "") -> object:
    """Something of the user's as an attribute of a class or module of a library's."""
    program = f"{before}\nfrom jax._src.array import ArrayImpl\nfrom jax._src.core import ShapedArray\nW = jnp.ones(4)\n{owner} = {value}"
    return case(
        id, MISS, f"{program}\ndef f(x): return x * ({read})\ndef undo(): del {owner}", only_b=f"{owner} = {other}"
    )


def _bound(owner: str, name: str, value: str) -> str:
    return f"old = {owner}.{name}\n{owner}.{name} = {value}\ndef undo(): {owner}.{name} = old"


def _entry(table: str, key: str, value: str) -> str:
    return f"T = {table}\nold = T[{key}]\nT[{key}] = {value}\ndef undo(): T[{key}] = old"


_CLASSES = "import copy\nclass C: a = 2\nclass D: a = 7\nc = C()"

CASES = (
    _differs("W01-deepcopy", _CLASSES, "copy.deepcopy(c).a", "copy._deepcopy_dispatch[C] = lambda x, memo: D()"),
    _differs("W01-copy", _CLASSES, "copy.copy(c).a", "copy._copy_dispatch[C] = lambda x: D()"),
    _differs(
        "W01-deepcopy-of-list",
        "import copy\nL = [2]",
        "copy.deepcopy(L)[0]",
        _entry("copy._deepcopy_dispatch", "list", "lambda x, memo: [3]"),
    ),
    _differs(
        "W01-json",
        "import json",
        "len(json.dumps([2]))",
        _bound("json", "_default_encoder", "json.JSONEncoder(indent=2)"),
    ),
    _differs("W01-json-same", "import json", "len(json.dumps([2]))", "json.JSONEncoder(indent=2)", HIT),
    _differs(
        "W01-dialect",
        "import csv, io\ncsv.register_dialect('case_w', delimiter=',')\n"
        "def h():\n s = io.StringIO()\n csv.writer(s, 'case_w').writerow([1, 2])\n return len(s.getvalue())\n"
        "def undo(): csv.unregister_dialect('case_w')",
        "h()",
        "csv.register_dialect('case_w', delimiter=',', quoting=csv.QUOTE_ALL)",
    ),
    _differs(
        "W01-decimal-to-start-from",
        "import decimal",
        "float(decimal.Context().divide(decimal.Decimal(1), 3))",
        _bound("decimal.DefaultContext", "prec", "3"),
    ),
    case(
        "W01-decimal-flags",
        bypass("opaque_callable"),
        "import decimal\ndef f(x): return x * (2 if decimal.getcontext().flags[decimal.Inexact] else 3)",
        only_b="decimal.Decimal(1) / 3\ndef undo(): decimal.getcontext().clear_flags()",
    ),
    _differs(
        "W01-buffer", "", "np.getbufsize() % 1000 + 1", "old = np.setbufsize(16384)\ndef undo(): np.setbufsize(old)"
    ),
    # Classes registered with those of the standard library.
    *(
        case(
            f"W02-{name}",
            MISS,
            f"import collections.abc as A, numbers\ndef f(x): return x * (2 if isinstance({value}, {base}) else 3)",
            only_b=change,
            a=_APART,
            b=_APART,
        )
        for name, value, base, change in (
            ("array", "X", "A.MutableSet", "A.MutableSet.register(np.ndarray)"),
            ("number", "3", "A.MappingView", "A.MappingView.register(int)"),
        )
    ),
    case(
        "W02-known",
        HIT,
        "import collections.abc as A, numbers\n"
        "def f(x): return x * (2 if isinstance([], A.Sequence) and isinstance(np.float32(1), numbers.Real) else 3)",
        only_b="import sqlite3, array, decimal, fractions, collections",
    ),
    # How arrays lie in memory.
    *(
        _array(f"W03-{name}", f"B = np.arange(4, dtype='f4')\nW = B.copy()\n{before}", use, ("B.copy()", "B[:]"))
        for name, before, use in (
            ("base", "", "2 if W.base is None else 3"),
            ("owned", "", "2 if W.flags.owndata else 3"),
            ("flags-shown", "", "len(str(W.flags))"),
            ("shared", "", "2 if np.shares_memory(B, W) else 3"),
        )
    ),
    _array(
        "W03-of-one",
        "B = np.arange(4, dtype='f4')\nW, V = B[:2], B[2:]",
        "2 if W.base is V.base else 3",
        ("W, V = B[:2], B[2:]", "B = np.arange(5, dtype='f4')[:4]\nW, V = B[:2], np.arange(2, 4, dtype='f4')"),
    ),
    _array("W03-aligned", "W = np.zeros(20, 'u1')[:16].view('f4')", "2 if W.flags.aligned else 3", ("[:16]", "[1:17]")),
    _array(
        "W03-strides-of-one",
        "W = np.ones((1, 4), 'f4')",
        "W.strides[0]",
        ("np.ones((1, 4), 'f4')", "np.ones((8, 8), 'f4')[:1, :4]"),
    ),
    _array(
        "W03-strides-of-none",
        "W = np.ones((0, 4), 'f4')",
        "W.strides[0] + 1",
        ("np.ones((0, 4), 'f4')", "np.ones((8, 8), 'f4')[:0, :4]"),
    ),
    _array("W03-same", "B = np.arange(8, dtype='f4')\nW, V = B[:4], B[::2]", "W[1] + V[1]", expected=HIT),
    # Attributes of classes that the walk does not enter.
    _set("W04-list", _TRACER + "a", "[2]", "[3]", "x.case_wa[0]"),
    _set("W04-flag", _TRACER + "b", "True", "False", "2 if x.case_wb else 3"),
    _set("W04-none", _TRACER + "c", "None", "True", "2 if x.case_wc is None else 3"),
    _set("W04-number-of-numpy", _TRACER + "d", "np.float32(2)", "np.float32(3)", "x.case_wd"),
    _set("W04-dictionary", _TRACER + "e", "{'a': 2}", "{'a': 3}", "x.case_we['a']"),
    _set("W04-set", _TRACER + "f", "{2}", "{2, 3}", "len(x.case_wf)"),
    _set("W04-class", _TRACER + "g", "K", "setattr(K, 'k', 3) or K", "x.case_wg.k", "class K: k = 2"),
    _set("W04-object", _TRACER + "h", "K(2)", "K(3)", "x.case_wh.k", "class K:\n def __init__(s, k): s.k = k"),
    _set("W04-closure", _TRACER + "i", "m(2)", "m(3)", "x.case_wi()", "def m(k): return lambda s: k"),
    _set("W04-of-aval", "ShapedArray.case_w", "[2]", "[3]", "x.aval.case_w[0]"),
    # Flags and tables of the libraries.
    case(
        "W05-flag",
        MISS,
        "def g(m): return m.little_endian\ndef f(x): return x * (2 if g(np) else 3)",
        only_b=_bound("np", "little_endian", "False"),
    ),
    _differs(
        "W05-table",
        "import numpy.lib._type_check_impl as L",
        "len(np.typename('S1'))",
        _entry("L._namefromtype", "'S1'", "'longer than it was'"),
    ),
    _differs("W05-untouched", "", "len(np.typename('S1'))", "import numpy.ma, jax.scipy.special\njnp.ones(3) + 1", HIT),
)
