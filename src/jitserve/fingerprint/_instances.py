"""Encoder of instances: class, what the built-in base holds, ``__dict__`` in insertion order, and slots."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _annotations, _builtins, _containers, _functions, _origin, _raw, _static, adapters
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walk import Walker

Children = list[tuple[Any, Path, bool]]


def encode_instance(walker: Walker, obj: object, path: Path, trusted: bool) -> None:
    if not trusted:
        _static.check_instance(obj, path)
    if not walker.number(obj, path):
        return
    cls = type(obj)
    adapter = adapters.find(cls, trusted)
    if adapter.inert:
        walker.tokens.begin("inert", 1)
        walker.push([(cls, (path, ATTR, "__class__"), trusted)])
        return
    if _is_offered_by_name(walker, obj, path, trusted):
        return
    content = _content(walker, obj, path, trusted)
    fields = _fields(walker, obj, adapter.ignored)
    fields = [(name, value is not None if name in adapter.presence_only else value) for name, value in fields]
    walker.tokens.begin("instance", 1 + len(content) + 2 * len(fields))
    walker.tokens.int_(len(content))
    children: Children = [(cls, (path, ATTR, "__class__"), trusted), *content]
    for name, value in fields:
        children.append((name, path, trusted))
        children.append((value, (path, ATTR, name), trusted))
    walker.push(children)


def _is_offered_by_name(walker: Walker, obj: Any, path: Path, trusted: bool) -> bool:
    """An extension's callable that an opaque module offers under its own name (``np.shape``): encoded by that name."""
    cls = type(obj)
    # Every extension brings its own type of function, in a module of any name (``uarray``, that of ``scipy.fft``).
    compiled = _raw.qualname(cls) == _static.COMPILED or not _raw.is_heap_type(cls)
    if not _raw.hides_state(cls) or not (compiled or _origin.of_class(cls) is _origin.Origin.OPAQUE):
        return False
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", getattr(obj, "__name__", None))
    if not _origin.is_at_home(obj, module, name) or _origin.of_module(str(module)) is not _origin.Origin.OPAQUE:
        return False
    _builtins.name_opaque(walker, obj, module, name, path, trusted)
    return True


def _content(walker: Walker, obj: object, path: Path, trusted: bool) -> Children:
    """What ``obj`` holds as an instance of its nearest built-in base. Refuses state that cannot be read."""
    bases = _raw.mro(type(obj))
    readable = next((base for base in bases if id(base) in _READERS), object)
    for base in bases:
        if not _raw.is_subtype(readable, base) and _raw.hides_state(base):
            raise _unreadable(obj, base, path)
    read = _READERS.get(id(readable))
    return read(walker, obj, path, trusted) if read else []


def _thread_local(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """What a library keeps for this thread: a stack of contexts, most often empty."""
    if not trusted or _origin.of_class(type(obj)) is _origin.Origin.USER:
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), "a threading.local differs from thread to thread")
    return [(threading.local.__getattribute__(obj, "__dict__"), path, trusted)]


def _property(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """What a property of a subclass calls (numpyro's ``dependent_property``)."""
    parts = [(name, vars(property)[name].__get__(obj)) for name in ("fget", "fset", "fdel")]
    return [(value, (path, ATTR, name), trusted) for name, value in parts]


# By identity: a class that is asked for its hash may answer with code of the user's.
_READERS = {
    **{id(base): read for base, read in _containers.CONTENTS.items()},
    id(functools.partial): _functions.partial_contents,
    id(property): _property,
    id(threading.local): _thread_local,
}


def _unreadable(obj: object, base: type, path: Path) -> Refusal:
    name = f"{_raw.module_name(type(obj))}.{_raw.qualname(type(obj))}"
    kinds = _raw.mro(type(obj))
    is_file = any(_raw.module_name(kind) == "_io" for kind in kinds)
    if not is_file and any("__next__" in _raw.namespace(kind) for kind in kinds):
        return Refusal(
            BypassReason.GENERATOR_STATE,
            render(path),
            f"a {name} remembers how far it has been read; make it a list or a tuple",
        )
    return Refusal(
        BypassReason.UNKNOWN_OBJECT,
        render(path),
        f"a {name} keeps state outside Python ({_raw.qualname(base)}); pass what is needed of it as an argument, "
        "or register a fingerprint for its type",
    )


def _fields(walker: Walker, obj: object, ignored: frozenset[str]) -> list[tuple[str, Any]]:
    fields: list[tuple[str, Any]] = []
    described = _origin.of_class(type(obj)) is _origin.Origin.OPAQUE
    for name, value in dict.items(_raw.instance_dict(obj) or {}):
        if name in ignored or (described and name in _functions.DESCRIPTIVE):
            continue
        if name == "__annotations__":
            _annotations.emit(walker, value)
            continue
        fields.append((name, value))
    for name, value in _raw.slots(obj):
        if name not in ignored:
            fields.append((name, value))
    return fields
