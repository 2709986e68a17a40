"""What is the same for all instances of a class: how to read one, and what of it counts."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _containers, _functions, _ordinary, _origin, _raw, _static, adapters
from ._class_memo import ClassMemo
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

Children = list[tuple[Any, Path, bool]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is the same for all instances of a class while a walk lasts.

    Attributes:
        cls: the class.
        adapter: what is known about it.
        may_be_offered: whether an opaque module may offer an instance under its own name.
        read: reads what an instance holds as one of the nearest built-in base; None where that holds nothing.
        unreadable: a base that keeps state to itself; None where all state can be read.
        namespace, slots: the descriptors of ``__dict__`` and of the slots, the latter by name, base classes last.
        is_opaque: whether the class is of an opaque module.
        is_ordinary: whether code reads those attributes only that it names.
        is_plain: whether nothing is known about it, and there is nothing to an instance but attributes and slots.
    """

    cls: type
    adapter: adapters.Adapter
    may_be_offered: bool
    read: Callable[[Walker, Any, Path, bool], Children] | None
    unreadable: type | None
    namespace: Any
    slots: tuple[tuple[str, Any], ...]
    is_opaque: bool
    is_ordinary: bool
    is_plain: bool


def shape_of(walker: Walker, cls: type, trusted: bool) -> Shape:
    known = walker.shapes.get((id(cls), trusted))
    if known is None:
        known = walker.shapes[id(cls), trusted] = _look_at(walker, cls, trusted)
    return known


def _look_at(walker: Walker, cls: type, trusted: bool) -> Shape:
    outline = _OUTLINES[trusted].of(cls)
    is_opaque = walker.is_opaque_class(cls)
    may_be_offered = outline.hides_state and (outline.is_compiled or is_opaque)
    is_ordinary = not trusted and _ordinary.is_ordinary(cls)
    return Shape(
        cls=cls,
        adapter=outline.adapter,
        may_be_offered=may_be_offered,
        read=outline.read,
        unreadable=_unreadable_base(cls) if outline.is_unreadable else None,
        namespace=_raw.dict_descriptor(cls),
        slots=tuple(_core.slot_descriptors(cls)) if outline.has_slots else (),
        is_opaque=is_opaque,
        is_ordinary=is_ordinary,
        is_plain=outline.is_plain and not may_be_offered and not is_ordinary,
    )


@dataclass(frozen=True, slots=True)
class _Outline:
    """What of a shape is the same from walk to walk, without the class."""

    adapter: adapters.Adapter
    hides_state: bool
    is_compiled: bool
    read: Callable[[Walker, Any, Path, bool], Children] | None
    is_unreadable: bool
    has_slots: bool

    @property
    def is_plain(self) -> bool:
        return self.adapter is adapters.NOTHING and self.read is None and not self.is_unreadable


def _outline(trusted: bool) -> ClassMemo[_Outline]:
    return ClassMemo(
        lambda cls: _Outline(
            adapter=adapters.find(cls, trusted),
            hides_state=_raw.hides_state(cls),
            # Every extension brings its own type of function, in a module of any name (``uarray``).
            is_compiled=_raw.qualname(cls) == _static.COMPILED or not _raw.is_heap_type(cls),
            read=_READERS.get(id(_readable_base(cls))),
            is_unreadable=_unreadable_base(cls) is not None,
            has_slots=bool(_core.slot_descriptors(cls)),
        )
    )


_OUTLINES = {trusted: _outline(trusted) for trusted in (False, True)}


def _readable_base(cls: type) -> type:
    return next((base for base in _raw.mro(cls) if id(base) in _READERS), object)


def _unreadable_base(cls: type) -> type | None:
    readable = _readable_base(cls)
    return next(
        (kind for kind in _raw.mro(cls) if not _raw.is_subtype(readable, kind) and _raw.hides_state(kind)), None
    )


def _thread_local(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """What a library keeps for this thread: a stack of contexts, most often empty."""
    if adapters.is_known_local(obj):
        return []
    if not trusted or _origin.of_class(type(obj)) is _origin.Origin.USER:
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), "a threading.local differs from thread to thread")
    return [(threading.local.__getattribute__(obj, "__dict__"), path, trusted)]


def _property(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """What a property of a subclass calls (numpyro's ``dependent_property``)."""
    parts = [(name, vars(property)[name].__get__(obj)) for name in ("fget", "fset", "fdel")]
    return [(value, (path, ATTR, name), trusted) for name, value in parts]


def _super(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """After which class a ``super`` object looks for attributes, in whose order, and for whom."""
    names = ("__thisclass__", "__self__", "__self_class__")
    return [(vars(super)[name].__get__(obj), (path, ATTR, name), trusted) for name in names]


# By identity: a class that is asked for its hash may answer with code of the user's.
_READERS = {
    **{id(base): read for base, read in _containers.CONTENTS.items()},
    id(functools.partial): _functions.partial_contents,
    id(super): _super,
    id(property): _property,
    id(threading.local): _thread_local,
}
