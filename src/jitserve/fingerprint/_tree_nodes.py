"""Classes of Python, NumPy and JAX that somebody has registered as nodes of trees.

The walk meets what a class is registered with where it meets the class, but it names the classes of opaque packages
and goes no further, and a trace can meet them (a ``slice``, a ``datetime.timedelta``) without anybody naming them. So
what does not come with the package is looked for before every lookup, and is walked as a root of its own.
"""

from __future__ import annotations

import operator
import types

from jitserve import _jax

from . import _origin, _raw, _registries, _rules

# What JAX registers with functions that say nothing of who has called for them.
_KNOWN = frozenset(
    (
        *("collections.OrderedDict", "collections.defaultdict", "jax.tree_util.Partial"),
        *("jax._src.tree_util.Static", "jax._src.hijax.Static", "jax._src.checkify.ErrorEffects"),
    )
)
# Classes that only JAX's own code has to do with. Who imports Pallas, or what needs it, registers them.
_INTERNAL = "jax._src.pallas."
# Where JAX registers dataclasses of its own. One that is missing here costs a miss, and no more.
_DATACLASSES = (
    "jax._src.api",
    "jax._src.error_check",
    "jax._src.lax.control_flow.",
    "jax._src.pallas.",
    "jax._src.random.",
    "jax._src.state.",
)


class TreeNodes:
    """Looks through JAX's registry of nodes, where it has changed."""

    def __init__(self) -> None:
        self._seen: list[object] = []
        self._generation = 0
        self._found: tuple[int, list[tuple[str, object]]] = (-1, [])

    def look(self) -> int:
        """A number that is new whenever something has been registered."""
        entries = _jax.node_entries()
        if len(entries) != len(self._seen) or any(map(operator.is_not, entries, self._seen)):
            self._seen = entries
            self._generation += 1
        return self._generation

    def find(self) -> list[tuple[str, object]]:
        """The functions that classes of opaque packages were registered with, by the name of the class, sorted."""
        generation = self.look()
        if self._found[0] != generation:
            found = [
                (_name(cls), functions)
                for cls, functions in _jax.tree_nodes()
                if _is_registered_by_others(cls, functions)
            ]
            self._found = generation, sorted(found, key=lambda item: item[0])
        return list(self._found[1])


def _is_registered_by_others(cls: type, functions: tuple[object, ...]) -> bool:
    if _origin.of_class(cls) is not _origin.Origin.OPAQUE or _raw.module_name(cls).startswith(_INTERNAL):
        return False
    return any(map(_rules.is_foreign, functions)) or not _comes_with_package(cls, functions)


def _comes_with_package(cls: type, functions: tuple[object, ...]) -> bool:
    """Whether it is the package of the class that has registered it, if the functions are those of opaque packages."""
    flatten = functions[0]
    if _name(cls) in _KNOWN or _registries.are_own(cls, functions):
        return True
    if type(flatten) is not types.FunctionType:
        return False
    if flatten.__code__.co_qualname.lstrip("_").startswith("register_dataclass."):
        return _raw.module_name(cls).startswith(_DATACLASSES)
    return flatten.__globals__.get("__name__") == _raw.module_name(cls)


def _name(cls: type) -> str:
    return f"{_raw.module_name(cls)}.{_raw.qualname(cls)}"
