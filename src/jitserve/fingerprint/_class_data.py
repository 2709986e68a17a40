"""Data in the user's classes that a trace does not read: it does not count, like attributes of objects (``_unread``).

A configuration is often a class whose attributes are its values, or a dataclass whose fields have defaults; a trace
reads few of them, and those by their names, be it of the class or of an instance. A default of a dataclass is in
three places: in the class, in its field, and among the defaults of ``__init__``. Running that counts as reading all
fields (``Observer.code_started``), and nothing else looks into the second place but ``Field.default``.

Functions and descriptors in a class count all the same: Python, and functions in C, may run them by a name that stands
in no code. So does what a class hands on to one that is not ordinary, for whose instances a library may ask.
"""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Any

from . import _ordinary, _raw
from ._code_origin import is_of_dataclass
from ._path import ATTR, Path

if TYPE_CHECKING:
    from ._walker import Walker

_FIELDS = "__dataclass_fields__"


def class_data(walker: Walker, cls: type, path: Path) -> dict[str, Path] | None:
    """The names of the data that a class of the user's holds, and the path of each; None for what is left out.

    Defaults of fields that nobody reads are hidden from the walk.

    Args:
        walker: of the walk.
        cls: a class of the user's.
        path: where it is.

    Returns:
        None where all counts.
    """
    if not _ordinary.is_ordinary(cls):
        if walker.footprint is None:
            _count_bases(walker, cls)
        return None
    names = _raw.namespace(cls)
    found: dict[str, Path] = {}
    for name, value in tuple(names.items()):
        if type(name) is str and not name.startswith("__") and not _binds(value):
            of_value = (path, ATTR, name)
            found[name] = None if walker.unread.leaves_out(cls, name, of_value, cls) else of_value
    fields = names.get(_FIELDS)
    if type(fields) is dict:
        _hide_defaults(walker, cls, fields)
    return found


def _binds(value: object) -> bool:
    return any("__get__" in _raw.namespace(kind) for kind in _raw.mro(type(value)))


def _count_bases(walker: Walker, cls: type) -> None:
    for base in _raw.mro(cls)[1:]:
        if base is not object and _ordinary.is_ordinary(base):
            names = _raw.namespace(base)
            walker.unread.asked.update(name for name in names if type(name) is str and not name.startswith("__"))


def _hide_defaults(walker: Walker, cls: type, fields: dict[str, Any]) -> None:
    hidden = set()
    for field in tuple(fields.values()):
        if _is_attribute(field) and walker.unread.leaves_out_default(cls, field.name):
            walker.hide_default(field)
            hidden.add(field.name)
    function = _raw.namespace(cls).get("__init__")
    if hidden and type(function) is types.FunctionType and is_of_dataclass(function.__code__):
        walker.hide_defaults(function, hidden)


def _is_attribute(field: Any) -> bool:
    """Whether the default of a field shows as an attribute only; that of an ``InitVar`` is handed on."""
    if type(field) is not dataclasses.Field or type(field.name) is not str:
        return False
    return any(field._field_type is kind for kind in _ATTRIBUTES)  # type: ignore[attr-defined]


_ATTRIBUTES = (dataclasses._FIELD, dataclasses._FIELD_CLASSVAR)  # type: ignore[attr-defined]
