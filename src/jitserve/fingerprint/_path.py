"""Access paths: how an object is reached from the root, so that a refusal can say where it found what.

A path is a linked tuple ``(parent, template, key)``: one small allocation an edge, turned into text only when asked.
"""

from __future__ import annotations

from typing import Any

Path = tuple[Any, str, object] | None

ATTR = ".{}"
ITEM = "[{!r}]"
CELL = ".__closure__[{!r}]"
GLOBAL = ".__globals__[{!r}]"
DEFAULT = ".__defaults__[{!r}]"
KWDEFAULT = ".__kwdefaults__[{!r}]"
KEY = ".key[{}]"
ROOT = "{}"


_SHOWN = 50  # steps at each end of a long path


def root(label: str) -> Path:
    """The path of a root object that is called ``label``."""
    return (None, ROOT, label)


def render(path: Path) -> str:
    """Text of a path, for example ``train_step.__globals__['net'].layers[2].name``."""
    parts: list[str] = []
    while path is not None:
        parent, template, key = path
        shown = key if type(key) in (str, int) else type(key).__name__
        parts.append(template.format(shown))
        path = parent
    parts.reverse()
    left_out = len(parts) - 2 * _SHOWN
    if left_out > 0:
        parts[_SHOWN:-_SHOWN] = [f" ... ({left_out} steps) ... "]
    return "".join(parts)


def last_name(path: Path) -> str | None:
    """The name that code reaches an object by, when it is reached by one (not by position or dictionary key)."""
    if path is None or path[1] not in (ATTR, CELL, GLOBAL, DEFAULT, KWDEFAULT, ROOT):
        return None
    name = str(path[2]).split()[-1]  # roots have labels of several words, such as ``static argument modes``
    return name if name.isidentifier() else None


def is_looked_up_by(path: Path, name: str) -> bool:
    """Whether code looks an object up by that very name, an attribute's or a global's, which then stands in it."""
    return path is not None and path[1] in (ATTR, GLOBAL) and path[2] == name
