"""The walk: one depth-first stream of tokens over everything that a trace of the root can read.

It is a single linear stream, with the objects that have an identity (functions, classes, instances, containers that
can change, arrays) numbered at their first visit. A second visit is a reference to that number. So cycles end,
sharing is part of the digest, and the digest does not depend on where in a cycle the walk began to look. Plain
immutable values are never numbered: whether the interpreter happens to intern them must not matter. But NaNs are: to
``in`` and to a dictionary, each is equal to itself only.

The walk runs no user code, and it is total: an object that it does not understand is a ``Refusal``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import (
    _array_owners,
    _described,
    _encodings,
    _field_types,
    _hash_order,
    _hazards,
    _listeners,
    _local_time,
    _names,
    _place,
    _registries,
    _shapes,
    _unread,
)
from ._ingredient import Ingredient
from ._path import Path, render, root

SCHEMA = "jitserve-walk-5"


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
        unread: the attributes that were met, and those that were left out; for the recorder.
    """

    __slots__ = (
        "_index_of",
        "_nested",
        "codes",
        "digest",
        "hazards",
        "memos",
        "objects",
        "order",
        "paths",
        "processes",
        "remembering",
        "unread",
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
        self.unread = walker.unread
        self._nested = walker.nested
        self._index_of = walker.index_of

    def index_of(self, obj: object) -> int | None:
        """Number of this very object, or None when it was not visited (or has no identity worth numbering)."""
        return self._index_of(obj)

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

    def check_run(self, ran: Mapping[int, types.CodeType]) -> None:
        """Raises unless the digest covers all that ran, and nothing of it does what no digest covers.

        Args:
            ran: what ran, by id.

        Raises:
            Refusal: the first thing found.
        """
        for hazard in self.hazards:
            if any(id(code) in ran for code in _names.of(hazard.code).codes):
                hazard.refusal.place = hazard.place()
                raise hazard.refusal
        outside = [code for code in ran.values() if not self.covers_run(code, ran)]
        if outside:
            names = sorted(f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})" for code in outside)
            detail = f"ran without being reachable by name: {', '.join(names)[:400]}"
            raise Refusal(BypassReason.UNREACHED_CODE, "recorder", detail)
        self.order.check(ran)

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
        self.processes: set[int] = set()
        self.hazards = _hazards.Hazards(deferred=deferred)
        self.order = _hash_order.HashOrder()
        self.unread = unread or _unread.Unread()
        self.registries = _registries.Registries(self.classes)
        self.memory: dict[int, tuple[int, int]] = {}  # of arrays, by the id of its owner: its number, and an address
        self.views: list[tuple[Any, Path]] = []  # what captured arrays are views of
        self.shapes: dict[tuple[int, bool], _shapes.Shape] = {}  # by the id of the class, and whether trusted

    def alone(self) -> Walker:
        """A walker that has seen nothing yet, for the digest that a value has for itself."""
        deferred, footprint = self.hazards.deferred, self.footprint
        walker = Walker(self.limits, _core.Tokens(), deferred=deferred, footprint=footprint, unread=self.unread)
        walker.shapes = self.shapes
        return walker

    def digest_alone(self, value: object, path: Path, trusted: bool) -> bytes:
        """The digest that a value has for itself."""
        alone = self.alone()
        alone.push([(value, path, trusted)])
        alone.run()
        return alone.tokens.finish()


def walk(
    root_object: object,
    extra: Iterable[tuple[str, object]] = (),
    *,
    limits: Limits | None = None,
    deferred: bool = False,
    footprint: Container[str] | None = None,
    unread: Container[str] = (),
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
        unread: labels of attributes to leave out (see ``_unread``).

    Raises:
        Refusal: something is reachable that cannot be fingerprinted soundly.
    """
    limits = limits or Limits()
    roots = list(extra)

    def attempt(left: _unread.Unread) -> Walker:
        return Walker(limits, _core.Tokens(), deferred=deferred, footprint=footprint, unread=left)

    def end(walker: Walker) -> None:
        walker.order.finish(walker)

    return Walk(visit(attempt, root_object, roots, footprint, unread, end))


W = TypeVar("W", bound=Walker)


def visit(
    make: Callable[[_unread.Unread], W],
    root_object: object,
    extra: list[tuple[str, object]],
    footprint: Container[str] | None,
    unread: Container[str],
    end: Callable[[W], None],
) -> W:
    """Makes a walker that has visited everything; where one fails in an attribute of an object, another goes without.

    Args:
        make: makes a walker.
        root_object, extra, footprint, unread: as for ``walk``.
        end: what there is to do at the end.
    """
    first = _code_of(root_object)
    left = _unread.Unread(first, unread)
    while True:
        walker = make(left)
        _start(walker, root_object, extra)
        try:
            walker.run()
            finish(walker)
            end(walker)
            left.settle()
            return walker
        except Refusal as refusal:
            # A walk that is pruned goes where a trace went, or else it is not the one that is looked for.
            may_do_without = walker.hazards.deferred and footprint is None
            if may_do_without and left.excuses(refusal, walker.stopped_at):
                left = _unread.Unread(first, unread, left.excused)
                continue
            refusal.place = _place.place_of(walker, refusal.path)
            raise


def _code_of(function: object) -> types.CodeType | None:
    """The code that a call of it begins with."""
    if type(function) is types.MethodType:
        function = function.__func__
    return function.__code__ if type(function) is types.FunctionType else None


def finish(walker: Walker) -> None:
    """Adds what counts only beside other things that the walk has met."""
    walker.registries.finish(walker)
    asked = frozenset[str]().union(*(names.asks for names in walker.order.names()))
    _field_types.finish(walker, asked)
    _array_owners.finish(walker, asked)
    _local_time.finish(walker, asked)
    _described.finish(walker, asked)
    _listeners.finish(walker)
    _encodings.finish(walker)


def _start(walker: Walker, root_object: object, extra: list[tuple[str, object]]) -> None:
    walker.tokens.begin(SCHEMA, 1 + len(extra))
    for label, _ in extra:
        walker.tokens.str_(label)
    name = getattr(root_object, "__qualname__", None) if type(root_object) is types.FunctionType else None
    roots = [(root_object, root(name or "<root>"), False)]
    roots.extend((value, root(label), False) for label, value in extra)
    walker.push(roots)
