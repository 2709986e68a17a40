"""Readers that run no user code: what ``type`` and ``object`` store, past any override of attribute access.

Descriptors are taken from the built-in types themselves, because ``cls.__mro__`` or ``obj.__dict__`` may be
redefined by a metaclass or a property, and a fingerprint that runs user code has side effects of its own.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from jitserve import _core

_class_dict = type.__dict__["__dict__"].__get__
_class_mro = type.__dict__["__mro__"].__get__
_class_name = type.__dict__["__qualname__"].__get__
_class_module = type.__dict__["__module__"].__get__
_class_flags = type.__dict__["__flags__"].__get__
_module_dict = _class_dict(types.ModuleType)["__dict__"].__get__

_HEAP_TYPE = 1 << 9
PYBIND11 = "pybind11_builtins"  # the module of the records that functions are bound to which pybind11 has made


class _Unset:
    """The value of a slot that holds nothing, and of an empty closure cell."""


UNSET = _Unset()


class _Attributes:
    """Stands for the missing descriptor of ``__dict__``."""

    __get__ = staticmethod(_core.attributes_of)


_ATTRIBUTES = _Attributes()


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
    if type(cls) is type:
        return True
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
    return read_dict(dict_descriptor(type(obj)), obj)


def dict_descriptor(cls: type) -> Any:
    """What reads the ``__dict__`` of instances of a class, or None when they have none.

    Where the class statement gave that name a value of its own, Python makes no descriptor of it.
    """
    found = _core.attributes_descriptor(cls)
    return _ATTRIBUTES if found is True else found


def read_dict(descriptor: Any, obj: object) -> dict[str, Any] | None:
    """The ``__dict__`` of an instance by its descriptor: a dictionary, or one of a class made from it."""
    found = None if descriptor is None else descriptor.__get__(obj)
    return found if issubclass(type(found), dict) else None


def slots(obj: object) -> list[tuple[str, Any]]:
    """Names and values of the slots of an instance, base classes last; ``UNSET`` for an empty one."""
    return [(name, read_slot(descriptor, obj)) for name, descriptor in _core.slot_descriptors(type(obj))]


def read_slot(descriptor: types.MemberDescriptorType, obj: object) -> object:
    """What a slot holds; ``UNSET`` for nothing."""
    try:
        return descriptor.__get__(obj)
    except AttributeError:
        return UNSET


def hides_state(cls: type) -> bool:
    """Whether instances of ``cls`` hold bytes that its slots and ``__dict__`` do not show: state kept in C.

    A class made by a ``class`` statement is exactly as large as its base, plus one pointer for each slot, for
    ``__dict__`` and for ``__weakref__``. Anything larger was made by an extension, and keeps something to itself.
    """
    return _core.hides_state(cls)
