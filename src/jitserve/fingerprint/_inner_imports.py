"""What a function of a library imports when it runs, from modules of its own package.

Modules that need each other import each other that way: ``from ._integrate import loop`` inside of a method. For as
long as the module is loaded, that is a name like any other. Only relative imports count, because those lead to
modules that the package loads itself: whether some other part of a library is loaded depends on who else wants it.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any

from . import _raw
from ._names import Names
from ._path import ATTR, Path


def values(function: types.FunctionType, names: Names, path: Path) -> list[tuple[Any, Path, bool]]:
    """The values that the relative imports inside a function of a library give, as labelled children."""
    children: list[tuple[Any, Path, bool]] = []
    for module, taken in sorted(names.imports):
        namespace = _loaded(module, function.__globals__.get("__package__")) if taken else None
        if namespace is None or taken[0] not in namespace:
            continue
        label = f"{module}.{taken[0]}"
        for name, value in _ends(label, namespace[taken[0]], names):
            children.append((name, path, True))
            children.append((value, (path, ATTR, name), True))
    return children


def _ends(label: str, value: object, names: Names) -> list[tuple[str, Any]]:
    """The value itself; of a module, those of its names that the function reads as attributes of something."""
    if not isinstance(value, types.ModuleType):
        return [(label, value)]
    namespace = _raw.module_namespace(value)
    return [(f"{label}.{name}", namespace[name]) for name in sorted(names.attributes & namespace.keys())]


def _loaded(module: str, package: object) -> dict[str, Any] | None:
    if not module.startswith(".") or type(package) is not str or not package:
        return None
    try:
        loaded = sys.modules.get(importlib.util.resolve_name(module, package))
    except ImportError:  # beyond the top-level package
        return None
    return _raw.module_namespace(loaded) if isinstance(loaded, types.ModuleType) else None
