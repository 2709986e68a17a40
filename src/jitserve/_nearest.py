"""Finds the stored entry of a function that has most in common with a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve._difference import count_equal
from jitserve._errors import RecordError, StoreFault
from jitserve._footprint import Footprint
from jitserve._ingredient import Ingredient
from jitserve.record._ingredients import decode_ingredients
from jitserve.record._manifest import read_manifest
from jitserve.store._listing import newest
from jitserve.store._tier import Digest, Kind

if TYPE_CHECKING:
    from jitserve.store._tier import Store
    from jitserve.v1 import record_pb2 as pb

_OPENED = 5_000  # manifests that are read, newest first
_COMPARED = 100  # entries of the function that are compared, newest first


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored entry of the same function.

    Attributes:
        key: its call key.
        ingredients: what its key was made of.
        left_out: how many ingredients did not fit into its record.
        footprint: what the walk of its key was pruned to.
        equal: how many ingredients it has in common with the call.
    """

    key: bytes
    ingredients: list[Ingredient]
    left_out: int
    footprint: Footprint
    equal: int


def nearest(
    store: Store,
    function: str,
    ingredients: Callable[[Footprint], list[Ingredient]],
    trouble: list[str],
    is_meant: Callable[[pb.Variant], bool] = lambda _: True,
) -> Neighbour | None:
    """The entry with the most equal ingredients, of equals the newest; None where nothing of the function is stored.

    Args:
        store: where to look. One that cannot be listed has no entries.
        function: module and qualified name.
        ingredients: of the call, by the footprint of the entry that it is compared with.
        trouble: gets a line for each thing that cannot be read.
        is_meant: whether an entry is to be compared at all.
    """
    best: Neighbour | None = None
    for key, variant in _entries(store, function, trouble):
        try:
            if not is_meant(variant):
                continue
            data = bytes(store.fetch(Digest(variant.ingredients.sha256, variant.ingredients.size)))
            stored = decode_ingredients(data)
        except (StoreFault, RecordError) as error:
            trouble.append(str(error))
            continue
        equal = count_equal(ingredients(stored.footprint), stored.ingredients)
        if best is None or equal > best.equal:
            best = Neighbour(key, stored.ingredients, stored.left_out, stored.footprint, equal)
    return best


def _entries(store: Store, function: str, trouble: list[str]) -> Iterator[tuple[bytes, pb.Variant]]:
    """The newest entries of a function that say what their keys were made of."""
    directory = store.directory
    if directory is None:
        trouble.append("the store lies on another host and cannot be listed from here")
        return
    left = _COMPARED
    try:
        for key in newest(directory, Kind.MANIFEST, _OPENED):
            for variant in _variants(store, key, trouble):
                if variant.function == function and variant.HasField("ingredients"):
                    yield key, variant
                    left -= 1
            if left <= 0:
                return
    except StoreFault as fault:
        trouble.append(str(fault))


def _variants(store: Store, key: bytes, trouble: list[str]) -> list[pb.Variant]:
    try:
        payload = store.lookup(Kind.MANIFEST, key)
        return [] if payload is None else list(read_manifest(payload).variants)
    except (StoreFault, RecordError) as error:
        trouble.append(str(error))
        return []
