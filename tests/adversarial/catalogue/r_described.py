"""R64 to R66, R68 to R73: what describes functions and classes, and is asked by JAX, ``dataclasses`` and others for the user."""

from __future__ import annotations

import sys

from tests.adversarial.case import HIT, MISS, Case, bypass, case

_MADE = (
    "import inspect\nP, EITHER = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD\n"
    "def signature(k): return inspect.Signature([P('x', EITHER), P('k', EITHER, default=k)])\n"
    "def times(*a, **k): return a[0] * a[1]\n"
)
_SET = _MADE + "times.__signature__ = signature(2.0)\n"
_RULE = "@g.defjvp\ndef rule(p, t): return p[0] * p[1], t[0] * p[1]"
_JVP = f"g = jax.custom_jvp(times)\n{_RULE}\ndef f(x): return g(x) + 1\n"
_VJP = (
    _JVP.replace("custom_jvp", "custom_vjp")
    .replace(_RULE, "g.defvjp(lambda x, k: (x * k, k), lambda k, t: (t * k, None))")
    .replace("g(x) + 1", "jax.grad(lambda y: g(y).sum())(x)")
)
_VMAP = _JVP.replace("jax.custom_jvp", "jax.custom_batching.custom_vmap").replace(
    _RULE, "@g.def_vmap\ndef rule(n, batched, x, k): return x * k, True"
)
_TEXT = (
    "class Times:\n __name__ = 'times'\n __text_signature__ = '(x, k=2.0)'\n"
    " def __call__(self, *a): return a[0] * a[1]\ntimes = Times()\n"
)
_OTHER = ("signature(2.0)", "signature(3.0)")
_SWAPPED = _MADE.replace("('x', EITHER), P('k', EITHER, default=k)", "(k, EITHER), P('xk'.replace(k, ''), EITHER)")
_CALLED = (
    _MADE + "class Times:\n __name__ = 'times'\n def __call__(self, *a): return a[0] * a[1]\n"
    "Times.__signature__ = signature(2.0)\ntimes = Times()\n"
)
_DEFAULTS = (
    _MADE
    + "def unused(x, k=2.0): return x * k\nunused.__signature__ = signature(2.0)\n"
    + "def f(x): return x * 2 if unused else x\n"
)
_RENAMED = _SWAPPED + "times.__signature__ = signature('x')\n"
# For which Flax sets one on the class.
_NNX = (
    "from flax import nnx\nclass Net(nnx.Module):\n def __init__(self, spare=1): self.scale = 2.0\n"
    " def __call__(self, x): return x * self.scale\nnet = Net()\ndef f(x): return net(x)\n"
)

_FIELDS = (
    "from typing import ClassVar\nKIND = ClassVar\n{head}def f(x):\n {made}\n class C:\n  a: 'KIND' = 2.0\n"
    "  b: 'float' = 3.0\n return x * len(dataclasses.fields(C))\n"
)
_PLAIN = _FIELDS.format(head="", made="@dataclasses.dataclass")
_NO_LONGER = ("KIND = ClassVar", "KIND = float")
_DISPATCHED = (
    "def made():\n class T: pass\n return T\nT, U = made(), made()\ndef three(v: T): return 3.0\n"
    "def f(x):\n g = functools.singledispatch(lambda v: 2.0)\n g.register({0}three)\n return x * g(T()) * (U is not None)\n"
)

_CHECKED = (
    "from beartype import beartype\n@beartype\ndef g(x: 'Late'): return x * 2\nLate = jax.Array\n"
    "def f(x):\n try: return g(x)\n except Exception: return x * 3\n"
)
_ASKED = "def prepare(jitted): f(jnp.ones(2))\n"
_BOUND = (
    "import typing\nfrom jaxtyping import Float\nT = typing.TypeVar('T', {})\n"
    "def f(x): return x * (2 if isinstance(x, Float[T, 'a']) else 3)\n"
)

