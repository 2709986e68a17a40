"""What of a class does not count, and what is registered with it. ``cpp/bindings/encode_class.cpp`` encodes classes:
metaclass, method resolution order, and everything in the class's own namespace.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]

from . import _origin, _raw
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
    "__type_params__",
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


def registered(cls: type, users_only: bool) -> list[str]:
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
