"""What was seen on a walk, as ingredients for people to read. ``_noting`` walks.

Every function and class of the user has a note under its own name, and so does every value that it leads to, under the
name that leads to it. The contents of libraries have one for each of their modules.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jitserve import _core

from . import _definition, _waived
from ._ingredient import Ingredient
from ._label import Labels, Owner
from ._marker import MISSING
from ._path import CELL, KEY, Path
from ._text import text_of

# They only lead to the value that a person means.
_WRAPPERS = frozenset(map(id, (types.CellType, staticmethod, classmethod, property)))


@dataclass(slots=True)
class _Note:
    """An ingredient under way: all that was visited at one path.

    Attributes:
        exact: whether the text says all that the first digest does.
        is_open: a wrapper has been visited, and the value that it leads to has not.
        is_step: it is a text, perhaps the name of an attribute of a module, on the way to what stands there.
        is_hidden: it tells a person nothing.
    """

    name: str
    kind: str = "value"
    text: str = ""
    exact: bool = False
    is_open: bool = False
    is_step: bool = False
    is_hidden: bool = False
    digests: list[bytes] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def ingredient(self) -> Ingredient:
        digest = b"" if self.exact and len(self.digests) == 1 else _core.sha256(b"".join(self.digests))
        return Ingredient(self.name, digest, self.text, self.kind, tuple(self.details))


class Notes:
    """The notes of one walk.

    Args:
        roots: how to call the roots, by label.
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        self.labels = Labels(roots)
        self._notes: list[_Note] = []
        self._by_path: dict[int, _Note] = {}
        self._paths: list[Path] = []  # keeps them alive for as long as their ids are keys
        self._owners: dict[int, Owner] = {}  # by the id of the function or class
        self._library_code: dict[str, list[bytes]] = {}  # by module
        self._library_values: dict[Owner, _core.Tokens] = {}
        self._taken: dict[str, int] = {}

    def ingredients(self) -> list[Ingredient]:
        """All that was seen. Libraries come last."""
        values: dict[str, list[bytes]] = {}
        for owner, tokens in self._library_values.items():
            values.setdefault(str(owner.module), []).append(_core.sha256(str(owner.name).encode()) + tokens.finish())
        found = [note.ingredient() for note in self._notes if not note.is_hidden]
        for what, parts in (("code", self._library_code), ("state", values)):
            for module, digests in parts.items():
                digest = _core.sha256(b"".join(sorted(digests)))
                found.append(Ingredient(f"{what} of library `{module}`", digest, f"{len(digests)} parts", "library"))
        return found

    def bucket_of(self, path: Path) -> _core.Tokens | None:
        """Where the tokens of a library's value go; None for a value that is told by itself."""
        owner = self.labels.library_of(path)
        if owner is None:
            return None
        tokens = self._library_values.get(owner)
        if tokens is None:
            tokens = self._library_values[owner] = _core.Tokens()
        return tokens

    def definition(self, obj: Any, path: Path, digest: bytes) -> None:
        """Notes a function or class by its own name, and by what leads to it, which says only where it leads."""
        note = self._by_path.get(id(path))
        is_part = note is not None and not note.is_open
        above, step = self.labels.owner_of(path)
        first = id(obj) not in self._owners
        if first:
            module = _definition.module_of(obj) if _definition.is_library(obj) else None
            if module is None and _definition.is_generated(obj):
                module = above.module  # what is generated for a class belongs to it
            is_handed = above.module is None or (above.is_handed and step == CELL)
            self._owners[id(obj)] = Owner(self._unique(_definition.name_of(obj)), module, is_handed)
        owner = self._owners[id(obj)]
        is_root = path is None or path[0] is None
        if not is_part and not is_root and self.labels.library_of(path) is None:
            note = note or self._new(path)
            note.text, note.exact, note.is_open, note.digests = str(owner.name), True, False, [b""]
        if first:
            own = self._own_note(obj, owner, digest)
            if not is_part:
                self.labels.define(path, owner)
                self._keep(path, own)

    def value(self, obj: Any, path: Path, digest: bytes, reference: str | None) -> None:
        """Notes anything else. ``reference`` says what it is the same as, if it has been visited before."""
        note = self._by_path.get(id(path))
        is_part = note is not None and not note.is_open
        if note is None and path is not None and path[1] == KEY and id(path[0]) in self._by_path:
            note, is_part = self._by_path[id(path[0])], True  # keys tell by their order; values have their own notes
        if note is not None and is_part:
            note.digests.append(digest)
            return
        note = note or self._new(path)
        note.digests = [digest]
        note.is_hidden = obj is type or obj is object  # what every class is made of
        waiver = _waived.waiver(obj)
        if waiver is not None:
            note.kind, note.text = "waived", waiver
        elif obj is MISSING:
            note.text, note.exact = "not defined", True
        elif reference is not None:
            note.text, note.exact = reference, True
        else:
            note.text, note.exact = text_of(obj)
            note.is_open, note.is_step = id(type(obj)) in _WRAPPERS, type(obj) is str

    def unresolved(self, path: Path, name: object) -> None:
        """Notes that nothing is bound to a global name of the function at ``path``."""
        note = self._by_path.get(id(path))
        if note is not None:
            note.details.append(f"name {name} is not defined")

    def _own_note(self, obj: Any, owner: Owner, digest: bytes) -> _Note:
        kind = "function" if type(obj) is types.FunctionType else "class"
        helper = "helper" if self._notes else "function"  # the first one is the root
        note = _Note(str(owner.name), kind, helper if kind == "function" else "class", digests=[digest])
        if owner.module is None:
            note.details = _definition.details_of(obj)
            self._notes.append(note)
        else:
            self._library_code.setdefault(owner.module, []).append(_core.sha256(note.name.encode()) + digest)
        return note

    def _new(self, path: Path) -> _Note:
        above = self._by_path.get(id(path[0])) if path is not None else None
        if above is not None and above.is_step:
            above.is_hidden = True
        note = _Note(self._unique(self.labels.name_of(path)))
        self._notes.append(note)
        self._keep(path, note)
        return note

    def _keep(self, path: Path, note: _Note) -> None:
        self._by_path[id(path)] = note
        self._paths.append(path)

    def _unique(self, name: str) -> str:
        count = self._taken[name] = self._taken.get(name, 0) + 1
        return name if count == 1 else f"{name} ({count})"
