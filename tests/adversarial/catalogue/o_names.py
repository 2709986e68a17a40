"""O08-O10: attributes that are read by names which no code has, in ways that are seldom heard."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, bypass, case

_CFG = (
    "import operator\nclass S(str): pass\nclass K(enum.StrEnum): A = 'lr'\n"
    "class M(str, enum.Enum): A = 'lr'\nclass Cfg:\n def __init__(self): self.lr = 2.0; self.act = jnp.sin; self.out = 'a'\n"
    "cfg = Cfg()\n"
)
_EDIT = ("self.lr = 2.0", "self.lr = 3.0")
_OTHER = ("jnp.sin", "jnp.cos")


def _reads(id: str, reads: str, edit: tuple[str, str] = _EDIT, before: str = "") -> Case:
    return case(f"O08-{id}", MISS, f"{_CFG}{before}\ndef f(x): return x * {reads}\n", edit)


# An inner call is traced within a trace that is not stored, and what JAX has kept of that serves one that is.
_SHARED = (
    "GENERATOR = (n for n in range(3))\nN = 'lr'\ndef body(x): return x * {}\n"
    "def wrap(jit):\n global JIT, G\n JIT, G = jit, jit(body)\n return jit(f)\n"
    "def f(x): return G(x) + 1\ndef keyless(x): return (GENERATOR, G(x) * 3)[1]\n"
)


def _shared(id: str, reads: str, before: str = "") -> Case:
    program = f"{_CFG}{before}\n{_SHARED.format(reads)}"
    return case(f"O09-{id}", MISS, program, _EDIT, only_a="def prepare(jitted): JIT(keyless)(X)\n")


_MODEL = (
    "import argparse, pydantic\nclass P(pydantic.BaseModel):\n model_config = {'from_attributes': True}\n"
    " lr: float = 0.0\n wd: float = 0.0\n"
)

CASES: tuple[Case, ...] = (
    _reads("member", "getattr(cfg, K.A)"),
    _reads("member-of-two", "getattr(cfg, M.A)"),
    _reads("of-numpy", "getattr(cfg, np.str_('lr'))"),
    _reads("loop", "sum(getattr(cfg, k) for k in K)"),
    _reads("map", "sum(map(functools.partial(getattr, cfg), K))"),
    _reads("of-object", "object.__getattribute__(cfg, K.A)"),
    _reads("getter", "operator.attrgetter(K.A)(cfg)"),
    _reads("captured-getter", "G(cfg)", before="G = operator.attrgetter(K.A)"),
    _reads("captured-caller", "C(cfg)", _OTHER, before="C = operator.methodcaller(S('act'), 1.0)"),
    _reads("caller", "mc(N, x)(cfg)", _OTHER, before="from operator import methodcaller as mc\nN = 'act'"),
    _reads("caller-in-dictionary", "D['c'](N, x)(cfg)", _OTHER, before="D = {'c': operator.methodcaller}\nN = 'act'"),
    _reads("captured-state", "R()['lr']", before="R = cfg.__getstate__"),
    case(
        "O08-closure",
        bypass("dynamic_scope"),
        f"{_CFG}def mk(k):\n def g(): return k\n return g\ng = mk(2.0)\n"
        "def f(x): return x * getattr(getattr(g, S('__closure__'))[0], S('cell_contents'))\n",
    ),
    case("O08-same", HIT, f"{_CFG}def f(x): return x * getattr(cfg, K.A) * len(S('ab').lower())\n", ("'a'\n", "'b'\n")),
    _shared("getattr", "getattr(cfg, N)"),
    _shared("getter", "operator.attrgetter(N)(cfg)"),
    _shared("equality", "(cfg == REF)", before="Cfg.__eq__ = lambda self, other: vars(self)['lr'] == 2.0\nREF = Cfg()"),
    _shared(
        "fields", "sum(dataclasses.astuple(d))", before="@dataclasses.dataclass\nclass D:\n lr: float = cfg.lr\nd = D()"
    ),
    _shared("excused", "getattr(cfg, N)", before="cfg.rows = (n for n in range(3))"),
    case("O10-model", MISS, f"{_CFG}{_MODEL}def f(x): return x * P.model_validate(cfg).lr\n", _EDIT),
    case(
        "O10-dialect",
        MISS,
        "import csv\nclass D:\n def __init__(self): self.delimiter = ','\nd = D()\n"
        "def f(x): return x * len(next(csv.reader(['2,3;4'], d)))\n",
        ("= ','", "= 'k'"),
    ),
)
