"""Numpyro: memos of its transforms."""

from __future__ import annotations

from ._adapter import Adapter

TABLE = {
    "numpyro.distributions.transforms.Transform": Adapter(
        reason="_inv is a memo: a weak reference to the inverse, made when it is first asked for",
        ignored=frozenset(("_inv",)),
    ),
    "numpyro.infer.mcmc.MCMC": Adapter(
        reason="_cache is a memo of functions that were made for arguments of a kind, by their hashes; what runs of "
        "them is reached from the function that is traced",
        ignored=frozenset(("_cache",)),
    ),
}
