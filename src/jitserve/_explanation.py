"""What ``jitserve.explain`` answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from jitserve._outcome import BypassReason, Outcome

_SHOWN = 12  # differences that are printed; the rest is counted


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of a call, and why. ``str()`` writes it for people, ``as_dict()`` for programs.

    Attributes:
        function: module and qualified name.
        outcome: ``DIRECT_HIT``, ``PROGRAM_HIT``, ``MISS``, ``BYPASS`` or ``FAULT``. After a miss or a bypass the
            executable may still be found once the program is lowered, which ``explain`` does not do.
        summary: one sentence about it.
        key: the call key in hexadecimal; empty where there is none.
        reason: of a bypass.
        path: of a bypass: the access path from the function to what is concerned.
        place: of a bypass: ``file:line`` of the function concerned, where it is known.
        advice: of a bypass: what to do about it.
        nearest: of a miss: the key of the stored entry of the same function that has most in common; empty where there
            is none.
        differences: of a miss: how the call differs from that entry, the most telling first.
        hazards: of a miss: what would make jitserve stand aside, if the code that does it runs while tracing.
        waived: what is in the key because the user vouches for it (``pure``, ``register_fingerprint``).
        trouble: what went wrong with the cache meanwhile, and what error the call would raise because of its arguments.
    """

    function: str
    outcome: Outcome
    summary: str
    key: str = ""
    reason: BypassReason | None = None
    path: str = ""
    place: str = ""
    advice: str = ""
    nearest: str = ""
    differences: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The attributes as plain data that ``json`` takes."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        found["outcome"] = self.outcome.value
        found["reason"] = self.reason and self.reason.value
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        label = self.outcome.value.replace("_", " ")
        yield f"{self.function}: {label}{f' ({self.reason.value})' if self.reason else ''}"
        yield f"  {self.summary}"
        for name, value in (("at", self.path), ("in", self.place), ("advice", self.advice)):
            if value:
                yield f"  {name}: {value}"
        yield from (f"  - {line}" for line in self.differences[:_SHOWN])
        if len(self.differences) > _SHOWN:
            yield f"  - and {len(self.differences) - _SHOWN} more"
        yield from (f"  may stand aside: {line}" for line in self.hazards)
        yield from (f"  waived: {line}" for line in self.waived)
        yield from (f"  trouble: {line}" for line in self.trouble)
