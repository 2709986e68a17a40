"""What of a class does not count, and what is registered with it. ``cpp/bindings/encode_class.cpp`` encodes classes:
metaclass, method resolution order, and everything in the class's own namespace.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
import collections.abc
import contextlib
import io
import numbers
import os
import typing

from jitserve import _core

from . import _raw, adapters
from ._functions import DESCRIPTIVE
from ._origin import Origin

# Bookkeeping of the interpreter and of the standard library that says nothing about what the class does. Some of it
# appears only once the class has been used, and would make a digest depend on the process's past.
BOOKKEEPING = DESCRIPTIVE | {
    "__dict__",
    "__weakref__",
    "__module__",
    "__qualname__",
    "__firstlineno__",
    "__static_attributes__",
    "__slotnames__",
    "__annotations__",
    "__annotations_cache__",
    "__annotate_func__",
    "_abc_impl",
    "_value2member_map_",
    "__signature__",
    *adapters.CLASS_ATTRIBUTES,
}


# How instances of a library's classes show themselves to people. (If a trace does run one of these, the recorder sees
# code that the walk has not covered, and nothing is published.)
PRESENTATION = frozenset(
    (
        "__pdoc__",
        "__treescope_repr__",
        "__penzai_repr__",
        "__rich_repr__",
        "__nnx_repr__",
        "_repr_html_",
        "_repr_pretty_",
        "_ipython_display_",
        "tabulate",
    )
)

# Modules of classes that every program has, and those of them that register classes of theirs when they are loaded.
_COMMON = frozenset(("array", "builtins", "collections", "datetime", "decimal", "fractions", "jax", "jaxlib", "numpy"))
_REGISTER_THEMSELVES = ("jaxlib.mlir", "numpy.random")
# What Python and NumPy register themselves: class and abstract base class.
_REGISTERED = frozenset(
    (
        *("Decimal Number", "number Number", "complex Complex", "inexact Complex", "float Real", "floating Real"),
        *("int Integral", "integer Integral", "frozenset Set", "set MutableSet", "mappingproxy Mapping"),
        *("dict MutableMapping", "dict_keys KeysView", "dict_items ItemsView", "dict_values ValuesView"),
        *("odict_keys KeysView", "odict_items ItemsView", "odict_values ValuesView", "OrderedDict MutableMapping"),
        *("str Sequence", "range Sequence", "memoryview Sequence", "tuple Sequence", "bytes Sequence"),
        *("bytes ByteString", "bytearray ByteString", "bytearray MutableSequence", "array MutableSequence"),
        *("list MutableSequence", "deque MutableSequence", "bytes Buffer", "bytearray Buffer", "memoryview Buffer"),
    )
)

# Abstract base classes that other modules of the standard library ask for, with their names.
_ASKED_BY_STDLIB: tuple[tuple[str, type], ...] = tuple(
    (f"{module.__name__}.{name}", value)
    for module in (collections.abc, contextlib, io, numbers, os, typing)
    for name, value in vars(module).items()
    if isinstance(value, type) and "_abc_impl" in _raw.namespace(value)
)

# What was registered with classes, by their ids, and the classes.
_Registered = dict[int, tuple[type, list[str]]]


def registered(cls: type, users_only: bool, known: _Registered) -> list[str]:
    """Names of the classes that were registered with an abstract base class, which ``isinstance`` goes by.

    Libraries register theirs with those of the standard library when they are imported, and to have an instance of
    such a class is to have imported it. So there only the user's count, and what others than its own module have
    registered of a class that everybody has. What is registered with a class made from it, is registered with it, too;
    but ``abc.ABC`` is made to be derived from, and all abstract base classes are made from it.

    ``known`` holds what this walk has found so far: a class such as ``Sequence`` is made from several others.
    """
    if "_abc_impl" not in _raw.namespace(cls) or cls is abc.ABC:
        return []
    found = {id(cls): (cls, _registered_with(cls, False))} if not users_only else {}
    # By their ids: a class that is made from several others would come more than once.
    _core.add_abstract_classes_from(cls, found, known, _registered_by_users_with)
    return sorted(name for _, names in found.values() for name in names)


def registered_as(cls: type, known: dict[int, list[str]]) -> list[str]:
    """Names of the abstract base classes of the standard library that a class was registered with.

    The walk does not come past them where only code of the standard library asks (``fractions`` for
    ``numbers.Rational``). ``known`` holds, for this walk, all that were registered by anybody, by their ids.
    """
    if not known:
        known[0] = []  # the id of no class
        for name, kind in _ASKED_BY_STDLIB:
            for reference in _abc._get_dump(kind)[0]:
                known.setdefault(id(reference()), []).append(name)
    return known.get(id(cls), [])


def _registered_with(cls: type, users_only: bool) -> list[str]:
    references = _abc._get_dump(cls)[0]
    if not references:  # as with most
        return []
    kinds = [kind for reference in references if (kind := reference()) is not None]
    if users_only:
        kinds = [kind for kind in kinds if not _is_everybodys(cls, kind)]
        kinds = [k for k in kinds if _core.origin_of_class(k) is Origin.USER or _is_meddled_with(cls, k)]
    return [f"{_raw.module_name(kind)}.{_raw.qualname(kind)}" for kind in kinds]


def _registered_by_users_with(cls: type) -> list[str]:
    return _registered_with(cls, True)


def _is_everybodys(cls: type, kind: type) -> bool:
    """Whether it is a class in C that Python registers itself: nobody can make one up, so its origin is not asked."""
    return not _raw.is_heap_type(kind) and f"{_raw.qualname(kind)} {_raw.qualname(cls)}" in _REGISTERED


def _is_meddled_with(cls: type, kind: type) -> bool:
    """Whether it is no module of its own, as far as is known, that has registered a class which everybody has."""
    module = _raw.module_name(kind)
    if module.partition(".")[0] not in _COMMON or module.startswith(_REGISTER_THEMSELVES):
        return False
    return f"{_raw.qualname(kind)} {_raw.qualname(cls)}" not in _REGISTERED
