"""What a function of a library does while it is traced, and why it has no effect on a program."""

from __future__ import annotations

from dataclasses import dataclass

from jitserve._outcome import BypassReason


@dataclass(frozen=True, slots=True)
class Harmless:
    """One entry of the table of functions.

    Attributes:
        reason: why this is sound.
        does: what the recorder would refuse otherwise.
        variable: a local variable of the function that the reason is about. A version of the library that has none
            of that name may do something else.
    """

    reason: str
    does: frozenset[BypassReason]
    variable: str
