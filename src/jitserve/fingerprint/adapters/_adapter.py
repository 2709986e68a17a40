"""One entry of the table of adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Adapter:
    """What the walk knows about one class.

    Attributes:
        reason: why this is sound.
        ignored: attributes of instances that are left out.
        expected: of ignored attributes, whether an object's value is what the library puts there. Any other counts.
        presence_only: attributes of which it only counts whether they are None.
        inert: instances are encoded by the name of their class alone.
        class_by_name: of an inert instance, the class is not walked either; for classes of extensions.
        in_libraries_only: the entry does not hold for an object that the user's own code names.
        shown: of an inert instance, what code of the user may ask it for all the same.
        shown_in_libraries: the same where libraries only lead to it.
        registers_itself: to make the first instance registers the class as a node of trees, with methods of its own.
    """

    reason: str
    ignored: frozenset[str] = frozenset()
    expected: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    presence_only: frozenset[str] = frozenset()
    inert: bool = False
    class_by_name: bool = False
    in_libraries_only: bool = False
    registers_itself: bool = False
    shown: Callable[[object], tuple[object, ...]] | None = None
    shown_in_libraries: Callable[[object], tuple[object, ...]] | None = None

    def leaves_out(self, obj: object, name: Any, value: object) -> bool:
        """Whether the value of an attribute is left out."""
        if name not in self.ignored:
            return False
        is_expected = self.expected.get(name)
        return is_expected is None or is_expected(obj, value)
