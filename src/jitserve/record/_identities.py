"""Which values of one record are the same object: what can be changed, or is equal to itself alone, has an identity.

Such values are numbered as they are met, in the order of the record, after the objects of the walk. Where one is met
again, the record refers to its number. So lists that are shared stay shared, and cycles end.
"""

from __future__ import annotations

from typing import Any

# A message that is nested more deeply is written, but never read: protobuf stops at 100 levels.
_DEEPEST = 30


class Identities:
    """The numbered values of one record, while it is written or read."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[int, int] = {}  # by id; `values` keeps them alive
        self._depth = 0

    def add(self, value: object) -> None:
        """Gives a value the next number."""
        self._numbers[id(value)] = len(self.values)
        self.values.append(value)

    def number_of(self, value: object) -> int | None:
        """The number of this very object; None: it has none yet."""
        return self._numbers.get(id(value))

    def enter(self) -> bool:
        """Goes one level deeper. False: that is too deep."""
        self._depth += 1
        return self._depth <= _DEEPEST

    def leave(self) -> None:
        """Back from there."""
        self._depth -= 1


def is_nan(value: object) -> bool:
    """Whether a number is equal to nothing, not even to its like."""
    return type(value) in (float, complex) and value != value