_PARAMETERS = (
    "import typing\nfrom beartype import beartype\nfrom jaxtyping import Float, PyTree, jaxtyped\n"
    "class Point(typing.NamedTuple):\n w: {}\n"
    "@jaxtyped(typechecker=beartype)\ndef g(p: PyTree[Point]): return p.w * 2\n"
    "def f(x):\n try: return g(Point(x))\n except Exception: return x * 3\n"
)
_TREE = (
    "import typing\nfrom jaxtyping import PyTree\nclass Point(typing.NamedTuple):\n w: {}\np = Point('a')\n"
    "isinstance(p, PyTree[Point])\n"  # it imports things when it is asked first
    "def f(x): return x * (2 if isinstance(p, PyTree[Point]) else 3)\n"
)

_AROUND = (
    "from jaxtyping import Float, jaxtyped\nN = 4\n@contextlib.contextmanager\ndef context():\n"
    " with jaxtyped('context'):\n  isinstance(np.zeros(N, 'f4'), Float[np.ndarray, 'n'])\n  yield\n"
    "def f(x): return x * (2 if isinstance(x, Float[jax.Array, 'n']) else 3)\n"
)
_READ = (
    "import typing, typing_extensions\nclass C:\n v: typing.Annotated[float, 2.0]\n"
    "def f(x): return x * typing_extensions.get_annotations(C)['v'].__metadata__[0]\n"
)
_WAY = (
    "import opt_einsum\nopt_einsum.paths._PATH_OPTIONS['mine'] = opt_einsum.paths.optimal\n"
    "def undo(): opt_einsum.paths._PATH_OPTIONS.pop('mine')\nA = np.arange(6, dtype='f4').reshape(2, 3)\n"
    "ARGS = (A, A.T, A, A.T)\ndef f(*a): return jnp.einsum('ij,jk,kl,lm->im', *a, optimize='mine')\n"
)


def _annotated(name: str, expected: str, first: str, second: str) -> Case:
    return case(f"R70-{name}", expected, _TREE.format(first), (first, second))


