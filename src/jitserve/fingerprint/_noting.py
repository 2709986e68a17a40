"""The walk once more, with notes.

The tokens that an encoder emits for one value are digested by themselves. So whatever makes two walks differ makes at
least one note differ, and the notes need to know nothing about the encoders. It takes longer than the walk, and is for
the cold side and for ``explain``.
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable, Mapping
from typing import Any

from jitserve import _core

from . import _definition, _dispatch, _unread
from ._ingredient import Ingredient
from ._marker import UNRESOLVED
from ._notes import Notes
from ._path import Path
from ._text import SCALARS, text_of
from ._walk import visit
from ._walker import Limits, Walker


class _NotingWalker(Walker):
    """A walker that takes notes."""

    def __init__(
        self,
        notes: Notes,
        footprint: Container[str] | None,
        unread: _unread.Unread,
    ) -> None:
        # Whether it may be published was judged before. A reference does not tell to what: numbers would differ
        # whenever anything before them does.
        super().__init__(Limits(), _core.Tokens(), deferred=True, anonymous=True, footprint=footprint, unread=unread)
        self.notes = notes
        self.encoders: dict[int, tuple[type, _dispatch.Encoder]] = {}  # by the id of the type

    def run(self) -> None:
        last = None
        while (item := self.pop()) is not None:
            obj, path, trusted = item
            self.stopped_at = path
            _, encoder = self.encoders.setdefault(id(type(obj)), (type(obj), _encoder_of(type(obj))))
            if type(obj) is types.FunctionType or issubclass(type(obj), type):
                self._visit_definition(self.notes, encoder, (obj, path, trusted))
                continue
            bucket = self.notes.bucket_of(path)
            if bucket is not None:
                self.tokens = bucket
                encoder(self, obj, path, trusted)
            else:
                if obj is UNRESOLVED:
                    self.notes.unresolved(path, last)
                self._visit_value(self.notes, encoder, (obj, path, trusted))
                last = obj

    def _visit_definition(self, notes: Notes, encoder: _dispatch.Encoder, item: tuple[Any, Path, bool]) -> None:
        obj, path, _ = item
        if not _definition.is_definition(obj):
            self._visit_value(notes, encoder, item)
            return
        self.tokens = _core.Tokens()
        encoder(self, *item)
        notes.definition(obj, path, self.tokens.finish())

    def _visit_value(self, notes: Notes, encoder: _dispatch.Encoder, item: tuple[Any, Path, bool]) -> None:
        obj, path, _ = item
        known = self.index_of(obj)
        bucket = notes.bucket_of(path)
        self.tokens = bucket or _core.Tokens()
        encoder(self, *item)
        if bucket is not None:
            return
        digest = self.tokens.finish()
        reference = None
        if known is not None:
            named = type(obj) is types.FunctionType or issubclass(type(obj), type)
            reference = text_of(obj)[0] if named else f"the same as {notes.labels.name_of(self.paths[known])}"
        notes.value(obj, path, digest, reference)


def _encoder_of(cls: type) -> _dispatch.Encoder:
    return _scalar if id(cls) in SCALARS else _dispatch.encoder_of(cls)


def _scalar(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    walker.tokens.scalar(obj)


def take_notes(
    root_object: object,
    extra: Iterable[tuple[str, object]] = (),
    roots: Mapping[str, str] | None = None,
    footprint: Container[str] | None = None,
    unread: Container[str] = (),
) -> list[Ingredient]:
    """The ingredients of a fingerprint.

    Args:
        root_object, extra, footprint, unread: as for ``walk``.
        roots: how a person would call the roots in ``extra``, by label.

    Raises:
        Refusal: as ``walk`` does.
    """

    def attempt(left: _unread.Unread) -> _NotingWalker:
        return _NotingWalker(Notes(roots or {}), footprint, left)

    return visit(attempt, root_object, list(extra), footprint, unread, lambda walker: None).notes.ingredients()
