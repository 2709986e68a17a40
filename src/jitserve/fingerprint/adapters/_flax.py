"""Flax: counters that give objects names within one process, and nothing a program depends on."""

from __future__ import annotations

from ._adapter import Adapter

TABLE = {
    "flax.linen.module.Module": Adapter(
        reason="_id tells module instances of one process apart; it is drawn from a counter of the process",
        ignored=frozenset(("_id",)),
    ),
    "flax.core.frozen_dict.FrozenDict": Adapter(
        reason="_hash is a memo, filled when the dictionary is first hashed, and salted", ignored=frozenset(("_hash",))
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
