"""The rules by which JAX differentiates, batches and lowers primitives, where they are not JAX's own."""

from __future__ import annotations

import functools
import operator
import types
from typing import Any

from jitserve import _core

from . import _raw
from ._origin import Origin

Tables = list[tuple[str, dict[Any, Any]]]


class Replaced:
    """Finds rules of others for primitives of JAX. A rule that is still the one it was is not looked at again."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Any]] = {}
        self._found: dict[str, list[tuple[str, object]]] = {}

    def find(self, tables: Tables) -> list[tuple[str, object]]:
        """The replaced rules, by table and primitive."""
        for name, table in tables:
            entries = list(table.values())
            seen = self._seen.get(name, [])
            if len(seen) != len(entries) or any(map(operator.is_not, seen, entries)):
                self._found[name] = [
                    (f"rule of {primitive.name} in {name}", entry)
                    for primitive, entry in list(table.items())
                    if is_foreign(getattr(entry, "rule", entry)) and not is_of_others(primitive)
                ]
                self._seen[name] = entries
        return [item for name, _ in tables for item in self._found.get(name, ())]


def is_of_others(primitive: Any) -> bool:
    """Whether a primitive does not come with JAX: what it does by itself is code of others."""
    made_elsewhere = _core.origin_of_class(type(primitive)) is not Origin.OPAQUE
    return made_elsewhere or any(map(is_foreign, dict.values(_raw.instance_dict(primitive) or {})))


def is_foreign(rule: object) -> bool:
    """Whether a rule is code that does not come with JAX, or is made from some."""
    if type(rule) is functools.partial:
        return any(map(is_foreign, (rule.func, *rule.args, *rule.keywords.values())))
    if type(rule) in (tuple, list):
        return any(map(is_foreign, rule))  # type: ignore[call-overload]
    if type(rule) is types.MethodType:
        return is_foreign(rule.__func__) or _core.origin_of_class(type(rule.__self__)) is not Origin.OPAQUE
    if type(rule) is types.FunctionType:
        made_elsewhere = _core.origin_of_function(rule) is not Origin.OPAQUE
        return made_elsewhere or any(map(is_foreign, _contents(rule.__closure__ or ())))
    wrapped = (_raw.instance_dict(rule) or {}).get("__wrapped__")
    if wrapped is not None:
        return is_foreign(wrapped)
    if not callable(rule) or issubclass(type(rule), type):
        return False
    return _core.origin_of_class(type(rule)) is not Origin.OPAQUE


def _contents(cells: tuple[types.CellType, ...]) -> list[object]:
    contents: list[object] = []
    for cell in cells:
        try:
            contents.append(cell.cell_contents)
        except ValueError:
            continue
    return contents
