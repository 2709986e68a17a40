"""Numpyro: memos of its transforms."""

from __future__ import annotations

from ._adapter import Adapter

TABLE = {
    "numpyro.distributions.transforms.Transform": Adapter(
        reason="_inv is a memo: a weak reference to the inverse, made when it is first asked for",
        ignored=frozenset(("_inv",)),
    ),
}
