"""What a walk meets that asks objects for attributes in C, where no recorder hears by which names."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import _raw
from ._attribute_names import ALL, names_of, takes_in_c
from ._path import Path, is_looked_up_by

if TYPE_CHECKING:
    from ._walker import Walker

_METHODS_IN_C = (types.ClassMethodDescriptorType, types.MethodDescriptorType, types.WrapperDescriptorType)


def meet_classes(walker: Walker) -> None:
    """Notes what C asks classes for, and whether there is one in C itself.

    Names of abstract methods are looked up in the bases of every class that is made with one. A class in C, of a
    package that is not heard, reads what its methods are given, and C calls these, too, or makes or calls an instance.
    """
    for cls, _, _ in walker.classes:
        walker.unread.asked.update(_abstract_names(cls))
    for cls, _, _ in walker.classes:
        if takes_in_c(_raw.module_name(cls)) and _is_in_c(cls):
            walker.unread.is_allowed = False
            return


def _abstract_names(cls: type) -> Iterator[str]:
    names = _raw.namespace(cls).get("__abstractmethods__")
    return (name for name in names if type(name) is str) if type(names) is frozenset else iter(())


def _is_in_c(cls: type) -> bool:
    """Whether a class has methods of its own that are written in C. Those of a ``class`` statement are others' own."""
    return any(
        (any(type(value) is kind for kind in _METHODS_IN_C) and value.__objclass__ is cls)
        or (type(value) is types.BuiltinFunctionType and value.__self__ is cls)
        for value in _raw.namespace(cls).values()
    )


def meet_builtin(walker: Walker, name: str, path: Path, trusted: bool) -> None:
    """Notes a function in C that takes all attributes, where the user's code need not look it up by its own name.

    A parameter or a variable of that name is not looked up, so the name is none of those that tell.
    """
    if not trusted and name in ALL and not is_looked_up_by(path, name):
        walker.unread.is_allowed = False
        walker.unread.asked.add(name)


def meet_getter(walker: Walker, arguments: tuple[object, ...], trusted: bool) -> None:
    """Notes what an ``attrgetter`` or a ``methodcaller`` asks for; one with keywords does not say so."""
    walker.unread.is_allowed &= bool(arguments)
    asked = [part for text in arguments if isinstance(text, str) for part in names_of(text)]
    walker.unread.asked.update(asked)
    if not trusted:
        walker.unread.getters.update(asked)
