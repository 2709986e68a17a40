"""What a trace ran, and what it did not read. A walk that is pruned to that has what an equal trace can read."""

from __future__ import annotations

from dataclasses import dataclass

from jitserve import _core


@dataclass(frozen=True, slots=True)
class Footprint:
    """The functions that a trace ran, and the attributes that it did not read.

    Attributes:
        functions: ``module:qualname`` of their code; None for a walk that is not pruned.
        unread: ``module:qualname.attribute``, of objects of the user's.
    """

    functions: frozenset[str] | None
    unread: frozenset[str] = frozenset()

    def digest(self) -> bytes:
        """32 bytes; part of the call key."""
        tokens = _core.Tokens()
        if self.functions is None:
            tokens.begin("whole", 0)
        else:
            tokens.begin("footprint", len(self.functions))
            for name in sorted(self.functions):
                tokens.str_(name)
            tokens.begin("unread", len(self.unread))
            for name in sorted(self.unread):
                tokens.str_(name)
        return tokens.finish()


WHOLE = Footprint(None)
