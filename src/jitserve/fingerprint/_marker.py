"""What stands in a walk for something that is no value."""

from __future__ import annotations

from jitserve import _core


class Marker:
    """Stands among the children for something that is no value, and that no value of the user's must look like."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


BUILTIN, UNRESOLVED, MISSING = Marker("builtin"), Marker("unresolved"), Marker("missing")
DEFERRED = Marker("left to the recorder")
END = Marker("end of a chain")
BY_KEYS = Marker("items of a dictionary")

ENCODERS = {Marker: _core.encode_marker}
