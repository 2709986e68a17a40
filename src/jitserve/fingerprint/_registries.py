"""What libraries have on record about the classes that were walked.

A registry grows with everything that has been imported, so that walking it whole would make a digest depend on
unrelated modules. What counts is its entry for a class that the walk has met, and that is added at the end.
"""

from __future__ import annotations

import copy
import copyreg
import operator
import types
from typing import TYPE_CHECKING, Any

from jitserve import _core, _jax
from jitserve._outcome import BypassReason, Refusal

from . import _origin, _raw, adapters
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_FLATTEN = "<registered tree functions>"
_ENTRY = "<registry entry>"
_COPY = "<registered with copyreg>"
_COPYING: tuple[dict[Any, Any], ...] = (
    copyreg.dispatch_table,
    copy._copy_dispatch,  # type: ignore[attr-defined]
    copy._deepcopy_dispatch,  # type: ignore[attr-defined]
)


class Registries:
    """The walked classes, and the registries that walked library code reads."""

    __slots__ = ("classes", "tables")

    def __init__(self, classes: list[tuple[type, Path, bool]]) -> None:
        self.classes = classes  # grows as the walk goes on
        self.tables: list[tuple[dict[Any, Any], Path]] = []

    def saw_table(self, table: dict[Any, Any], path: Path) -> None:
        """Notes a registry of a library."""
        if all(known is not table for known, _ in self.tables):
            self.tables.append((table, path))

    def finish(self, walker: Walker) -> None:
        """Walks the entries of the classes, and of the classes that those lead to."""
        done: set[int] = set()
        entered: set[tuple[int, int]] = set()
        looked_at, seen = 0, -1
        while seen < len(self.classes) + len(self.tables):
            seen = len(self.classes) + len(self.tables)
            classes = self.classes[looked_at:]
            looked_at = len(self.classes)
            for cls, path, trusted in classes:
                if id(cls) not in done:
                    done.add(id(cls))
                    self._tree_functions(walker, cls, path, trusted)
            for table, path in list(self.tables):
                self._entries(walker, table, path, entered)

    def _tree_functions(self, walker: Walker, cls: type, path: Path, trusted: bool) -> None:
        if type(cls) is not type and not _raw.has_plain_hash(cls):
            _check_unregistered(cls, path)
            return
        for function in _tree_functions(cls, trusted):
            _add(walker, _FLATTEN, function, (path, ATTR, _FLATTEN), trusted=trusted)
        for table in _COPYING:
            if cls in table:
                _add(walker, _COPY, table[cls], (path, ATTR, _COPY), trusted=trusted)

    def _entries(self, walker: Walker, table: dict[Any, Any], path: Path, done: set[tuple[int, int]]) -> None:
        entries = {id(key): value for key, value in dict.items(table) if issubclass(type(key), type)}
        for cls in [*_opaque_keys(table), *(cls for cls, _, _ in self.classes if id(cls) in entries)]:
            if id(cls) in entries and (id(table), id(cls)) not in done:
                done.add((id(table), id(cls)))
                _add(walker, _ENTRY, entries[id(cls)], (path, ATTR, _raw.qualname(cls)), trusted=True)


def _check_unregistered(cls: type, path: Path) -> None:
    """Refuses a class that is registered somewhere, and that nobody can look up without running its metaclass."""
    registered = [kind for kind, _ in _jax.tree_nodes()]
    if any(kind is cls for kinds in (registered, *_COPYING) for kind in kinds):
        detail = "a registered class, whose metaclass says how classes are hashed or compared"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), detail)


def _tree_functions(cls: type, trusted: bool) -> tuple[Any, ...]:
    """How JAX takes a class apart, if in another way than the class itself says."""
    functions = _jax.flatten_functions(cls)
    if not functions:
        return ()
    return () if adapters.find(cls, trusted).registers_itself and are_own(cls, functions) else functions


def are_own(cls: type, functions: tuple[Any, ...]) -> bool:
    """Whether they are what ``jax.tree_util.register_pytree_node_class`` makes of a class."""
    flatten, unflatten = functions
    if type(flatten) is not operator.methodcaller or flatten.__reduce__()[1] != ("tree_flatten",):
        return False
    spaces = (_raw.namespace(kind) for kind in _raw.mro(cls))
    method = next((space["tree_unflatten"] for space in spaces if "tree_unflatten" in space), None)
    bound = type(unflatten) is types.MethodType and unflatten.__self__ is cls
    return bound and type(method) is classmethod and method.__func__ is unflatten.__func__


def _opaque_keys(table: dict[Any, Any]) -> list[type]:
    """The classes of Python and of JAX that a registry knows: a trace can meet them without naming them."""
    keys = [key for key in dict.keys(table) if issubclass(type(key), type)]
    opaque = [key for key in keys if _core.origin_of_class(key) is _origin.Origin.OPAQUE and not _is_own(table[key])]
    return sorted(opaque, key=lambda key: (_raw.module_name(key), _raw.qualname(key)))


def _is_own(entry: object) -> bool:
    """Whether an entry holds functions of opaque modules only: JAX registers more of its classes as it imports more."""
    parts = [*_raw.slots(entry), *dict.items(_raw.instance_dict(entry) or {})]
    values = (
        [*tuple.__iter__(entry), *(value for _, value in parts)] if isinstance(entry, tuple) else [v for _, v in parts]
    )
    return bool(values) and all(map(_is_opaque, values))


def _is_opaque(function: object) -> bool:
    if type(function) is types.MethodType:
        function = function.__func__
    if type(function) is types.FunctionType:
        return _core.origin_of_function(function) is _origin.Origin.OPAQUE
    return type(function) is operator.methodcaller and function.__reduce__()[1] == ("tree_flatten",)


def _add(walker: Walker, tag: str, value: object, path: Path, *, trusted: bool) -> None:
    walker.tokens.tag(tag)
    walker.push([(value, path, trusted)])
    walker.run()
