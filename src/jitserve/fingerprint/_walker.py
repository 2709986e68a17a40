"""The state of a walk, and its bounds. The loop itself is in C++ (``cpp/bindings/walker.h``)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from jitserve import _core

from . import _hash_order, _hazards, _registries, _shapes, _telltales, _unread
from ._path import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one walk.

    Attributes:
        array_bytes: the largest captured array whose contents are worth hashing.
        nodes: how many values a walk may visit before it gives up.
    """

    array_bytes: int = 64 << 20
    nodes: int = 2_000_000


class Walker(_core.Walker):
    """State of one walk. Encoders emit tokens to it, and push the children that they found.

    The loop, the numbers and the encoders of what is met most are in C++ (``cpp/bindings/walker.h``).
    """

    def __init__(
        self,
        limits: Limits,
        tokens: _core.Tokens,
        *,
        deferred: bool = False,
        anonymous: bool = False,
        footprint: Container[str] | None = None,
        unread: _unread.Unread | None = None,
    ) -> None:
        super().__init__(tokens, limits.nodes, anonymous=anonymous, footprint=footprint)
        self.limits = limits
        self.remembering: list[Any] = []
        self.memos: list[tuple[Any, Path]] = []
        self.loggers: list[tuple[Any, Path]] = []  # that code of the user names
        self.streams: list[Path] = []  # where the standard streams are
        self.read_by_keys: list[dict[str, Any]] = []  # of which only some items were visited
        self.told_by_keys: set[int] = set()  # of those, the places of which it was said what else they are
        self.listed: set[str] = set()  # which lists of the loggers were walked
        self.has_met_times = False
        self.has_met_time_types = False  # of NumPy
        self.given: list[Any] = []  # the roots beside the first one
        self.left: dict[str, _telltales.Rule] = {}  # by which names something is read that was left out
        self.processes: set[int] = set()
        self.hazards = _hazards.Hazards(deferred=deferred)
        self.order = _hash_order.HashOrder()
        self.unread = unread or _unread.Unread()
        self.hides_defaults = self.unread.leaves_out_defaults
        self.registries = _registries.Registries(self.classes)
        self.memory: dict[int, tuple[int, int]] = {}  # of arrays, by the id of its owner: its number, and an address
        self.views: list[tuple[Any, Path]] = []  # what captured arrays are views of
        self.described: set[int] = set()  # ids of objects whose registered data is being walked
        self.shapes: dict[tuple[int, bool], _shapes.Shape] = {}  # by the id of the class, and whether trusted

    def alone(self) -> Walker:
        """A walker that has seen nothing yet, for the digest that a value has for itself."""
        deferred, footprint = self.hazards.deferred, self.footprint
        walker = Walker(self.limits, _core.Tokens(), deferred=deferred, footprint=footprint, unread=self.unread)
        walker.shapes, walker.described = self.shapes, self.described
        return walker

    def digest_alone(self, value: object, path: Path, trusted: bool) -> bytes:
        """The digest that a value has for itself."""
        alone = self.alone()
        alone.push([(value, path, trusted)])
        alone.run()
        return alone.tokens.finish()
