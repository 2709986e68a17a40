"""What a person calls a walked value: ``global `EPS` of `net.layers.norm` ``, ``static argument `n` ``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._path import ATTR, CELL, DEFAULT, GLOBAL, ITEM, KWDEFAULT, Path

_RELATIONS = {
    GLOBAL: "global `{}` of `{}`",
    CELL: "closure value `{}` of `{}`",
    DEFAULT: "default of `{}` in `{}`",
    KWDEFAULT: "default of `{}` in `{}`",
    ATTR: "attribute `{}` of `{}`",
}

# A list of five thousand links would otherwise have names of five thousand parts.
_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Owner:
    """The function or class that is nearest above a value.

    Attributes:
        name: its unique name; None for the roots.
        module: of the library that it belongs to; None where it is the user's.
        is_handed: the user handed it over: what a library's function made for the user closes over is the user's.
    """

    name: str | None = None
    module: str | None = None
    is_handed: bool = True


NOBODY = Owner()


class Labels:
    """Names paths by the function or class that is nearest above them.

    Args:
        roots: how to call the roots of the walk, by their labels; those that are missing are called by their label.
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        self._roots = roots
        self._owners: dict[int, Owner] = {}  # by identity: two paths may look the same and lead to different objects
        self._folded: dict[int, Owner | None] = {}
        self._alive: list[Path] = []

    def define(self, path: Path, owner: Owner) -> None:
        """Says that a function or class was found at ``path``: what is below it is called after it."""
        self._owners[id(path)] = owner
        self._alive.append(path)

    def owner_of(self, path: Path) -> tuple[Owner, str]:
        """The owner of the value at ``path``, and the template of the first step from the one to the other."""
        template = ""
        for _ in range(_MOST_STEPS):
            if path is None or path[0] is None:
                break
            path, template = path[0], path[1]
            owner = self._owners.get(id(path))
            if owner is not None:
                return owner, template
        return NOBODY, template

    def library_of(self, path: Path) -> Owner | None:
        """The owner of the value at ``path`` when it is a library's, and the value is not told by itself."""
        if path is None or path[0] is None:
            return None
        parent = id(path[0])
        owner = self._owners.get(parent)
        if owner is None:
            if parent not in self._folded:
                self._alive.append(path[0])
                self._folded[parent] = self.library_of(path[0])
            return self._folded[parent]
        return owner if owner.module is not None and not (owner.is_handed and path[1] == CELL) else None

    def name_of(self, path: Path) -> str:
        """What to call the value at ``path``."""
        steps: list[tuple[str, object]] = []
        while path is not None and path[0] is not None:
            parent, template, key = path
            owner = self._owners.get(id(parent))
            if owner is not None:
                inside = f"{_shown(key)}{_join(steps)}"
                return _RELATIONS.get(template, "part `{}` of `{}`").format(inside, owner.name)
            if len(steps) == _MOST_STEPS:
                return f"...{_join(steps)}"
            steps.append((template, key))
            path = parent
        root = str(path[2]) if path is not None else "?"
        name = self._roots.get(root, root)
        return f"{name[:-1]}{_join(steps)}`" if name.endswith("`") else f"{name}{_join(steps)}"


def _join(steps: list[tuple[str, object]]) -> str:
    """Steps, given from the innermost on, as they are written in a program."""
    return "".join(f"[{_shown(key)!r}]" if template == ITEM else f".{_shown(key)}" for template, key in reversed(steps))


def _shown(key: object) -> str | int:
    return key if isinstance(key, str | int) else type(key).__name__
