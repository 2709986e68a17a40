"""What somebody has put into JAX's or NumPy's modules, classes and tables of rules: monkeypatches.

The contents of those packages are in the key by their files, and the walk does not enter them. A function of the
user's that has been put there, by itself or wrapped, is in none of their files: it is looked for before every lookup,
and is walked as a root of its own.
"""

from __future__ import annotations

import types

import jax
import numpy as np

from jitserve import _core, _jax

from . import _origin, _raw, _rules
from ._bindings import Bindings
from ._origin import Origin

# Of other objects (a stream that a test tool has put there) a walk might refuse every call of the process.
_WALKED = (np.ndarray, jax.Array, jax.sharding.Sharding)
_DESCRIPTORS = (property, staticmethod, classmethod)


class Intruders:
    """Looks for what is not the library's own, where the bindings have changed.

    Args:
        bindings: of the libraries.
    """

    def __init__(self, bindings: Bindings | None = None) -> None:
        self._bindings = bindings or Bindings()
        self._rules = _rules.Replaced()
        self._found: tuple[int, list[tuple[str, object]]] = (-1, [])

    def find(self) -> list[tuple[str, object]]:
        """What is callable, in a place of theirs and not theirs, and arrays that such are made of, sorted by places."""
        generation = self._bindings.look()
        if self._found[0] != generation:
            unread = [item for item in self._bindings.census.unread() if isinstance(item[1], _WALKED)]
            found = [*self._strangers(), *unread, *self._rules.find(_jax.rule_tables())]
            self._found = generation, sorted(found, key=lambda item: item[0])
        return list(self._found[1])

    def _strangers(self) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = []
        census = self._bindings.census
        at_home: set[int] = set()
        for module, cls, name, value, function in census.strangers():
            place = f"{module}.{cls.__qualname__ + '.' if cls else ''}{name}"
            if function is None:
                if _is_foreign_instance(census, value):
                    found.append((place, value))
            elif id(function.__code__.co_filename) not in at_home:
                if not _is_at_home(function):
                    found.append((place, function if type(value) in _DESCRIPTORS else value))
                else:
                    at_home |= _know(census, function)
        return found


def _know(census: _core.Census, function: types.FunctionType) -> set[int]:
    """Vouches for a function, and for its whole file unless there are others of that name."""
    file = function.__code__.co_filename
    if file.startswith("<"):
        census.know(function)
        return set()
    census.know(file)
    return {id(file)}


def _is_foreign_instance(census: _core.Census, value: object) -> bool:
    if issubclass(type(value), type):
        foreign = _core.origin_of_class(value) is Origin.USER  # type: ignore[arg-type]
        if not foreign:
            census.know(value)
        return foreign
    written_in_python = not _raw.hides_state(type(value))
    if written_in_python and _core.origin_of_class(type(value)) is not Origin.OPAQUE:
        return True
    census.know(type(value))
    return False


def _is_at_home(function: types.FunctionType) -> bool:
    file = function.__code__.co_filename
    if not file.startswith("<"):
        return _origin.of_file(file) is Origin.OPAQUE
    module = str(function.__globals__.get("__name__"))
    # Named tuples make their `__new__` in a namespace of its own.
    return module.startswith("namedtuple_") or _origin.of_module(module) is Origin.OPAQUE
