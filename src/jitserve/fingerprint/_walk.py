"""The walk: one depth-first stream of tokens over everything that a trace of the root can read.

It is a single linear stream, with the objects that have an identity (functions, classes, instances, containers that
can change, arrays) numbered at their first visit. A second visit is a reference to that number. So cycles end,
sharing is part of the digest, and the digest does not depend on where in a cycle the walk began to look. Plain
immutable values are never numbered: whether the interpreter happens to intern them must not matter.

The walk runs no user code, and it is total: an object that it does not understand is a ``Refusal``.
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _dispatch, _hash_order, _hazards, _names, _place, _registries
from ._ingredient import Ingredient
from ._path import Path, render, root

SCHEMA = "jitserve-walk-1"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one walk.

    Attributes:
        array_bytes: the largest captured array whose contents are worth hashing.
        nodes: how many values a walk may visit before it gives up.
    """

    array_bytes: int = 64 << 20
    nodes: int = 2_000_000


class Walk:
    """What a walk found.

    Attributes:
        digest: 32 bytes over everything that was visited.
        objects: every object with an identity, in order of the first visit. In two processes with equal digests the
            same index holds corresponding objects. The list keeps them alive, so that their ids stay theirs.
        codes: ids of the code objects that the digest covers, with the code object and where it was found.
        memos: the user's memos (``functools.lru_cache``) that were met, and where.
        remembering: all memos that were met, of libraries, too.
        processes: of the job, whose devices were met (in meshes and shardings, too).
        hazards: what code of the user must not do while it is traced; for the recorder.
        order: the sets that were met; for the recorder.
    """

    __slots__ = (
        "_nested",
        "_numbers",
        "codes",
        "digest",
        "hazards",
        "memos",
        "objects",
        "order",
        "paths",
        "processes",
        "remembering",
    )

    def __init__(self, walker: Walker) -> None:
        self.digest: bytes = walker.tokens.finish()
        self.objects: list[Any] = walker.objects
        self.paths: list[Path] = walker.paths
        self.codes: dict[int, tuple[types.CodeType, Path]] = walker.codes
        self.memos: list[tuple[Any, Path]] = walker.memos
        self.remembering: list[Any] = walker.remembering
        self.processes: frozenset[int] = frozenset(walker.processes)
        self.hazards: list[_hazards.Hazard] = walker.hazards.found
        self.order = walker.order
        self._nested = walker.nested
        self._numbers = walker.numbers

    def index_of(self, obj: object) -> int | None:
        """Number of this very object, or None when it was not visited (or has no identity worth numbering)."""
        return self._numbers.get(id(obj))

    def covers(self, code: types.CodeType) -> bool:
        """Whether the digest covers this code object: that of a walked function, or nested in it."""
        return id(code) in self.codes or id(code) in self._nested

    def covers_run(self, code: types.CodeType, ran: Container[int]) -> bool:
        """Whether the digest covers a run of this code object.

        A nested function that was made by a run of the function around it is determined by that, if the digest covers
        that run; one that had been made before closes over who knows what, unless it was walked itself.

        Args:
            code: what ran.
            ran: ids of all code objects that ran.
        """
        if id(code) in self.codes:
            return True
        found = self._nested.get(id(code))
        return found is not None and id(found[1]) in ran and self.covers_run(found[1], ran)

    def path_of(self, index: int) -> str:
        """Where the object of that number was first found."""
        return render(self.paths[index])

    @property
    def ingredients(self) -> tuple[Ingredient, ...]:
        """The functions that were walked, each with the digest of its code."""
        functions = [(i, obj) for i, obj in enumerate(self.objects) if type(obj) is types.FunctionType]
        return tuple(
            Ingredient(self.path_of(i), _names.of(obj.__code__).digest, f"{obj.__module__}.{obj.__qualname__}")
            for i, obj in functions
        )


