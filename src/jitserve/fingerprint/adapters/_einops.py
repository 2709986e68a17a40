"""Einops: sets of the names of axes, and backends that are made when they are first needed."""

from __future__ import annotations

import contextlib
from typing import Any

from jitserve._outcome import BypassReason

from ._harmless import Harmless

HARMLESS = {
    "einops.einops._prepare_transformation_recipe": Harmless(
        reason="numbers new axes and known lengths in the order of sets of names. The numbers are used to look lengths "
        "up, and the lengths to multiply them: shapes and permutations are in the order of the pattern",
        does=frozenset((BypassReason.HASH_ORDER,)),
        variable="input_axes_known_unknown",
    ),
}

COUNTERS = {
    ("einops._backends", "_type2backend"): "which of the loaded backends was found for a class of arrays, a memo",
}


def _load_backend(backends: Any) -> None:
    """Makes the backend for JAX's arrays: made by the first operation, it would be found by nobody who looks before.

    It is what ``einops._backends.get_backend`` makes, and it is asked for arrays of JAX's only.
    """
    with contextlib.suppress(AttributeError):
        if "jax" not in backends._loaded_backends:
            backends._loaded_backends["jax"] = backends.JaxBackend()


PREPARED = {"einops._backends": _load_backend}
