"""Encoder of classes: metaclass, method resolution order, and everything in the class's own namespace."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
from typing import TYPE_CHECKING, Any

from . import _annotations, _origin, _raw, _static
from ._functions import DESCRIPTIVE
from ._origin import Origin
from ._path import ATTR, Path

if TYPE_CHECKING:
    from ._walk import Walker

# Bookkeeping of the interpreter and of the standard library that says nothing about what the class does. Some of it
# appears only once the class has been used, and would make a digest depend on the process's past.
_BOOKKEEPING = DESCRIPTIVE | {
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
    "__type_params__",
}


# How instances of a library's classes show themselves to people. (If a trace does run one of these, the recorder sees
# code that the walk has not covered, and nothing is published.)
_PRESENTATION = frozenset(
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


def encode_class(walker: Walker, obj: type, path: Path, trusted: bool) -> None:
    if not walker.number(obj, path):
        return
    origin = _origin.of_class(obj)
    module, name = _raw.module_name(obj), _raw.qualname(obj)
    if origin is Origin.OPAQUE:
        if not trusted:
            _static.check_opaque(obj, module, name, path)
        registered = _registered(obj, users_only=True)
        walker.tokens.begin("opaque class", 2 + len(registered))
        for text in (module, name, *registered):
            walker.tokens.str_(text)
        return
    _walked_class(walker, obj, path, origin is Origin.LIBRARY)


def _walked_class(walker: Walker, obj: type, path: Path, trusted: bool) -> None:
    walker.registries.saw_class(obj, path, trusted)
    tokens = walker.tokens
    bases = _raw.mro(obj)[1:]
    hidden = _BOOKKEEPING | _PRESENTATION if trusted else _BOOKKEEPING
    namespace = [(name, value) for name, value in _raw.namespace(obj).items() if name not in hidden]
    tokens.begin("class", 1 + len(bases) + 2 * len(namespace))
    tokens.str_(_raw.module_name(obj))
    tokens.str_(_raw.qualname(obj))
    _annotations.emit(walker, _raw.namespace(obj).get("__annotations__"))
    for name in _registered(obj, users_only=False):
        tokens.str_(name)
    tokens.int_(len(bases))
    children: list[tuple[Any, Path, bool]] = [(type(obj), (path, ATTR, "__class__"), trusted)]
    children += [(base, (path, ATTR, "__mro__"), trusted) for base in bases]
    for name, value in namespace:
        children.append((name, path, trusted))
        children.append((value, (path, ATTR, name), trusted))
    walker.push(children)


def _registered(cls: type, users_only: bool) -> list[str]:
    """Names of the classes that were registered with an abstract base class, which ``isinstance`` goes by.

    Libraries register theirs with those of the standard library when they are imported, and to have an instance of
    such a class is to have imported it. So there only the user's count.
    """
    if "_abc_impl" not in _raw.namespace(cls):
        return []
    classes = [reference() for reference in _abc._get_dump(cls)[0]]
    return sorted(
        f"{_raw.module_name(kind)}.{_raw.qualname(kind)}"
        for kind in classes
        if kind is not None and not (users_only and _origin.of_class(kind) is not Origin.USER)
    )
