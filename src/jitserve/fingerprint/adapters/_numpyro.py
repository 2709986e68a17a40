"""Numpyro: memos of its transforms."""

from __future__ import annotations

from jitserve._outcome import BypassReason

from ._adapter import Adapter
from ._harmless import Harmless

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

HARMLESS = {
    "numpyro.util.check_model_guide_match": Harmless(
        reason="compares the sites of a model and of its guide one by one, in whichever order, and returns nothing",
        does=frozenset((BypassReason.HASH_ORDER,)),
        variable="guide_vars",
    ),
}
