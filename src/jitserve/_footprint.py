"""The functions that a trace ran. A walk that is pruned to them has what an equal trace can read, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from jitserve import _core


@dataclass(frozen=True, slots=True)
class Footprint:
    """The functions that a trace ran.

    Attributes:
        functions: ``module:qualname`` of their code; None for a walk that is not pruned.
    """

    functions: frozenset[str] | None

    def digest(self) -> bytes:
        """32 bytes; part of the call key."""
        tokens = _core.Tokens()
        if self.functions is None:
            tokens.begin("whole", 0)
        else:
            tokens.begin("footprint", len(self.functions))
            for name in sorted(self.functions):
                tokens.str_(name)
        return tokens.finish()


WHOLE = Footprint(None)
