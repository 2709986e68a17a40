"""Functions that somebody has put into JAX's or NumPy's modules and classes: monkeypatches.

The contents of those packages are in the key by their files, and the walk does not enter them. A function of the
user's that has been put there is in none of their files: it is looked for before every lookup, and is walked as a root
of its own.
"""

from __future__ import annotations

import sys
import types

from jitserve import _core

from . import _origin
from ._origin import Origin

_WATCHED = ("jax", "numpy")


class Intruders:
    """Looks through the watched packages, and remembers which files are theirs."""

    def __init__(self) -> None:
        self._census = _core.Census()

    def find(self) -> list[tuple[str, object]]:
        """Every function that is in a place of theirs and not in a file of theirs, by the name of the place, sorted."""
        modules = [
            module
            for name, module in list(sys.modules.items())
            if name.partition(".")[0] in _WATCHED and type(module) is types.ModuleType
        ]
        found: list[tuple[str, object]] = []
        at_home: set[int] = set()
        for module, cls, name, function in self._census.strangers(modules):
            file = function.__code__.co_filename
            if id(file) in at_home:
                continue
            if not _is_at_home(function):
                found.append((f"{module}.{cls.__qualname__ + '.' if cls else ''}{name}", function))
            elif file.startswith("<"):
                self._census.know(function)  # generated code: others have files of that name, too
            else:
                at_home.add(id(file))
                self._census.know(file)
        return sorted(found, key=lambda item: item[0])


def _is_at_home(function: types.FunctionType) -> bool:
    file = function.__code__.co_filename
    if not file.startswith("<"):
        return _origin.of_file(file) is Origin.OPAQUE
    module = str(function.__globals__.get("__name__"))
    # Named tuples make their `__new__` in a namespace of its own.
    return module.startswith("namedtuple_") or _origin.of_module(module) is Origin.OPAQUE
