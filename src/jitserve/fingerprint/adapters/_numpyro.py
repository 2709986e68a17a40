"""Numpyro: memos of its transforms and of its table of divergences."""

from __future__ import annotations

import weakref

from jitserve._outcome import BypassReason

from .. import _raw
from . import _expected
from ._adapter import Adapter
from ._harmless import Harmless


def _is_inverse(transform: object, value: object) -> bool:
    """Whether it is the memo of the inverse, and not what a transform is itself the inverse of."""
    if value is None:
        return True
    inverse = value() if type(value) is weakref.ReferenceType else transform
    if not _expected.is_a(inverse, "numpyro.distributions.transforms", "_InverseTransform"):
        return inverse is None
    return (_raw.instance_dict(inverse) or {}).get("_inv") is transform


TABLE = {
    "numpyro.distributions.transforms.Transform": Adapter(
        reason="_inv is a memo: a weak reference to the inverse, made when it is first asked for",
        ignored=frozenset(("_inv",)),
        expected={"_inv": _is_inverse},
    ),
    "numpyro.infer.mcmc.MCMC": Adapter(
        reason="_cache is a memo of functions that were made for arguments of a kind, by their hashes; what runs of "
        "them is reached from the function that is traced",
        ignored=frozenset(("_cache",)),
        expected={"_cache": _expected.is_of_library},
    ),
    "multipledispatch.dispatcher.Dispatcher": Adapter(
        reason="memos of which function of the table is for which types: the table is walked, and what adds to it "
        "empties them",
        ignored=frozenset(("_cache", "_ordering")),
        expected={"_cache": _expected.is_of_library, "_ordering": _expected.is_of_library},
    ),
}

HARMLESS = {
    "numpyro.util.check_model_guide_match": Harmless(
        reason="compares the sites of a model and of its guide one by one, in whichever order, and returns nothing",
        does=frozenset((BypassReason.HASH_ORDER,)),
        variable="guide_vars",
    ),
}
