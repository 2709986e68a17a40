"""Replacing ``jax.jit`` for the code that looks it up from now on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax._src import api

# Where code finds it: users in `jax`, JAX's own libraries in `jax._src.api`.
_PLACES = (jax, api)


class Replacement:
    """``jax.jit`` replaced by ``new``, until ``undo``."""

    def __init__(self, new: Callable[..., Any]) -> None:
        self._new = new
        self._found = [place.jit for place in _PLACES]
        for place in _PLACES:
            place.jit = new

    def undo(self) -> None:
        """Puts back what was found, except where somebody else has replaced ours in the meantime."""
        for place, found in zip(_PLACES, self._found, strict=True):
            if place.jit is self._new:
                place.jit = found