class Walker:
    """State of one walk. Encoders emit tokens to it, and push the children that they found."""

    __slots__ = (
        "codes",
        "encoders",
        "footprint",
        "hazards",
        "limits",
        "memos",
        "nested",
        "numbers",
        "objects",
        "order",
        "paths",
        "processes",
        "registries",
        "remembering",
        "stack",
        "tokens",
        "types",
    )

    def __init__(
        self,
        limits: Limits,
        tokens: _core.Tokens,
        *,
        deferred: bool = False,
        footprint: Container[str] | None = None,
    ) -> None:
        self.limits = limits
        self.footprint = footprint
        self.remembering: list[Any] = []
        self.tokens = tokens
        self.numbers: dict[int, int] = {}
        self.objects: list[Any] = []
        self.paths: list[Path] = []
        self.codes: dict[int, tuple[types.CodeType, Path]] = {}
        self.nested: dict[int, tuple[types.CodeType, types.CodeType]] = {}
        self.memos: list[tuple[Any, Path]] = []
        self.processes: set[int] = set()
        self.stack: list[tuple[Any, Path, bool]] = []
        self.encoders: dict[int, _dispatch.Encoder] = {}
        self.types: list[type] = []  # keeps them alive for as long as their ids are keys of ``encoders``
        self.hazards = _hazards.Hazards(deferred=deferred)
        self.order = _hash_order.HashOrder()
        self.registries = _registries.Registries()

    def number(self, obj: object, path: Path) -> bool:
        """Numbers ``obj``. False: it has been visited before, and a reference has been emitted."""
        index = self.numbers.setdefault(id(obj), len(self.objects))
        if index < len(self.objects):
            self.tokens.begin("ref", 0)
            self.tokens.int_(index)
            return False
        self.objects.append(obj)
        self.paths.append(path)
        return True

    def cover(self, code: types.CodeType, codes: Sequence[types.CodeType], path: Path) -> None:
        """Notes the code of a walked function, and the code nested in it, which runs only if the function has run."""
        self.codes.setdefault(id(code), (code, path))
        for around in codes:
            for inner in around.co_consts:
                if isinstance(inner, types.CodeType):
                    self.nested.setdefault(id(inner), (inner, around))

    def alone(self) -> Walker:
        """A walker that has seen nothing yet, for the digest that a value has for itself."""
        return Walker(self.limits, _core.Tokens(), deferred=self.hazards.deferred, footprint=self.footprint)

    def push(self, children: Sequence[tuple[Any, Path, bool]]) -> None:
        """Adds children, to be visited in this order before anything that is waiting."""
        self.stack.extend(reversed(children))

    def run(self) -> None:
        """Visits everything on the stack, and what that leads to."""
        stack, scalar, encoders = self.stack, self.tokens.scalar, self.encoders
        left = self.limits.nodes
        while stack:
            obj, path, trusted = stack.pop()
            if scalar(obj):
                continue
            encoder = encoders.get(id(type(obj)))
            if encoder is None:
                encoder = encoders[id(type(obj))] = _dispatch.encoder_of(type(obj))
                self.types.append(type(obj))
            encoder(self, obj, path, trusted)
            left -= 1
            if left < 0:
                raise Refusal(
                    BypassReason.WALK_TOO_LARGE, render(path), f"more than {self.limits.nodes} values are reachable"
                )


def walk(
    root_object: object,
    extra: Iterable[tuple[str, object]] = (),
    *,
    limits: Limits | None = None,
    deferred: bool = False,
    footprint: Container[str] | None = None,
) -> Walk:
    """Fingerprints everything that a trace of ``root_object`` can read.

    Args:
        root_object: the function as the user gave it.
        extra: further roots with a label each: static arguments (label them with their parameter's name), node
            classes and auxiliary data of the arguments' trees, jit options, values of the context.
        limits: bounds; the defaults suit a training step.
        deferred: a recorder will watch the trace (``record``), so that what a function of the user might do, but need
            not, is left to its verdict. Nothing may be published from such a walk without one.
        footprint: the functions to go into, of those that are not opaque (see ``_pruning``); None for all of them.

    Raises:
        Refusal: something is reachable that cannot be fingerprinted soundly.
    """
    walker = Walker(limits or Limits(), _core.Tokens(), deferred=deferred, footprint=footprint)
    _start(walker, root_object, list(extra))
    try:
        walker.run()
        walker.registries.finish(walker)
        walker.order.finish(walker)
    except Refusal as refusal:
        refusal.place = _place.place_of(walker, refusal.path)
        raise
    return Walk(walker)


def _start(walker: Walker, root_object: object, extra: list[tuple[str, object]]) -> None:
    walker.tokens.begin(SCHEMA, 1 + len(extra))
    for label, _ in extra:
        walker.tokens.str_(label)
    name = getattr(root_object, "__qualname__", None) if type(root_object) is types.FunctionType else None
    roots = [(root_object, root(name or "<root>"), False)]
    roots.extend((value, root(label), False) for label, value in extra)
    walker.push(roots)
