"""OmegaConf: what a configuration remembers of what was read from it."""

from __future__ import annotations

from ._adapter import Adapter


def _are_flags(node: object, value: object) -> bool:
    return value is None or (type(value) is dict and all(flag is None or type(flag) is bool for flag in value.values()))


TABLE = {
    "omegaconf.base.Node": Adapter(
        reason="flags that were asked for (`readonly`, `struct`), a memo: they follow from those of the node and of "
        "the nodes above it, and any change empties it",
        ignored=frozenset(("_flags_cache",)),
        expected={"_flags_cache": _are_flags},
    ),
}
