"""Texts that NumPy takes for the time of day (``now``, ``today``), where code makes times of texts that it is given.

No rule hears NumPy read the clock. So a walk that has met such a text, wherever that is, and code that may make a time
of it, is not for a program that is found without a trace.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from jitserve._outcome import BypassReason, Refusal

from . import _names, _raw, _telltales
from ._path import render

if TYPE_CHECKING:
    from ._walker import Walker

_CONTAINERS = (list, tuple, set, frozenset)
_OF_TEXTS = "SUT"  # kinds of arrays


def finish(walker: Walker) -> None:
    """Notes a hazard of all code that may make a time of a text for the time of day that the walk has met.

    Raises:
        Refusal: TIME_READ, when hazards are not deferred.
    """
    functions = list(walker.order.functions())
    makers = [entry for entry in functions if _makes_times(entry[0], entry[1])]
    if walker.has_met_time_types:
        makers = functions
    text = next(filter(_is_clock, _texts(walker)), None) if makers else None
    if text is None:
        return
    for _, function, path in makers:
        detail = f"np.datetime64({text!r}) reads the clock while tracing"
        walker.hazards.meet(Refusal(BypassReason.TIME_READ, render(path), detail), function.__code__)


def _is_clock(text: object) -> bool:
    return str(text).lower() in _telltales.CLOCKS


def _makes_times(names: _names.Names, function: types.FunctionType) -> bool:
    """Whether code names NumPy's times, or a text that asks for them as the type of an array."""
    if "datetime64" in names.attributes or "datetime64" in names.loads:
        return True
    return any(map(_telltales.is_calendar, _held(names, function)))


def _texts(walker: Walker) -> Iterator[str | bytes]:
    """The texts that a walk has met, and those in arrays."""
    pending: list[Any] = [*walker.objects, *walker.given]
    for names, function, _ in walker.order.functions():
        pending += _held(names, function)
    pending += (value for cls, _, _ in walker.classes for value in _raw.namespace(cls).values())
    seen = set()
    while pending:
        value = pending.pop()
        kind = type(value)
        if issubclass(kind, str | bytes):
            yield str.__str__(value) if issubclass(kind, str) else bytes(value).decode("latin-1")
        elif id(value) not in seen:
            seen.add(id(value))  # the walk has it, or what holds it
            pending += _parts(value)


def _parts(value: Any) -> list[Any]:
    kind = type(value)
    if issubclass(kind, dict):
        return list(dict.values(value))
    for base in _CONTAINERS:
        if issubclass(kind, base):
            return list(base.__iter__(value))
    if issubclass(kind, np.ndarray):
        plain = np.ndarray.view(value, np.ndarray)
        return plain.ravel().tolist() if plain.dtype.kind in _OF_TEXTS else []
    if issubclass(kind, type | types.FunctionType | types.ModuleType):
        return []
    return [*dict.values(_raw.instance_dict(value) or {}), *(part for _, part in _raw.slots(value))]


def _held(names: _names.Names, function: types.FunctionType) -> list[Any]:
    """What a function holds, and what it finds under global names; of modules, what it takes from there."""
    found: list[Any] = [constant for code in names.codes for constant in code.co_consts]
    found += (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    found += (cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY)
    for name, chains in names.chains:
        found += (_end(function.__globals__.get(name), chain) for chain in chains)
    return found


_EMPTY = types.CellType()


def _end(value: Any, chain: _names.Chain) -> Any:
    for name in chain:
        if not issubclass(type(value), types.ModuleType):
            break
        value = _raw.module_namespace(value).get(name)
    return value
