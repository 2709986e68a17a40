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
from typing import Any, NamedTuple

from . import _loading, _raw
from ._names import Chain, Import, Names
from ._path import ATTR, Path


def values(function: types.FunctionType, names: Names, path: Path) -> list[tuple[Any, Path, bool]]:
    """The values that the relative imports inside a function of a library give, as labelled children."""
    if not _imports_as_ever(function):
        return [("imports by another __import__", path, True)]
    children: list[tuple[Any, Path, bool]] = []
    for found in names.imports:
        namespace = _loaded(found.module, function.__globals__.get("__package__")) if found.taken else None
        if namespace is None or found.taken[0] not in namespace:
            continue
        label = f"{found.module}.{found.taken[0]}"
        for name, value in _ends(label, namespace[found.taken[0]], names):
            children.append((name, path, True))
            children.append((value, (path, ATTR, name), True))
    return children


class Imported(NamedTuple):
    """What an import inside of a function of the user's gives.

    Attributes:
        label: the module and the names taken from it.
        value: what the variable holds, or ``UNTOLD`` where that cannot be told: the import loads the module, the
            module's class or its ``__getattr__`` has a say, or somebody has replaced ``__import__``.
        chains: through which the variable is read.
        is_written: whether an attribute of it is assigned to.
    """

    label: str
    value: Any
    chains: list[Chain]
    is_written: bool


UNTOLD = object()


def of_user(function: types.FunctionType, names: Names) -> Iterator[Imported]:
    """What a function of the user's imports when it runs, in order."""
    package = function.__globals__.get("__package__")
    for found in names.imports:
        value = _value(found, package) if _imports_as_ever(function) else UNTOLD
        yield Imported(".".join((found.base, *found.taken)), value, list(found.chains), found.is_written)


def _imports_as_ever(function: Any) -> bool:
    builtins = function.__builtins__
    importer = builtins.get("__import__") if type(builtins) is dict else None
    return type(importer) is types.BuiltinFunctionType and importer.__self__ is sys.modules.get("builtins")


def _value(found: Import, package: object) -> Any:
    value = _module(found.base, package)
    if value is None or _module(found.module, package) is None:
        return UNTOLD
    for name in found.taken:
        value = _attribute(value, name)
    return value


def _attribute(module: Any, name: str) -> Any:
    """An attribute of a module as ``from module import name`` takes it."""
    if type(module) is not types.ModuleType:
        return UNTOLD
    namespace = _raw.module_namespace(module)
    if name not in namespace and not _loading.load_lazily(module, name):
        return UNTOLD
    return namespace[name]


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
