"""Flax: counters that give objects names within one process, and nothing a program depends on."""

from __future__ import annotations

from jitserve._outcome import BypassReason

from . import _expected
from ._adapter import Adapter
from ._harmless import Harmless


def _is_id(module: object, value: object) -> bool:
    return value is None or _expected.is_a(value, "flax.ids", "FlaxId")


TABLE = {
    "flax.linen.module.Module": Adapter(
        reason="_id tells module instances of one process apart; it is drawn from a counter of the process",
        ignored=frozenset(("_id",)),
        expected={"_id": _is_id},
    ),
    "flax.core.frozen_dict.FrozenDict": Adapter(
        reason="_hash is a memo, filled when the dictionary is first hashed, and salted",
        ignored=frozenset(("_hash",)),
        expected={"_hash": _expected.is_hash},
    ),
    "flax.nnx.graphlib.UpdateContext": Adapter(
        reason="which objects of the caller the arguments of nnx.jit were made from, to be updated after the call. A "
        "trace makes its own from the arguments, and asks only whether those are there",
        presence_only=frozenset(("outer_ref_outer_index", "outer_index_outer_ref")),
    ),
    "flax.ids.UUIDManager": Adapter(reason="the counter behind _id", inert=True),
    "flax.ids.FlaxId": Adapter(reason="a number drawn from the counter", inert=True),
}

# Dictionaries keyed by class that grow with what else has been imported, by (module, name).
REGISTRIES = {
    ("flax.serialization", "_STATE_DICT_REGISTRY"): "how classes are saved and loaded",
    ("flax.nnx.graphlib", "GRAPH_REGISTRY"): "how classes are taken apart",
    ("flax.nnx.graphlib", "JAX_PYTREE_REGISTRY"): "how classes are taken apart",
    ("flax.nnx.graph", "GRAPH_REGISTRY"): "how classes are taken apart",
    ("flax.nnx.graph", "JAX_PYTREE_REGISTRY"): "how classes are taken apart",
    ("flax.nnx.pytreelib", "GRAPH_REGISTRY"): "how classes are taken apart",
}

_ORDER = frozenset((BypassReason.HASH_ORDER,))
HARMLESS = {
    "flax.linen.module._get_local_method_names": Harmless(
        reason="names of methods, each of which is wrapped by itself, and stays where it is in the class",
        does=_ORDER,
        variable="true_methods",
    ),
    "flax.linen.module.Module._find_compact_name_scope_methods": Harmless(
        reason="which methods a class made by a lifted transformation has; they are told by their names and by an "
        "attribute, and nothing looks into them",
        does=frozenset((BypassReason.DYNAMIC_SCOPE,)),
        variable="compact_name_scope_fns",
    ),
    "flax.nnx.extract.check_prefix": Harmless(
        reason="in which order the variables with the same axes or shardings leave a transformed function, as further "
        "results of it, to be taken apart by the same trace",
        does=_ORDER,
        variable="unique_prefixes",
    ),
    "flax.nnx.variablelib.Variable.get_metadata": Harmless(
        reason="what is left out of a copy of a dictionary, which keeps its order", does=_ORDER, variable="metadata"
    ),
}
