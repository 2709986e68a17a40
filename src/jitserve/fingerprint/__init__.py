"""Fingerprints: digests of everything that a trace can read, and of everything around it.

``walk`` is the key: a static walk of the live objects. ``environment`` is the rest of the process. See
``docs/cache-key.md`` for what is in a key and why.
"""

from __future__ import annotations

from ._ingredient import Ingredient as Ingredient
from ._walk import Limits as Limits
from ._walk import Walk as Walk
from ._walk import walk as walk

__all__ = ["Ingredient", "Limits", "Walk", "walk"]