CASES = (
    # A signature that somebody has set, by which JAX fills in what a call leaves out.
    case("R64-jvp", MISS, _SET + _JVP, _OTHER),
    case("R64-vjp", MISS, _SET + _VJP, _OTHER),
    case("R64-vmap", MISS, _SET + _VMAP, _OTHER),
    case("R64-class", MISS, _CALLED + _JVP, _OTHER),
    case("R64-memo", MISS, _SET.replace("def times", "@functools.cache\ndef times") + _VJP, _OTHER),
    *((case("R64-text", MISS, _TEXT + _JVP, ("k=2.0)", "k=3.0)")),) if sys.version_info >= (3, 12) else ()),
    case(
        "R64-names",
        MISS,
        _RENAMED.replace("return a[0]", "return a[0] * a[0]") + _JVP.replace("g(x)", "g(x=x, k=3)"),
        ("signature('x')", "signature('k')"),
    ),
    case("R64-same", HIT, _SET + _JVP),
    case("R64-same-class", HIT, _CALLED + _JVP),
    # Like other defaults of a function that does not run.
    case("R64-unused", HIT, _DEFAULTS, _OTHER),
    case("R64-nnx", HIT, _NNX, ("spare=1", "spare=2")),
    # A dataclass that is made while tracing, and the text of an annotation.
    case("R65-plain", MISS, _PLAIN, _NO_LONGER),
    case("R65-other-way", MISS, _PLAIN.replace("KIND = ClassVar", "KIND = float"), ("KIND = float", "KIND = ClassVar")),
    case("R65-subscript", MISS, _PLAIN.replace("'KIND'", "'KIND[float]'"), _NO_LONGER),
    case(
        "R65-init",
        MISS,
        _PLAIN.replace("ClassVar", "InitVar").replace("typing", "dataclasses"),
        ("KIND = InitVar", "KIND = float"),
    ),
    case(
        "R65-keywords",
        MISS,
        _PLAIN.replace("ClassVar", "KW_ONLY").replace("typing", "dataclasses").replace(" = 2.0", ""),
        ("KIND = KW_ONLY", "KIND = float"),
    ),
    case(
        "R65-module",
        MISS,
        _PLAIN.replace("'KIND'", "'t.ClassVar'") + "import typing as t\n",
        ("import typing as t", "import typing_extensions as t"),
    ),
    case("R65-builtin", MISS, _PLAIN, only_b="float = ClassVar\n"),
    case("R65-flax", MISS, _FIELDS.format(head="import flax\n", made="@flax.struct.dataclass"), _NO_LONGER),
    case(
        "R65-linen",
        MISS,
        _FIELDS.format(head="import flax.linen as nn\n", made="").replace("class C", "class C(nn.Module)"),
        _NO_LONGER,
    ),
    case("R65-same", HIT, _PLAIN),
    case("R65-other-type", HIT, _PLAIN.replace("KIND = ClassVar", "KIND = float"), ("KIND = float", "KIND = int")),
    # A class that a function is registered for by its annotation, which counts by its name only.
    case("R66-annotation", bypass("dynamic_scope"), _DISPATCHED.format(""), ("v: T", "v: U")),
    case("R66-class", HIT, _DISPATCHED.format("T, ")),
    # What beartype looks up when it is asked first.
    case("R68-late", MISS, _CHECKED, ("Late = jax.Array", "Late = int")),
    case("R68-missing", MISS, _CHECKED, ("Late = jax.Array", "Earlier = jax.Array")),
    case("R68-asked", MISS, _CHECKED + _ASKED, ("Late = jax.Array", "Late = int")),
    case("R68-builtin", MISS, _CHECKED.replace("'Late'", "'float'") + _ASKED, only_b="float = jax.Array\n"),
    case("R68-same", HIT, _CHECKED),
    # Bounds and constraints of type variables, which jaxtyping goes by.
    case("R69-bound", MISS, _BOUND.format("bound=jax.Array"), ("bound=jax.Array", "bound=int")),
    case("R69-constraints", MISS, _BOUND.format("jax.Array, int"), ("jax.Array, int", "bytes, int")),
    case("R69-same", HIT, _BOUND.format("bound=jax.Array")),
    # Annotations of named tuples, by which jaxtyping tells whether something is such a tree.
    _annotated("optional", MISS, "typing.Optional[str]", "typing.Optional[int]"),
    _annotated("union", MISS, "typing.Union[str, bytes]", "typing.Union[int, bytes]"),
    _annotated("literal", MISS, "typing.Literal['a']", "typing.Literal['b']"),
    _annotated("nested", MISS, "dict[str, typing.Optional[str]] | str", "dict[str, typing.Optional[str]] | bytes"),
    _annotated("annotated", MISS, "typing.Annotated[str, 'unit']", "typing.Annotated[int, 'unit']"),
    _annotated("parameter", MISS, "typing.TypeVar('T', bound=str)", "typing.TypeVar('T', bound=int)"),
    _annotated("same", HIT, "typing.Optional[str]", "typing.Optional[str]"),
    case(
        "R70-shape",
        MISS,
        _PARAMETERS.format("typing.Optional[Float[jax.Array, '4']]"),
        ("jax.Array, '4'", "jax.Array, '5'"),
    ),
    # Sizes that jaxtyping has found for names before the call.
    case("R71-around", MISS, _AROUND, ("N = 4", "N = 5")),
    case("R71-same", HIT, _AROUND),
    # What reads annotations beside the standard library.
    case("R72-annotations", bypass("dynamic_scope"), _READ, ("2.0]", "3.0]")),
    # Ways of opt_einsum to find an order of contractions.
    case("R73-other", MISS, _WAY, ("paths.optimal", "paths.greedy")),
    case("R73-users", MISS, _WAY, ("opt_einsum.paths.optimal", "lambda *a, **k: [(2, 3), (0, 1), (0, 1)]")),
    case("R73-same", HIT, _WAY),
)
