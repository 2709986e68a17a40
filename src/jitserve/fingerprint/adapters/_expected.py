"""What libraries put into attributes that are left out: anything else there is somebody else's, and counts."""

from __future__ import annotations

from .. import _origin, _raw


def is_of_library(obj: object, value: object) -> bool:
    """Whether an object is of a class of the library itself: one that is made from it may mean something else."""
    return _origin.of_class(type(obj)) is not _origin.Origin.USER


def is_hash(obj: object, value: object) -> bool:
    """Whether a memo holds a hash, or nothing yet."""
    return (value is None or type(value) is int) and is_of_library(obj, value)


def is_a(value: object, module: str, qualname: str) -> bool:
    """Whether something is an instance of a class of a library, told by its name."""
    kind = type(value)
    named = _raw.qualname(kind) == qualname and _raw.module_name(kind) == module
    return named and _origin.of_class(kind) is not _origin.Origin.USER
