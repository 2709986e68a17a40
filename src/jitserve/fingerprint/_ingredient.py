"""One named part of a key: defined where the command line can read it without JAX."""

from __future__ import annotations

from jitserve._ingredient import Ingredient as Ingredient

__all__ = ["Ingredient"]
