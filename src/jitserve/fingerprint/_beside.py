"""What an object of a library holds beside the parts that its encoder reads: attributes that somebody has set on it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _origin, _raw
from ._path import Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_MEMOS = frozenset(("_hash",))


def beside(obj: object, own: frozenset[str] = frozenset()) -> tuple[tuple[str, Any], ...] | None:
    """The attributes of an instance but for its own and for what its class remembers; None where there are none.

    Args:
        obj: the instance.
        own: names of the attributes that its encoder reads, or that say nothing.
    """
    namespace = _raw.instance_dict(obj)
    if not namespace:
        return None
    names = [name for name in dict.keys(namespace) if name not in own and name not in _MEMOS]
    return tuple((name, namespace[name]) for name in names if not _is_memo(type(obj), name)) or None


def _is_memo(cls: type, name: str) -> bool:
    found = next((_raw.namespace(kind)[name] for kind in _raw.mro(cls) if name in _raw.namespace(kind)), None)
    return type(found) is functools.cached_property


def check_class(walker: Walker, obj: object, path: Path) -> None:
    """Refuses instances of a user's subclass of a library's class: its encoder reads what the base class holds.

    Raises:
        Refusal: UNKNOWN_OBJECT.
    """
    if not walker.is_opaque_class(type(obj)):
        name = f"{_raw.module_name(type(obj))}.{_raw.qualname(type(obj))}"
        what = f"{name} is a subclass of {_base_of(type(obj))}, which is encoded by its parts; use that itself"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), what)


def _base_of(cls: type) -> str:
    base = next((kind for kind in _raw.mro(cls) if _origin.of_class(kind) is _origin.Origin.OPAQUE), object)
    return _raw.qualname(base)
