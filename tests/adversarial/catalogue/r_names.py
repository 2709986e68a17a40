"""R57 to R59: what stands under the short names of JAX and NumPy, under those of classes, and in what tracers answer with."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, case

# Where all is as it was before, in processes that make several cases one after the other.
_PATCHES = (
    "import jax._src.core as core, jax._src.dtypes as dtypes, jax._src.lax.lax as L\nundone = []\n"
    "def put(owner, name, value):\n"
    " undone.append((owner, name, vars(owner).get(name)))\n setattr(owner, name, value)\n"
    "def undo():\n"
    " for owner, name, value in reversed(undone):\n"
    "  setattr(owner, name, value) if value is not None else delattr(owner, name)\n"
    " jax.clear_caches()\n"
)
_COUNTS = _PATCHES + "def f(x): return jnp.count_nonzero(x - 1)\n"
_BINS = _PATCHES + "ARGS = (np.arange(4),)\ndef f(x): return jnp.bincount(x, length=4)\n"


def _answers(name: str, program: str, patch: str) -> object:
    text = f"{_PATCHES}ARGS = (np.ones((2, 3), 'c8'),)\ndef f(x): return {program}\n"
    return case(f"R59-{name}", MISS, text, only_b=f"put(core.ShapedArray, {patch})\n")


CASES = (
    # Functions of one or two letters.
    case("R57-ne", MISS, _COUNTS, only_b="put(L, 'ne', L.eq)\n"),
    case("R57-ne-both", MISS, _COUNTS, only_a="put(L, 'ne', L.eq)\n", only_b="put(L, 'ne', L.lt)\n"),
    case("R57-lt", MISS, _PATCHES + "def f(x): return jnp.less(x, 2.0)\n", only_b="put(jax.lax, 'lt', jax.lax.gt)\n"),
    case("R57-same", HIT, _COUNTS),
    case("R57-same-patch", HIT, _COUNTS + "put(L, 'ne', L.eq)\n"),
    # Classes under other names than their own.
    case("R58-int", MISS, _BINS, only_b="put(dtypes, 'int_', np.int16)\n"),
    case(
        "R58-int-both", MISS, _BINS, only_a="put(dtypes, 'int_', np.int16)\n", only_b="put(dtypes, 'int_', np.int8)\n"
    ),
    case("R58-same", HIT, _BINS),
    # What arrays that are traced answer with for their attributes are tuples of a class of JAX's.
    _answers("transposed", "x.T", "'T', core.aval_property(lambda x: jnp.swapaxes(x, -1, -2) * 2)"),
    _answers("real", "x.real", "'real', core.ShapedArray.imag"),
    _answers("sum", "x.sum()", "'sum', core.ShapedArray.prod"),
    _answers("at", "x.at[0].get() if hasattr(x.at, '__getitem__') else x", "'at', core.ShapedArray.T"),
    _answers("nbytes", "x * x.nbytes", "'nbytes', core.ShapedArray.itemsize"),
    case("R59-same", HIT, _PATCHES + "def f(x): return x.real.sum() + x.T[0] + x.at[0].get() + x.nbytes\n"),
)
