"""Things in the user's functions that would make a trace irreproducible, if it ran them.

A class whose ``train`` method reads the clock may well have a ``step`` that does not. Where a recorder watches the
trace, the walk only notes such hazards, each with the code that has it, and the recorder's verdict is about those
whose code ran. Where nobody watches, the first hazard is a refusal.
"""

from __future__ import annotations

import types
from dataclasses import dataclass

from jitserve._outcome import Refusal

from ._place import place_in
from ._tracked import Tracked


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing that a piece of code must not do while it is traced.

    Attributes:
        refusal: reason, place and advice.
        code: the code that may do it.
    """

    refusal: Refusal
    code: types.CodeType

    def place(self) -> str:
        """``file:line`` of it."""
        return place_in(self.code, self.refusal.path)


class Hazards:
    """The hazards that one walk has met.

    Args:
        deferred: keep them for the verdict of a recorder, instead of refusing at once.
    """

    __slots__ = ("_deferred", "found")

    def __init__(self, *, deferred: bool) -> None:
        self._deferred = deferred
        self.found: list[Hazard] = []

    @property
    def deferred(self) -> bool:
        """Whether hazards are kept for a recorder."""
        return self._deferred

    def meet(self, refusal: Refusal, code: types.CodeType) -> None:
        """Notes a hazard of ``code``, or raises it.

        Raises:
            Refusal: nobody will watch the trace.
        """
        if not self._deferred:
            raise refusal
        if type(refusal) is not Tracked:
            self.found.append(Hazard(refusal, code))
