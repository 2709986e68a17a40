"""ZJ: what is registered with JAX, set on its objects and NumPy's, and given back with results."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, case


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


_FIELDS = "jax.tree_util.register_dataclass({}, ('data',), ())"

CASES = (
    # Classes of Python, NumPy and JAX that are registered as nodes of trees.
    _leaves("ZJ01-memoryview", MISS, "memoryview", "memoryview(b'ab')", _node("memoryview")),
    _leaves("ZJ01-array", MISS, "np.matrix", "np.matrix([1, 2])", _node("np.matrix")),
    _leaves("ZJ01-jax", MISS, "type(jnp.ones(1).at)", "x.at", _node("type(jnp.ones(1).at)")),
    _leaves(
        "ZJ01-static", MISS, "datetime.time", "datetime.time(1)", _static("datetime.time"), before="import datetime"
    ),
    _leaves("ZJ01-static-of-jax", MISS, "type(jax.typeof(X))", "jax.typeof(x)", _static("type(jax.typeof(X))")),
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
    _reads("ZJ02-of-jax-itself", HIT, "", "2", only_b="from jax.experimental import checkify, jet, sparse"),
)
