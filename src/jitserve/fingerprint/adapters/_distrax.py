"""Distrax: classes that become nodes of trees when their first instance is made."""

from __future__ import annotations

from ._adapter import Adapter

TABLE = {
    "distrax._src.utils.jittable.Jittable": Adapter(
        reason="a class of which there is an instance is registered, with its own tree_flatten and tree_unflatten",
        registers_itself=True,
    ),
}
