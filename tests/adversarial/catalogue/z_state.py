"""State in places of its own: shared attributes, additions to what comes with libraries, registrations, meshes."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, Process, bypass, case

# What is registered with a class of the library stays registered, and is seen by the cases that follow.
_APART = Process((("CASES", "with registrations"),))
# Called by what is set for the whole process; the second call of a process with GO = 1 is made after it has changed.
_CALLED = (
    "GO = 1\nclass H:\n def __init__(s, k): s.k = k\n def __call__(s, *a): return 'a' * s.k\nh, other = H(2), H(1)\n"
    "def f(x): return x * {value} * len(other(0))\n"
    "def prepare(j):\n {set}\n j(X[:3])\n if GO: h.k = 3\ndef undo(): {reset}"
)
_HEARD = (
    "GO = 1\nL = []\nclass H:\n def __init__(s, k): s.k = k\n def __call__(s, *a): L.append(s.k)\nh, other = H(2), H(1)\n"
    "def f(x):\n other()\n with np.errstate(all='call'): np.float32(1) / np.array(0.0)\n v = L[-1]\n L.clear()\n return x * v\n"
    "def prepare(j):\n np.seterrcall(h)\n j(X[:3])\n if GO: h.k = 3\ndef undo(): np.seterrcall(None)"
)
_WIDTH = (
    "GO = 1\ndef f(x): return x * len(str(np.get_printoptions()['linewidth']))\n"
    "def prepare(j):\n np.set_printoptions(linewidth=70)\n j(X[:3])\n if GO: np.set_printoptions(linewidth=70.0)\n"
    "def undo(): np.set_printoptions(linewidth=75)"
)
_ORDERED = "class C: pass\nc = C()\nc.__dict__ = collections.OrderedDict(k=2)\n"
_BORG = (
    "class B: pass\ndef made(d):\n b = B()\n b.__dict__ = d\n return b\nS = {'n': 1}\na = made(S)\nb = made(dict(S))\n"
    "def f(x):\n a.n = 5\n v = b.n\n a.n = 1\n return x * v"
)
_LOOKED_AT = (
    "class C: pass\nc = C()\nc.n = 1\nD = dict(vars(c))\ndef f(x):\n c.n = 5\n v = D['n']\n c.n = 1\n return x * v"
)
_DEFAULTS = (
    "def g(*, n=1): return n\nD = dict(g.__kwdefaults__)\ndef f(x):\n D['n'] = 5\n v = g()\n D['n'] = 1\n return x * v"
)
_VALUES = (
    "class E(enum.Enum):\n def __new__(cls, v, *others):\n  o = object.__new__(cls)\n  o._value_ = v\n"
    "  for other in others: cls._value2member_map_[other] = o\n  return o\n A = 1, 10\n B = 2, 20\n"
    "def f(x): return x * E(10).value"
)
_SEQUENCE = (
    "import collections.abc\nclass C:\n def __len__(self): return 2\n def __getitem__(self, i): return (4, 5)[i]\nc = C()\n"
    "def f(x):\n match c:\n  case [a, b]: return x * a\n  case _: return x * 3"
)
_CHECKED = (
    "import typing\n@typing.runtime_checkable\nclass Sized(typing.Protocol):\n def size(self): ...\n"
    "class S:\n def size(self): return 2\nS = S()\ndef f(x): return x * (2 if isinstance(S, Sized) else 3)"
)
_MODULE = "from . import late\ndef f(x): return x * late.K\n=== late.py\nK = 2\nclass M(types.ModuleType): K = property(lambda self: 9)"
_VARS = (
    "import argparse\nN = argparse.Namespace(a=2, b=3)\ndef g(x, a, b): return x * a + b\n"
    "def f(x): return g(x, **vars(N)) * len(vars(N))"
)
_OWN_NAME = "class C: __dict__ = {'k': 2}\nc = C()\nc.n = 4\ndef f(x): return x * c.n"
_COMBINED = "F = enum.Flag('F', 'A B')\nC = F.A | F.B\nC.scale = 2\n~C\ndef f(x): return x * (F.A | F.B).scale"
_FRACTION = (
    "import fractions, numbers\nclass C: numerator, denominator = 3, 1\nC = C()\ndef g():\n try: return fractions.Fraction(C)\n"
    " except TypeError: return 7\ndef f(x): return x * int(g())"
)
_ON_A_MESH = (
    "from jax.sharding import Mesh\nD = jax.devices()\ndef f(): return jnp.zeros(4)\nARGS = ()\n"
    "def context(): return jax.set_mesh(Mesh(np.array(D[:2]), ('a',)))"
)


def _added(id: str, statement: str, value: str, body: str) -> Case:
    """Something is set in one of two ways where only the files of a library are in the key."""
    target = value.partition(" = ")[0]
    other = value.replace("2", "3")
    program = f"{statement}\n{value}\n{body}\ndef undo(): del {target}"
    return case(id, MISS, program, (f"{value}\n", f"{other}\n"))


def _changed_attribute(id: str, program: str) -> Case:
    """An attribute that somebody has set on an object which has its attributes for another purpose."""
    return case(id, MISS, f"{program}obj.scale = 2\ndef f(x): return x * obj.scale", ("scale = 2", "scale = 3"))


CASES: tuple[Case, ...] = (
    # The dictionary that holds the attributes of an object.
    case("Z20-of-a-subclass", MISS, _ORDERED + "def f(x): return x * c.k", ("k=2", "k=3")),
    case("Z20-of-a-subclass-alike", HIT, _ORDERED + "def f(x): return x * c.k"),
    case(
        "Z20-class-of-it",
        MISS,
        _ORDERED + "def f(x): return x * len(type(c.__dict__).__name__)",
        ("OrderedDict(", "Counter("),
    ),
    case(
        "Z20-of-a-function",
        MISS,
        "class D(dict): pass\ndef g(): pass\ng.__dict__ = D()\ng.__dict__.z = 2\ndef f(x): return x * g.__dict__.z",
        ("z = 2", "z = 3"),
    ),
    case("Z20-shared", MISS, _BORG, ("made(dict(S))", "made(S)")),
    case("Z20-not-shared", HIT, _BORG),
    case("Z20-seen-as-a-dictionary", MISS, _LOOKED_AT, ("dict(vars(c))", "vars(c)")),
    case("Z20-keyword-defaults", MISS, _DEFAULTS, ("dict(g.__kwdefaults__)", "g.__kwdefaults__")),
    # What somebody has put where a library vouches for the rest.
    _added("Z21-class", "import logging", "logging.Logger.case = 2", "def f(x): return x * logging.Logger.case"),
    _added(
        "Z21-base-class",
        "import argparse",
        "argparse.Namespace.case = 2",
        "N = argparse.Namespace()\ndef f(x): return x * N.case",
    ),
    _added(
        "Z21-array",
        "import argparse",
        "argparse.Namespace.case = np.full(3, 2)",
        "def f(x): return x * argparse.Namespace.case[0]",
    ),
    _added(
        "Z21-method",
        "import argparse",
        "argparse.Namespace.__len__ = lambda self: 2",
        "N = argparse.Namespace()\ndef f(x): return x * len(N)",
    ),
    _added("Z21-function", "import os.path", "os.path.join.case = 2", "def f(x): return x * os.path.join.case"),
    _added(
        "Z21-in-a-module-that-is-handed-on",
        "",
        "np.case = np.full(3, 2)",
        "def g(m): return m.case[0]\ndef f(x): return x * g(np)",
    ),
    _added(
        "Z21-in-a-captured-module",
        "",
        "jnp.case = np.full(3, 2)",
        "def make(m): return lambda x: x * m.case[0]\nf = make(jnp)",
    ),
    case("Z21-nothing", HIT, "import argparse, logging\nN = argparse.Namespace(a=2)\ndef f(x): return x * N.a"),
    # Enumerations, abstract base classes, protocols.
    case("Z22-further-values", MISS, _VALUES, ("A = 1, 10", "A = 1, 20"), ("B = 2, 20", "B = 2, 10")),
    case("Z22-further-values-alike", HIT, _VALUES),
    case(
        "Z22-flags", HIT, "F = enum.Flag('F', 'A B')\nC = F.A | F.B\ndef f(x): return x * C.value", only_b="F.A | F.B"
    ),
    case("Z23-match", MISS, _SEQUENCE, only_b="collections.abc.Sequence.register(C)", a=_APART, b=_APART),
    case(
        "Z23-registered-with-a-derived-class",
        MISS,
        "import abc\nclass A(abc.ABC): pass\nclass B(A): pass\nclass C: pass\n"
        "def f(x): return x * (2 if isinstance(C(), A) else 3)",
        only_b="B.register(C)",
    ),
    case(
        "Z23-registered-with-one-of-the-library",
        MISS,
        "import numbers\nclass C: pass\ndef f(x): return x * (2 if isinstance(C(), numbers.Complex) else 3)",
        only_b="numbers.Real.register(C)",
        a=_APART,
        b=_APART,
    ),
    case(
        "Z23-direct-bases",
        MISS,
        "class A: pass\nclass B(A): pass\nclass C(B): pass\ndef f(x): return x * len(C.__bases__)",
        ("class C(B)", "class C(B, A)"),
    ),
    case("Z23-protocol", HIT, _CHECKED),
    case("Z23-protocol-asked-before", HIT, _CHECKED, only_b="isinstance(S, Sized)"),
    # Modules with a class of their own, and by ways around their names.
    case(
        "Z24-class-of-a-module",
        bypass("dynamic_module_attr"),
        _MODULE,
        only_a="late.__class__ = late.M",
        only_b="late.__class__ = late.M",
    ),
    case("Z24-class-of-a-module-in-one", MISS, _MODULE, only_b="late.__class__ = late.M"),
    case(
        "Z24-getattribute",
        bypass("dynamic_module_attr"),
        "from . import late\ndef f(x): return x * late.__getattribute__('K')\n=== late.py\nK = 2",
    ),
    # Sets of which one element has an address for its hash.
    case(
        "Z25-nan",
        bypass("hash_order"),
        "S = {float('nan'), 1.0, 5.0, 9.0}\ndef f(x): return x * len([v for v in S])",
    ),
    # Attributes in places that Python hides.
    case("Z29-class-with-a-dict-of-its-own", HIT, _OWN_NAME),
    case("Z29-class-with-a-dict-of-its-own-attribute", MISS, _OWN_NAME, ("c.n = 4", "c.n = 5")),
    case(
        "Z29-class-with-a-dict-of-its-own-content",
        MISS,
        _OWN_NAME.replace("x * c.n", "x * c.__dict__['k']"),
        ("2}", "3}"),
    ),
    case("Z29-combined-flags", HIT, _COMBINED),
    case("Z29-combined-flags-other", MISS, _COMBINED, ("scale = 2", "scale = 3")),
    case("Z29-asked-by-the-library", HIT, _FRACTION, a=_APART, b=_APART),
    case(
        "Z29-asked-by-the-library-in-one",
        MISS,
        _FRACTION,
        only_b="numbers.Rational.register(type(C))",
        a=_APART,
        b=_APART,
    ),
    case(
        "Z29-registered-the-other-way-round",
        MISS,
        "import abc, fractions, numbers\nclass A(abc.ABC): numerator, denominator = 3, 1\nC = A()\ndef g():\n"
        " try: return fractions.Fraction(C)\n except TypeError: return 7\ndef f(x): return x * int(g())",
        only_a="A.register(numbers.Rational)",
        only_b="numbers.Rational.register(A)",
        a=_APART,
        b=_APART,
    ),
    _changed_attribute("Z29-static-method", "class C: m = staticmethod(lambda: 1)\nobj = vars(C)['m']\n"),
    _changed_attribute("Z29-class-method", "class C: m = classmethod(lambda cls: 1)\nobj = vars(C)['m']\n"),
    _changed_attribute("Z29-type-variable", "import typing\nobj = typing.TypeVar('T')\n"),
    # A mesh by its devices: programs are traced for its shape, and compiled for these.
    case("Z26-mesh", HIT, _ON_A_MESH),
    case("Z26-other-devices", MISS, _ON_A_MESH, ("D[:2]", "D[2:]")),
    case("Z26-other-order", MISS, _ON_A_MESH, ("D[:2]", "D[1::-1]")),
    case(
        "Z26-devices-read",
        bypass("unknown_context_value"),
        "from jax._src import mesh as M\n"
        + _ON_A_MESH.replace("jnp.zeros(4)", "jnp.ones(4) * M.get_concrete_mesh().devices.flat[0].id"),
    ),
    case(
        "Z26-abstract",
        MISS,
        _ON_A_MESH,
        (
            "jax.set_mesh(Mesh(np.array(D[:2]), ('a',)))",
            "jax.sharding.use_abstract_mesh(Mesh(np.array(D[:2]), ('a',)).abstract_mesh)",
        ),
    ),
    # `vars` of an object is its dictionary; without one, it is the frame.
    case("Z28-vars", HIT, _VARS),
    case("Z28-vars-other", MISS, _VARS, ("b=3", "b=4")),
    case("Z28-vars-of-the-frame", bypass("dynamic_scope"), "def f(x):\n b = 3\n return x * vars()['b']"),
    case("Z28-vars-handed-on", bypass("dynamic_scope"), "def g(v): return v()\ndef f(x):\n g(vars)\n return x * 2"),
    case(
        "Z28-vars-of-a-module",
        bypass("dynamic_module_attr"),
        "from . import late\ndef f(x): return x * vars(late)['K']\n=== late.py\nK = 2",
    ),
    # What only tells where something is kept.
    case("Z27-partial-of-a-tree", HIT, "P = jax.tree_util.Partial(lambda k, x: x * k, 2.0)\ndef f(x): return P(x)"),
    case(
        "Z27-partial-of-a-tree-other",
        MISS,
        "P = jax.tree_util.Partial(lambda k, x: x * k, 2.0)\ndef f(x): return P(x)",
        ("2.0", "3.0"),
    ),
    case(
        "Z27-subclass-of-partial",
        HIT,
        "class Q(functools.partial): pass\nP = Q(lambda k, x: x * k, 2.0)\ndef f(x): return P(x)",
    ),
    # Objects in the state of the process that are still the same ones, and have changed.
    case(
        "Z30-formatter",
        MISS,
        _CALLED.format(
            value="len(np.array2string(np.ones(1)))",
            set="np.set_printoptions(formatter={'float_kind': h})",
            reset="np.set_printoptions(formatter=None)",
        ),
        ("GO = 1", "GO = 0"),
    ),
    case(
        "Z30-json",
        MISS,
        "import json\nclass Q: pass\n"
        + _CALLED.format(
            value="len(json.dumps(Q()))",
            set="json._default_encoder.default = h",
            reset="vars(json._default_encoder).pop('default')",
        ),
        ("GO = 1", "GO = 0"),
    ),
    case(
        "Z30-copy",
        MISS,
        "import copy\n"
        + _CALLED.format(
            value="len(copy.deepcopy(range(3)))",
            set="copy._deepcopy_dispatch[range] = h",
            reset="copy._deepcopy_dispatch.pop(range)",
        ),
        ("GO = 1", "GO = 0"),
    ),
    case("Z30-errors", MISS, _HEARD, ("GO = 1", "GO = 0")),
    case("Z30-float", MISS, _WIDTH, ("GO = 1", "GO = 0")),
    case(
        "Z30-counted",
        bypass("trace_side_effect"),
        "class H:\n k = 0\n def __call__(s, *a):\n  s.k += 1\n  return 'a'\nh, other = H(), H()\n"
        "def f(x): return x * len(np.array2string(np.ones(1))) * len(other.__class__()(0))\n"
        "def prepare(j): np.set_printoptions(formatter={'float_kind': h})\n"
        "def undo(): np.set_printoptions(formatter=None)",
    ),
    case(
        "Z30-asked",
        HIT,
        "L = []\nclass H:\n def __call__(s, *a): pass\n __hash__ = None\n"
        " def __eq__(s, o):\n  L.append(1)\n  return True\n"
        "def f(x): return x * 3\ndef prepare(j):\n np.seterrcall(H())\n j(X[:3])\n np.seterrcall(H())\n"
        "def observe(): return len(L)\ndef undo(): np.seterrcall(None)",
    ),
)
