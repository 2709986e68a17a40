"""R10 to R14: what runs where refusals are waived still counts, and so do names that libraries ask objects for."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, bypass, case

_IMPORTS = "import decimal, enum, fractions, functools, gc, ipaddress, json, logging, numbers, statistics, typing\nimport jitserve as J\n"
_CLASSES = "class A: k = 1.0\nclass B(A): k = 2.0\nclass C(B):\n k = 3.0\n def s(self): return super(C, self)\n"
_TWICE = ("2.0", "3.0")


def _reads(id: str, expected: str, before: str, expression: str, *edits: tuple[str, str]) -> object:
    return case(id, expected, f"{_IMPORTS}{before}\ndef f(x): return x * ({expression})", *edits)


def _duck(name: str, fields: str, values: tuple[str, str], expression: str, more: str = "") -> object:
    """An object of an ordinary class, of whose attributes a library asks by name."""
    names = [field.split(":")[0] for field in fields.split(", ")]
    sets = "; ".join(f"self.{name} = {name}" for name in names)
    before = f"class D:\n def __init__(self, {', '.join(names)}): {sets}\n{more}\nd = D({values[0]})\n"
    return _reads(f"R14-{name}", MISS, before, expression, (f"D({values[0]})", f"D({values[1]})"))


_SUPER = ("super(C, self)", "super(B, self)")
_PURE = "@J.pure(version=1)\ndef apply(fn, x): return fn(x)\n"

CASES = [
    _reads("R10-super-captured", MISS, _CLASSES + "S = C().s()", "S.k", _SUPER),
    _reads("R10-super-same", HIT, _CLASSES + "S = C().s()", "S.k"),
    _reads("R10-super-of-attribute", MISS, _CLASSES + "class H: pass\nh = H()\nh.s = C().s()", "h.s.k", _SUPER),
    _reads(
        "R10-super-object",
        MISS,
        "class A:\n def k(self): return self.v\nclass B(A): pass\nb = B()\nb.v = 2.0\nS = super(B, b)",
        "S.k()",
        ("b.v = 2.0", "b.v = 3.0"),
    ),
    _reads("R10-super-unbound", MISS, _CLASSES + "C.t = super(C)\nc = C()", "c.t.k", ("super(C)\n", "super(B)\n")),
    _reads(
        "R10-super-subclass", MISS, _CLASSES + "class U(super): pass\nS = U(C, C())", "S.k", ("U(C, C())", "U(B, C())")
    ),
    _reads("R10-exception", OK, "E = StopIteration(2.0)", "E.value", _TWICE),
    _reads("R10-exception-set", OK, "E = ImportError('a', name='bb')", "len(E.name)", ("'bb'", "'ccc'")),
    # Within a pure function, and within listeners.
    _reads("R11-argument", MISS, _PURE + "def cb(x): return x * 2.0", "apply(cb, x)", _TWICE),
    _reads("R11-argument-same", HIT, _PURE + "def cb(x): return x * 2.0", "apply(cb, x)"),
    _reads("R11-global-of-argument", MISS, _PURE + "K = 2.0\ndef cb(x): return x * K", "apply(cb, x)", _TWICE),
    _reads("R11-partial", MISS, _PURE + "def cb(x): return x * 2.0", "apply(functools.partial(cb), x)", _TWICE),
    _reads(
        "R11-object",
        MISS,
        "@J.pure(version=1)\ndef apply(o, x): return o.run(x)\nclass H:\n def h(self, x): return x * 2.0\n def run(self, x): return self.h(x)\no = H()",
        "apply(o, x)",
        _TWICE,
    ),
    _reads(
        "R11-method",
        MISS,
        "class H:\n @J.pure(version=1)\n def run(self, x): return self.h(x)\n def h(self, x): return x * 2.0\no = H()",
        "o.run(x)",
        _TWICE,
    ),
    _reads(
        "R11-inner-jit",
        MISS,
        _PURE + "def cb(x): return x * 2.0\n@jax.jit\ndef g(x): return apply(cb, x)",
        "g(x)",
        _TWICE,
    ),
    _reads(
        "R11-unrun",
        HIT,
        _PURE
        + "def cb(x): return x\ndef other(x): return x * 2.0\nclass H:\n def a(self, x): return x\n def b(self, x): return x * 2.0\no = H()",
        "apply(o.a, x)",
        ("return x * 2.0\no", "return x * 3.0\no"),
    ),
    _reads(
        "R12-filter",
        MISS,
        "F = logging.Filterer()\ndef keep(r): return r > 2\nF.addFilter(keep)",
        "2 if F.filter(5) else 3",
        ("r > 2", "r > 7"),
    ),
    _reads(
        "R12-style",
        MISS,
        "class V:\n def __str__(self): return 'aa'\nclass R: pass\nr = R()\nr.v = V()\nT = logging.PercentStyle('%(v)s')",
        "len(T.format(r))",
        ("'aa'", "'bbb'"),
    ),
    _reads(
        "R12-braces",
        MISS,
        "class V:\n def __format__(self, s): return 'aa'\nclass R: pass\nr = R()\nr.v = V()\nT = logging.StrFormatStyle('{v}')",
        "len(T.format(r))",
        ("'aa'", "'bbb'"),
    ),
    _reads(
        "R12-formatter",
        bypass("time_read"),
        "class LF(logging.Formatter):\n def format(self, r): return 'aa'\nT = logging.BufferingFormatter(LF())",
        "len(T.format([1, 2]))",
        ("'aa'", "'bbb'"),
    ),
    _reads(
        "R12-level",
        OK,
        "class V(int):\n def __ge__(self, o): return self.k > 2\nv = V(3)\nv.k = 2\nL = logging.getLogger('a')",
        "2 if L.isEnabledFor(v) else 3",
        ("v.k = 2", "v.k = 5"),
    ),
    _reads(
        "R12-raised",
        MISS,
        "class V:\n def __str__(self): return 'aa'\nv = V()\nclass E(Exception): pass\nclass H(logging.Handler):\n def emit(self, r): raise E(r.getMessage())\nL = logging.getLogger('b')\nL.addHandler(H())\nL.setLevel(1)\ndef g():\n try: L.info('%s', v)\n except E as e: return len(str(e))",
        "g()",
        ("'aa'", "'bbb'"),
    ),
    _reads(
        "R12-appended",
        MISS,
        "out = []\nclass H(logging.Handler):\n def emit(self, r): r.args[0].append(2.0)\nL = logging.getLogger('c')\nL.addHandler(H())\nL.setLevel(1)\ndef g():\n l = []\n L.info('%s', l)\n return l[0]",
        "g()",
        _TWICE,
    ),
    _reads(
        "R12-collector",
        OK,
        "K = 2.0\ndef cb(phase, info): return K\ngc.callbacks.append(cb)\ndef undo(): gc.callbacks.remove(cb)",
        "cb('start', {})",
        ("K = 2.0", "K = 3.0"),
    ),
    _reads("R12-log", HIT, "L = logging.getLogger('d')\ndef g():\n L.warning('hello %s', 3)\n return 2.0", "g()"),
    # Attributes of ordinary objects that libraries ask for by name.
    _duck("grid", "start, stop, step", ("0., 2., .5", "0., 3., .75"), "np.mgrid[d][1]"),
    _duck("open-grid", "start, stop, step", ("0., 2., .5", "0., 3., .75"), "np.ogrid[d][1]"),
    _duck(
        "fraction",
        "numerator, denominator",
        ("2, 1", "3, 1"),
        "float(fractions.Fraction(d))",
        "numbers.Rational.register(D)",
    ),
    _duck(
        "fraction-equal",
        "numerator, denominator",
        ("2, 1", "3, 1"),
        "2 if fractions.Fraction(2, 1) == d else 3",
        "numbers.Rational.register(D)",
    ),
    _duck(
        "decimal-equal",
        "numerator, denominator",
        ("2, 1", "3, 1"),
        "2 if decimal.Decimal(2) == d else 3",
        "numbers.Rational.register(D)",
    ),
    _duck("date", "year, month, day", ("2000, 1, 1", "2001, 1, 1"), "int(np.datetime64(d).astype(int)) % 7"),
    _duck("duration", "days, seconds, microseconds", ("1, 0, 0", "2, 0, 0"), "int(np.timedelta64(d).astype(int)) % 7"),
    _reads(
        "R14-sparse",
        MISS,
        "class D:\n def __init__(self, r): self.row, self.col, self.data, self.shape = np.r_[r], np.r_[0], np.r_[1.0], (2, 2)\n"
        " def tocoo(self): return self\n def sum_duplicates(self): pass\nd = D(0)\nfrom jax.experimental import sparse as S",
        "2 + S.BCOO.from_scipy_sparse(d).todense()[0, 0]",
        ("D(0)", "D(1)"),
    ),
    _duck("address", "_ip, _version", ("1, 4", "2, 4"), "2 if ipaddress.IPv4Address(1) == d else 3"),
    # Optimizers that are asked and told; streams have a method of that name.
    _reads("R15-tell", HIT, "class A:\n def tell(self, x): return x * 2.0\na = A()", "a.tell(x)"),
    _reads("R15-tell-changed", MISS, "class A:\n def tell(self, x): return x * 2.0\na = A()", "a.tell(x)", _TWICE),
    _reads("R15-stream", bypass("opaque_callable"), "", "1 + (sys.stdout.tell() if sys.stdout.seekable() else 0)"),
    _reads("R15-stream-tell", bypass("unknown_object"), "out = open(__file__)", "1 + out.tell()"),
    _reads("R15-stream-given", bypass("opaque_callable"), "def g(s): return s.tell()", "1 + 0 * g(open(__file__))"),
    _reads(
        "R15-stream-captured",
        bypass("opaque_callable"),
        "out = sys.__stdout__\ndef g(): return out.tell",
        "g() is None or 2",
    ),
]
