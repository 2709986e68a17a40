"""One entry of the table of adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Adapter:
    """What the walk knows about one class.

    Attributes:
        reason: why this is sound.
        ignored: attributes of instances that are left out.
        presence_only: attributes of which it only counts whether they are None.
        inert: instances are encoded by the name of their class alone.
        class_by_name: of an inert instance, the class is not walked either; for classes of extensions.
        in_libraries_only: the entry does not hold for an object that the user's own code names.
        shown: of an inert instance, what code of the user may ask it for all the same.
        registers_itself: to make the first instance registers the class as a node of trees, with methods of its own.
    """

    reason: str
    ignored: frozenset[str] = frozenset()
    presence_only: frozenset[str] = frozenset()
    inert: bool = False
    class_by_name: bool = False
    in_libraries_only: bool = False
    registers_itself: bool = False
    shown: Callable[[object], tuple[object, ...]] | None = None
