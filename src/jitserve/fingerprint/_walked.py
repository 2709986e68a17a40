"""What a walk found."""

from __future__ import annotations

import sys
import types
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _hazards, _names
from ._ingredient import Ingredient
from ._path import Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_NOTHING: Mapping[str, Refusal] = types.MappingProxyType({})
_FIND = frozenset(("attrgetter", "getattr", "globals", "methodcaller", "vars"))
_SHOWN = 4  # code objects in a message


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
        left: what else was left out, by the names that it is read by; for the recorder.
    """

    __slots__ = (
        "_index_of",
        "_nested",
        "codes",
        "digest",
        "hazards",
        "left",
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
        self.left = walker.left
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

    def check_run(self, ran: Mapping[int, types.CodeType], imported: Mapping[str, Refusal] = _NOTHING) -> None:
        """Raises unless the digest covers all that ran, and nothing of it does what no digest covers.

        Args:
            ran: what ran, by id.
            imported: the modules that were imported meanwhile, by name, with what to say of that.

        Raises:
            Refusal: the first thing found.
        """
        for hazard in self.hazards:
            if any(id(code) in ran for code in _names.of(hazard.code).codes):
                hazard.refusal.place = hazard.place()
                raise hazard.refusal
        outside = [code for code in ran.values() if not self.covers_run(code, ran)]
        if outside:
            _check_imported(outside, imported)
            finders = [function.__code__ for names, function, _ in self.order.functions() if _finds(names, ran)]
            detail = f"ran without being reachable by name: {_shown(outside)}"
            if finders:
                detail += f"; by a computed name it may have been found in {_shown(finders)}"
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


def _finds(names: _names.Names, ran: Container[int]) -> bool:
    """Whether code that ran may take something by a name that nobody can see."""
    return not _FIND.isdisjoint(names.loads) and any(id(code) in ran for code in names.codes)


def _shown(codes: list[types.CodeType]) -> str:
    """Names and places of some code objects, those first that are nested in no function."""
    ordered = sorted(codes, key=lambda code: (code.co_qualname.count("<locals>"), code.co_qualname))
    shown = [f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})" for code in ordered[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else "")


def _check_imported(outside: list[types.CodeType], imported: Mapping[str, Refusal]) -> None:
    """Raises if all that the digest does not cover is of modules that were imported meanwhile."""
    modules = [(sys.modules.get(name), refusal) for name, refusal in imported.items()]
    files = {
        vars(module).get("__file__"): refusal for module, refusal in modules if isinstance(module, types.ModuleType)
    }
    if all(code.co_filename in files for code in outside):
        raise files[outside[0].co_filename]
