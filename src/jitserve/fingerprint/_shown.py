"""What shows in a text or in a loop and differs from process to process: addresses, and orders of sets."""

from __future__ import annotations

import dis
import sys
import types

from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import inside_pure

from . import _handed, _hash_order, _raw
from ._blame import is_opaque
from ._dependency import DependencyKind
from ._findings import Findings
from ._origin import Origin

_ADDRESS = "it shows an address; give the class a __repr__, or name what you mean"
# These go through a set for what does not depend on its order: operators make other sets, but for ``list += set``.
_OPERATORS = frozenset(dis.opmap[name] for name in ("BINARY_OP", "COMPARE_OP", "CONTAINS_OP", "SET_UPDATE"))
_ADDS_IN_PLACE = next(i for i, (name, _) in enumerate(dis._nb_ops) if name == "NB_INPLACE_ADD")  # type: ignore[attr-defined]
_KEEP_ORDER = frozenset(("collections", "heapq"))  # what these do with a set shows in what they return


class Shown:
    """What one recording has heard of texts and of loops. The methods are called by C++, while whoever makes a text or
    goes through a set is on the stack; they raise nothing.

    Args:
        findings: where to note orders that show.

    Attributes:
        texts: with addresses; what else there is to say is more helpful.
    """

    __slots__ = ("_blame", "_findings", "_print", "texts")

    def __init__(self, findings: Findings) -> None:
        self._blame = findings.blame
        self._findings = findings
        self._print = (0, 0)  # the frame that prints, and where it is
        self.texts: list[Refusal] = []

    def printing(self, frame: types.FrameType) -> None:
        """``print`` is about to be called there."""
        self._print = (id(frame), frame.f_lasti)

    def described(self, kind: type) -> None:
        """Somebody makes a text of an object of that type, and the text shows where the object lies in memory."""
        frame = sys._getframe(1)
        if inside_pure() or self._blame.is_bystander(frame) or self._is_printed(frame):
            return
        origin, where = self._text_maker(frame)
        if origin is Origin.USER:
            detail = f"text of a {_raw.qualname(kind)}: {_ADDRESS}"
            self.texts.append(Refusal(BypassReason.ID_OR_HASH_READ, where, detail))

    def iterated(self, values: frozenset[object], shown: bool) -> None:
        """Somebody iterates over a set, or makes a text of it. Of what the user does with sets, the walk sees more."""
        frame = sys._getframe(1)
        if not (self._is_shown(frame) if shown else self._is_loop(frame)):
            return
        if _hash_order.is_steady(values) or inside_pure() or self._blame.is_bystander(frame):
            return
        if self._blame.is_harmless(BypassReason.HASH_ORDER, frame):
            return
        if _hash_order.hash_seed_is_fixed() and all(map(_hash_order.follows_seed, values)):
            self._findings.depend(DependencyKind.HASH_SEED, frame.f_code.co_qualname)
        else:
            where = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
            what = "shows" if shown else "iterates over"
            self._findings.refuse(BypassReason.HASH_ORDER, where, f"{what} a set; fix PYTHONHASHSEED")

    def _is_loop(self, frame: types.FrameType) -> bool:
        """Whether code that is not trusted goes through something itself, or has a function in C do so."""
        if is_opaque(frame):
            maker = self._blame.frame(frame) if frame.f_globals.get("__name__") in _KEEP_ORDER else None
            return maker is not None and not is_opaque(maker)
        operation, argument = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        return operation not in _OPERATORS or (operation == dis.opmap["BINARY_OP"] and argument == _ADDS_IN_PLACE)

    def _is_shown(self, frame: types.FrameType) -> bool:
        """Whether a text is made for code that is not trusted, and not only printed."""
        return not self._is_printed(frame) and self._text_maker(frame)[0] is not Origin.OPAQUE

    def _is_printed(self, frame: types.FrameType) -> bool:
        """Whether a text is made to be printed: that has no way into a program."""
        return self._print == (id(frame), frame.f_lasti)

    def _text_maker(self, frame: types.FrameType) -> tuple[Origin, str]:
        return self._blame.behind(frame, _handed.makes_texts, _handed.makes_texts_for_others)
