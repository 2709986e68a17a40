"""Protocols of ``typing``: they ask objects for attributes whose names stand in no code that runs.

``isinstance(obj, P)`` looks into the namespaces of the object's classes, where no lookup is heard, and remembers the
answer. So what a protocol asks for counts where the walk meets one, and where one looks that it has not met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _raw

if TYPE_CHECKING:
    from ._walker import Walker

HOOK = "_proto_hook"  # the name of the function that looks


def finish(walker: Walker) -> None:
    """Notes what the protocols that a walk has met ask for."""
    for cls, _, _ in walker.classes:
        walker.unread.asked.update(attributes_of(cls))


def attributes_of(cls: type) -> set[str]:
    """The names of the attributes that a class asks for, if it is a protocol."""
    names = _raw.namespace(cls)
    if names.get("_is_protocol") is not True:
        return set()
    told = names.get("__protocol_attrs__")
    held = told if type(told) is set else (name for kind in _raw.mro(cls) for name in _held_by(kind))
    return {name for name in held if type(name) is str and not name.startswith("__")}


def _held_by(kind: type) -> list[object]:
    """What a class has by name, for Python 3.11, where protocols do not say what they ask for."""
    names = _raw.namespace(kind)
    annotations = names.get("__annotations__")
    return [*names, *(annotations if type(annotations) is dict else ())]
