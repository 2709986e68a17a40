"""The tables in which JAX keeps what it does with a primitive: differentiate, batch, lower, and so on."""

from __future__ import annotations

import sys
from typing import Any

_TABLES = (
    ("jax.experimental.jet", "jet_rules"),
    ("jax.experimental.sparse.transform", "sparse_rules_bcoo"),
    ("jax.experimental.sparse.transform", "sparse_rules_bcsr"),
    ("jax._src.checkify", "error_checks"),
    ("jax._src.core", "custom_typechecks"),
    ("jax._src.interpreters.ad", "fancy_transposes"),
    ("jax._src.interpreters.ad", "primitive_jvps"),
    ("jax._src.interpreters.ad", "primitive_linearizations"),
    ("jax._src.interpreters.ad", "primitive_transposes"),
    ("jax._src.interpreters.batching", "axis_primitive_batchers"),
    ("jax._src.interpreters.batching", "fancy_primitive_batchers"),
    ("jax._src.interpreters.batching", "primitive_batchers"),
    ("jax._src.interpreters.mlir", "_lowerings"),
    ("jax._src.interpreters.partial_eval", "const_fold_rules"),
    ("jax._src.interpreters.partial_eval", "custom_partial_eval_rules"),
    ("jax._src.interpreters.partial_eval", "custom_staging_rules"),
    ("jax._src.interpreters.partial_eval", "dce_rules"),
    ("jax._src.interpreters.partial_eval", "forwarding_rules"),
    ("jax._src.interpreters.partial_eval", "padding_rules"),
    ("jax._src.interpreters.partial_eval", "partial_eval_jaxpr_custom_rules"),
    ("jax._src.interpreters.remat", "rules"),
    ("jax._src.state.discharge", "_discharge_rules"),
    ("jax._src.state.discharge", "_partial_discharge_rules"),
)
_PLATFORM_TABLES = (("jax._src.interpreters.mlir", "_platform_specific_lowerings"),)


def rules_of(primitive: Any) -> list[tuple[str, object, bool | None]]:
    """What the tables hold for a primitive: name of the table, rule, and whether it is inlined, in a fixed order.

    A table that this JAX does not have, or does not keep as a dictionary, is passed over: a rule that runs from there
    is code that the recorder has not seen walked.
    """
    found = [(name, table[primitive]) for name, table in _tables(_TABLES) if primitive in table]
    for name, table in _tables(_PLATFORM_TABLES):
        platforms = [platform for platform in sorted(table) if primitive in table[platform]]
        found += [(f"{name}.{platform}", table[platform][primitive]) for platform in platforms]
    # A rule for lowering is wrapped up with an option.
    return [(name, getattr(entry, "rule", entry), getattr(entry, "inline", None)) for name, entry in found]


def rule_tables() -> list[tuple[str, dict[Any, Any]]]:
    """All tables of rules that this JAX has: name, and primitive -> rule."""
    tables = _tables(_TABLES)
    for name, platforms in _tables(_PLATFORM_TABLES):
        tables += [(f"{name}.{platform}", table) for platform, table in sorted(platforms.items())]
    return tables


def outer_tables() -> list[tuple[str, dict[Any, Any]]]:
    """The tables that hold tables of rules, by platform."""
    return _tables(_PLATFORM_TABLES)


def _tables(places: tuple[tuple[str, str], ...]) -> list[tuple[str, dict[Any, Any]]]:
    tables = []
    for module, name in places:
        table = getattr(sys.modules.get(module), name, None)
        if isinstance(table, dict):
            tables.append((name, table))
    return tables
