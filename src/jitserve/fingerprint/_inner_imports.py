"""What a function imports when it runs.

Modules that need each other import each other that way: ``from ._integrate import loop`` inside of a method. For as
long as the module is loaded, that is a name like any other. Of a library's imports only relative ones count, because
those lead to modules that the package loads itself: whether some other part is loaded depends on who else wants it. A
function of the user's stands aside while it has a module to load.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any

from . import _origin, _raw
from ._names import Chain, Names
from ._path import ATTR, Path


def values(function: types.FunctionType, names: Names, path: Path) -> list[tuple[Any, Path, bool]]:
    """The values that the relative imports inside a function of a library give, as labelled children."""
    if not _imports_as_ever(function):
        return [("imports by another __import__", path, True)]
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


def of_user(function: types.FunctionType, names: Names) -> Iterator[tuple[str, list[tuple[str, Any]] | None]]:
    """What a function of the user's imports: each module, with what ``from module import ...`` takes from it, labelled.

    None instead where that loads the module, and where what it does cannot be told: the module's class or its
    ``__getattr__`` has a say, the module itself is taken (``import module``), or somebody has replaced ``__import__``.
    Opaque modules are left out.
    """
    for module, taken in sorted(names.imports):
        if not _imports_as_ever(function):
            yield module, None
        elif not _is_opaque(module):
            yield module, _taken(module, taken, function.__globals__.get("__package__"))


def _is_opaque(module: str) -> bool:
    return not module.startswith(".") and module in sys.modules and _origin.of_module(module) is _origin.Origin.OPAQUE


def _imports_as_ever(function: types.FunctionType) -> bool:
    builtins = function.__builtins__
    importer = builtins.get("__import__") if type(builtins) is dict else None
    return type(importer) is types.BuiltinFunctionType and importer.__self__ is sys.modules.get("builtins")


def _taken(module: str, names: Chain, package: object) -> list[tuple[str, Any]] | None:
    loaded = _module(module, package)
    if not names or type(loaded) is not types.ModuleType:
        return None
    namespace = _raw.module_namespace(loaded)
    return [(f"{module}.{name}", namespace[name]) for name in names] if namespace.keys() >= set(names) else None


def _ends(label: str, value: object, names: Names) -> list[tuple[str, Any]]:
    """The value itself; of a module, those of its names that the function reads as attributes of something."""
    if not isinstance(value, types.ModuleType):
        return [(label, value)]
    namespace = _raw.module_namespace(value)
    return [(f"{label}.{name}", namespace[name]) for name in sorted(names.attributes & namespace.keys())]


def _loaded(module: str, package: object) -> dict[str, Any] | None:
    found = _module(module, package) if module.startswith(".") else None
    return _raw.module_namespace(found) if isinstance(found, types.ModuleType) else None


def _module(module: str, package: object) -> object:
    """The loaded module of that name, which may be relative to a package; None where there is none."""
    if not module.startswith("."):
        return sys.modules.get(module)
    if type(package) is not str or not package:
        return None
    try:
        return sys.modules.get(importlib.util.resolve_name(module, package))
    except ImportError:  # beyond the top-level package
        return None
