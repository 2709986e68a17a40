"""What a function imports when it runs.

Modules that need each other import each other that way: ``from ._integrate import loop`` inside of a method. For as
long as the module is loaded, that is a name like any other. What a library's function has to load is not walked: it is
recorded when that is done in a trace. A function of the user's stands aside while it has a module to load.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import _loading, _origin, _raw
from ._loading import origin_of
from ._names import Chain, Import, Names
from ._origin import Origin
from ._path import ATTR, Path


def values(function: types.FunctionType, names: Names, path: Path) -> list[tuple[Any, Path, bool]]:
    """The values that the imports inside a function of a library give, as labelled children.

    Those from opaque modules are left out, like all that the names of a library's function hold of them.
    """
    if not _imports_as_ever(function):
        return [("imports by another __import__", path, True)]
    children: list[tuple[Any, Path, bool]] = []
    for found in names.imports:
        value = _loaded(found, function.__globals__.get("__package__"))
        for name, end in _ends(_label(found), value, names) if value is not UNTOLD else ():
            children.append((name, path, True))
            children.append((end, (path, ATTR, name), True))
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
        yield Imported(_label(found), value, list(found.chains), found.is_written)


def _label(found: Import) -> str:
    return ".".join((found.base, *found.taken))


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
    """The value itself; of a module, and of further ones in it, those of its names that the function reads as
    attributes of something.
    """
    if not isinstance(value, types.ModuleType):
        return [(label, value)]
    found: list[tuple[str, Any]] = []
    todo, met = [(label, value)], {id(value)}
    for at, module in todo:
        namespace = _raw.module_namespace(module)
        ends = [(f"{at}.{name}", namespace[name]) for name in sorted(names.attributes & namespace.keys())]
        found += ends
        for inner, end in ends:
            if isinstance(end, types.ModuleType) and id(end) not in met and origin_of(end) is not Origin.OPAQUE:
                met.add(id(end))
                todo.append((inner, end))
    return found


def _loaded(found: Import, package: object) -> Any:
    """What an import inside of a library's function gives, from modules that are loaded and not opaque."""
    if not found.module.startswith(".") and _origin.of_module(found.module) is Origin.OPAQUE:
        return UNTOLD
    value = _module(found.base, package)
    for name in found.taken:
        namespace = _raw.module_namespace(value) if isinstance(value, types.ModuleType) else {}
        value = namespace.get(name, UNTOLD)
    return UNTOLD if value is None else value


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
