"""Readers that run no user code: what ``type`` and ``object`` store, past any override of attribute access.

Descriptors are taken from the built-in types themselves, because ``cls.__mro__`` or ``obj.__dict__`` may be
redefined by a metaclass or a property, and a fingerprint that runs user code has side effects of its own.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

_class_dict = type.__dict__["__dict__"].__get__
_class_mro = type.__dict__["__mro__"].__get__
_class_name = type.__dict__["__qualname__"].__get__
_class_module = type.__dict__["__module__"].__get__
_class_flags = type.__dict__["__flags__"].__get__
_class_basicsize = type.__dict__["__basicsize__"].__get__
_class_base = type.__dict__["__base__"].__get__
_module_dict = _class_dict(types.ModuleType)["__dict__"].__get__

_HEAP_TYPE = 1 << 9
_POINTER = tuple.__itemsize__


class _Unset:
    """The value of a slot that holds nothing, and of an empty closure cell."""


UNSET = _Unset()


def namespace(cls: type) -> Mapping[str, Any]:
    """The ``__dict__`` of a class."""
    result: Mapping[str, Any] = _class_dict(cls)
    return result


def mro(cls: type) -> tuple[type, ...]:
    """The method resolution order of a class."""
    result: tuple[type, ...] = _class_mro(cls)
    return result


def qualname(cls: type) -> str:
    """``__qualname__`` as the interpreter keeps it."""
    return str(_class_name(cls))


def module_name(cls: type) -> str:
    """``__module__`` of a class, or an empty text where somebody put something else there."""
    name = _class_module(cls)
    return name if type(name) is str else ""


def is_subtype(cls: type, base: type) -> bool:
    """Whether ``base`` is among the bases of ``cls``; ``issubclass`` would ask the metaclass of ``base``."""
    return any(kind is base for kind in mro(cls))


def has_plain_hash(cls: type) -> bool:
    """Whether a class can be a dictionary key without running code of its metaclass."""
    own = mro(type(cls))
    return not any("__hash__" in namespace(kind) or "__eq__" in namespace(kind) for kind in own if is_heap_type(kind))


def is_heap_type(cls: type) -> bool:
    """Whether a class was made at run time (by a ``class`` statement, or by an extension)."""
    return bool(_class_flags(cls) & _HEAP_TYPE)


def module_namespace(module: types.ModuleType) -> dict[str, Any]:
    """The globals of a module."""
    result: dict[str, Any] = _module_dict(module)
    return result


def instance_dict(obj: object) -> dict[str, Any] | None:
    """The ``__dict__`` of an instance, or None when instances of its class have none."""
    for cls in mro(type(obj)):
        descriptor = namespace(cls).get("__dict__")
        if descriptor is not None and type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            found = descriptor.__get__(obj)
            return found if type(found) is dict else None
    return None


def slots(obj: object) -> list[tuple[str, Any]]:
    """Names and values of the slots of an instance, base classes last; ``UNSET`` for an empty one."""
    found: list[tuple[str, Any]] = []
    for cls in mro(type(obj)):
        if not is_heap_type(cls):
            continue
        for name, descriptor in namespace(cls).items():
            if type(descriptor) is types.MemberDescriptorType and name != "__dict__":
                found.append((name, _slot(descriptor, obj)))
    return found


def _slot(descriptor: types.MemberDescriptorType, obj: object) -> object:
    try:
        return descriptor.__get__(obj)
    except AttributeError:
        return UNSET


def hides_state(cls: type) -> bool:
    """Whether instances of ``cls`` hold bytes that its slots and ``__dict__`` do not show: state kept in C.

    A class made by a ``class`` statement is exactly as large as its base, plus one pointer for each slot, for
    ``__dict__`` and for ``__weakref__``. Anything larger was made by an extension, and keeps something to itself.
    """
    base = _class_base(cls)
    if base is None:
        return False
    own = namespace(cls)
    shown = sum(type(value) is types.MemberDescriptorType for value in own.values())
    shown += ("__dict__" in own) + ("__weakref__" in own)
    return bool(_class_basicsize(cls) > _class_basicsize(base) + _POINTER * shown)
