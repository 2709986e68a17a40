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
from collections.abc import Callable, Container, Iterable
from typing import TypeVar

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import (
    _array_owners,
    _askers,
    _by_keys,
    _clock_texts,
    _compiled_schemas,
    _described,
    _encodings,
    _field_types,
    _forward_references,
    _listeners,
    _local_time,
    _made_up,
    _place,
    _protocols,
    _telltales,
    _unread,
)
from ._path import render, root
from ._telltales import STREAM
from ._walked import Walk
from ._walker import Limits, Walker

SCHEMA = "jitserve-walk-12"


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
    _by_keys.finish(walker)
    _forward_references.finish(walker)
    walker.registries.finish(walker)
    _compiled_schemas.finish(walker)
    known = len(walker.classes)
    asked = _telltales.SELDOM_READ.intersection(walker.unread.getters)
    asked = asked.union(*(names.asks for names in walker.order.names()))
    if "tell" in asked and walker.streams:
        raise Refusal(BypassReason.OPAQUE_CALLABLE, render(walker.streams[0]), STREAM)
    _field_types.finish(walker, asked)
    _array_owners.finish(walker, asked)
    _local_time.finish(walker, asked)
    _described.finish(walker, asked)
    _listeners.finish(walker)
    _encodings.finish(walker)
    _by_keys.finish(walker)
    if len(walker.classes) > known:  # what all this has led to
        _forward_references.finish(walker, known)
        walker.registries.finish(walker)
        _compiled_schemas.finish(walker, known)
    if walker.footprint is None:  # no recorder judges a walk that is pruned
        _protocols.finish(walker)
        _clock_texts.finish(walker)
        _askers.meet_classes(walker)
        walker.left = _made_up.names_left(walker, asked)


def _start(walker: Walker, root_object: object, extra: list[tuple[str, object]]) -> None:
    walker.tokens.begin(SCHEMA, 1 + len(extra))
    for label, _ in extra:
        walker.tokens.str_(label)
    walker.given = [value for _, value in extra]
    name = getattr(root_object, "__qualname__", None) if type(root_object) is types.FunctionType else None
    roots = [(root_object, root(name or "<root>"), False)]
    roots.extend((value, root(label), False) for label, value in extra)
    walker.push(roots)
