"""Who does what happens while a function is traced: the nearest frame on the stack that is answerable for it."""

from __future__ import annotations

import types
from collections.abc import Callable

from jitserve._outcome import BypassReason

from . import _handed, _packages, adapters
from ._code_origin import origin_of_code
from ._origin import Origin
from ._stack import IMPORTING, WATCHING, is_entrance, new_stack


class Blame:
    """Finds out who is answerable, among the frames above the one that a recording began in."""

    __slots__ = ("_base", "_stack")

    def __init__(self) -> None:
        self._stack = new_stack()
        self._base: types.FrameType | None = None

    def begin(self, base: types.FrameType | None) -> None:
        """What happens from now on happens on behalf of ``base``'s callees; None: the recording is over."""
        self._base = base
        self._stack.set_base(base)

    def kinds(self, frame: types.FrameType | None) -> int:
        """What is under way there beside the trace: ``IMPORTING``, ``WATCHING``."""
        return self._stack.kinds(frame)

    def frame(self, frame: types.FrameType | None) -> types.FrameType | None:
        """The nearest frame that is not the standard library's or an importer's."""
        return self._stack.culprit(frame)

    def is_bystander(self, frame: types.FrameType | None) -> bool:
        """Whether it runs because somebody watches: listeners of ``jax.monitoring``, handlers of the log, callbacks of
        the garbage collector, which come at any moment."""
        return self.kinds(frame) & WATCHING != 0

    def is_called_by_jax(self, frame: types.FrameType | None) -> bool:
        """Whether JAX has called it, since somebody began to watch what runs."""
        while frame is not None and frame is not self._base:
            if is_entrance(frame.f_code):
                return False
            if _packages.package_of(frame.f_code.co_filename) == "jax":
                return True
            frame = frame.f_back
        return False

    def culprit(self, frame: types.FrameType | None) -> tuple[Origin, str]:
        """Who did it: the nearest frame that is not the standard library's or an importer's, and a text for it."""
        frame = self.frame(frame)
        if frame is None:
            return Origin.OPAQUE, "<unknown>"
        where = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        return origin_of_code(frame.f_code, frame), where

    def behind(
        self,
        frame: types.FrameType | None,
        itself: Callable[[types.CodeType], bool],
        for_others: Callable[[types.FrameType], bool] = _handed.is_stdlib,
    ) -> tuple[Origin, str]:
        """Who did it, or, where opaque code was handed the function that does so, who has handed it.

        Args:
            frame: where.
            itself: whether opaque code would do so by itself.
            for_others: whether opaque code, that of the standard library included, does so for its callers.
        """
        nearest = self.frame(frame)
        if nearest is None or not is_opaque(nearest) or self.kinds(frame) & IMPORTING:
            return self.culprit(frame)
        return self._handing(frame, itself, for_others)

    def handing_importer(self, frame: types.FrameType) -> tuple[Origin, str]:
        """The same for a function of the import machinery, which starts in a frame and is no part of an import."""
        if self.kinds(frame.f_back) & IMPORTING:
            return self.culprit(frame)
        return self._handing(frame, _handed.only_by_name, _handed.is_stdlib)

    def _handing(
        self,
        frame: types.FrameType | None,
        itself: Callable[[types.CodeType], bool],
        for_others: Callable[[types.FrameType], bool],
    ) -> tuple[Origin, str]:
        called: list[types.FrameType] = []  # by the frame that is looked at
        names = frozenset[str]()
        while frame is not None and frame is not self._base:
            if not is_opaque(frame):
                return self.culprit(frame)
            if for_others(frame):
                called = [frame]
            else:
                names = names.union(*map(_handed.names_of, called))
                by_itself = itself(frame.f_code) or not names.isdisjoint(frame.f_code.co_names)
                if by_itself or any(map(_handed.is_unasked, called)):
                    return self.culprit(frame)
                called = []
            frame = frame.f_back
        return Origin.USER, "what is traced"

    def reader(self, frame: types.FrameType | None) -> types.FrameType | None:
        """Who reads: NumPy opens files that its callers want to have read, and draws seeds that they do not give."""
        frame = self.frame(frame)
        while frame is not None and _packages.reads_for_others(frame.f_code.co_filename):
            frame = self.frame(frame.f_back)
        return frame

    def seeded(self, frame: types.FrameType | None) -> types.FrameType | None:
        """For whom a seed is drawn: not where a generator is copied, which gets another state at once, or where a
        module makes one while it is imported.
        """
        drawing = self.frame(frame)
        copied = drawing is not None and drawing.f_globals.get("__name__") == "numpy.random._pickle"
        return frame if copied or self.kinds(frame) & IMPORTING else self.reader(frame)

    def is_harmless(self, reason: BypassReason, frame: types.FrameType | None) -> bool:
        """Whether a function of a library does it of which we know what for."""
        frame = self.frame(frame)
        if frame is None or origin_of_code(frame.f_code, frame) is not Origin.LIBRARY:
            return False
        return adapters.is_harmless(reason, frame.f_globals.get("__name__"), frame.f_code)


def is_opaque(frame: types.FrameType) -> bool:
    """Whether it is code of the standard library, of JAX or of NumPy."""
    return origin_of_code(frame.f_code, frame) is Origin.OPAQUE
