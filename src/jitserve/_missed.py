"""How a call differs from what is stored of its function."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from jitserve._difference import comparable, differences, is_edit
from jitserve._explanation import Explanation
from jitserve._footprint import Footprint
from jitserve._ingredients import ingredients_of
from jitserve._key import CallKey
from jitserve._nearest import Neighbour, nearest
from jitserve._outcome import Outcome
from jitserve._outdated import changed_dependencies

if TYPE_CHECKING:
    from jitserve._ingredient import Ingredient
    from jitserve.store._tier import Store


def edited(store: Store, name: str, key: CallKey, trouble: list[str]) -> Explanation | None:
    """How the code has changed since this very call was stored with what it reads from outside as it is now, if it was.

    An entry for something else outside may be under the call's own keys, since its trace ran no code that has changed.
    """
    ingredients = _ingredients(key)
    neighbour = nearest(
        store, name, ingredients, trouble, lambda variant: not any(changed_dependencies(store, variant))
    )
    if neighbour is None:
        return None
    here = ingredients(neighbour.footprint)
    return _beside(neighbour, here) if is_edit(here, neighbour.ingredients) else None


def missed(store: Store, name: str, key: CallKey, trouble: list[str]) -> Explanation:
    """How a call differs from the entry of its function that has most in common with it."""
    ingredients = _ingredients(key)
    neighbour = nearest(store, name, ingredients, trouble)
    if neighbour is None:
        return Explanation("", Outcome.MISS, f"nothing of {name} is stored")
    return _beside(neighbour, ingredients(neighbour.footprint))


def _ingredients(key: CallKey) -> Callable[[Footprint], list[Ingredient]]:
    @functools.cache
    def ingredients(footprint: Footprint) -> list[Ingredient]:
        return ingredients_of(key.parts.call, dataclasses.replace(key, footprint=footprint))

    return ingredients


def _beside(neighbour: Neighbour, here: list[Ingredient]) -> Explanation:
    if neighbour.left_out:
        here = comparable(here, neighbour.ingredients)
    found = tuple(differences(here, neighbour.ingredients)) or (_invisible(neighbour),)
    total = len(neighbour.ingredients)
    summary = f"nearest is entry {neighbour.key.hex()[:12]}, equal in {neighbour.equal} of {total} ingredients"
    return Explanation("", Outcome.MISS, summary, nearest=neighbour.key.hex(), differences=found)


def _invisible(neighbour: Neighbour) -> str:
    if neighbour.left_out:
        return f"the difference is among {neighbour.left_out} ingredients that did not fit into the record"
    return "the ingredients are equal: it is just being stored, its program is gone, or the order of things differs"
