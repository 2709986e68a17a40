"""Encoders of what the user vouches for: pure functions, files by content, objects with a registered fingerprint."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitserve._dependencies import ATTRIBUTE, File
from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import PureFunction, waived
from jitserve._registrations import registrations
from jitserve._signals import pass_on

from . import _functions, _raw
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_DATA = "<registered fingerprint>"


def encode_pure(walker: Walker, obj: PureFunction, path: Path, trusted: bool) -> None:
    """A pure function: its name and its version, and what has been set on it. Nothing of what it does."""
    if not walker.number(obj, path):
        return
    if obj.scope is not None and not _is_found_by_name(walker, obj):
        detail = f"is not what {'.'.join(obj.identity[:2])} holds, and pure functions are told apart by their names"
        raise Refusal(BypassReason.OPAQUE_CALLABLE, render(path), f"{detail}; give it a name of its own")
    walker.unread.is_allowed = False  # what it reads of its arguments is the user's business
    children = _functions.attributes(walker, _set_on(obj, obj.works), path, trusted)
    if type(obj.function) is types.FunctionType:
        children += _functions.attributes(
            walker, _set_on(obj.function, obj.works), (path, ATTR, "__wrapped__"), trusted
        )
    walker.tokens.begin("pure", 3 + len(children))
    for part in obj.identity:
        walker.tokens.scalar(part)
    walker.push(children)


def _is_found_by_name(walker: Walker, obj: PureFunction) -> bool:
    module, qualname, _ = obj.identity
    known = (obj, obj.function, _method_of_class(obj))
    if any(walker.is_at_home(candidate, module, qualname) for candidate in known):
        return True
    held: Any = obj.scope  # of a module that nobody has imported
    for name in qualname.split("."):
        if type(held) is not dict and not issubclass(type(held), type):
            return False
        held = held.get(name) if type(held) is dict else _raw.namespace(held).get(name)
        held = held.__func__ if type(held) in (staticmethod, classmethod) else held
    return any(held is candidate for candidate in known)


def _method_of_class(obj: PureFunction) -> object:
    """What a class holds where its method is pure, bound to that very class; else the callable itself."""
    bound = obj.function
    if type(bound) is not types.MethodType or not issubclass(type(bound.__self__), type):
        return bound
    owner: Any = bound.__self__
    qualname = f"{_raw.qualname(owner)}.{bound.__func__.__name__}"
    return bound.__func__ if (_raw.module_name(owner), qualname) == obj.identity[:2] else bound


def _set_on(obj: Any, works: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a callable that the user has set. Its names can be set, and read."""
    left_out = {name for name, value in works.items() if name != ATTRIBUTE and vars(obj).get(name) is value}
    return {name: value for name, value in vars(obj).items() if name not in _DESCRIPTIVE and name not in left_out}


_DESCRIPTIVE = frozenset(("__doc__", "__annotations__", "__type_params__", "__wrapped__")) | PureFunction.OWN


def encode_file(walker: Walker, obj: File, path: Path, trusted: bool) -> None:
    if not walker.number(obj, path):
        return
    try:
        with waived():
            digest = obj.digest()
    except OSError as error:
        raise Refusal(BypassReason.FILE_READ_UNTRACKED, render(path), f"the file cannot be read: {error}") from None
    walker.tokens.begin("file", 1)
    walker.tokens.scalar(digest)


def registered(cls: type) -> Callable[[Walker, Any, Path, bool], None] | None:
    """The encoder of a class whose fingerprint somebody has registered."""
    describe = registrations.function_of(cls) if registrations else None
    if describe is None:
        return None

    def encode(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
        if id(obj) in walker.described:
            detail = f"the fingerprint registered for {_raw.qualname(cls)} is of data that leads back to the object"
            raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), f"{detail}; let it return plain data")
        if not walker.number(obj, path):
            return
        try:
            with waived():  # it runs for the walk, within whatever trace
                data = describe(obj)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            pass_on(error)
            text = f"the fingerprint registered for {_raw.qualname(cls)} raised {type(error).__name__}: {error}"
            raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), text) from None
        walker.tokens.begin("registered", 3)
        # The class, whose methods a trace may run, and the function: another one may mean something else by its data.
        walker.push(
            [
                (cls, (path, ATTR, "__class__"), trusted),
                (describe, (path, ATTR, _DATA), trusted),
                (data, (path, ATTR, "data"), trusted),
                (_Described(obj), path, trusted),
            ]
        )
        walker.described.add(id(obj))

    return encode


class _Described:
    """Comes after all that the data of an object leads to."""

    __slots__ = ("obj",)

    def __init__(self, obj: object) -> None:
        self.obj = obj


def _end_described(walker: Walker, obj: _Described, path: Path, trusted: bool) -> None:
    walker.described.discard(id(obj.obj))


def waiver(obj: object) -> str | None:
    """How an object came into a key without being read, for people; None for ordinary objects."""
    if type(obj) is PureFunction:
        module, qualname, version = obj.identity
        return f"pure function {module}.{qualname}, version {version!r}"
    describe = registrations.function_of(type(obj))
    if describe is not None:
        by = f"{getattr(describe, '__module__', '?')}.{getattr(describe, '__qualname__', '?')}"
        return f"object of {_raw.module_name(type(obj))}.{_raw.qualname(type(obj))}, fingerprint registered by {by}"
    return None


ENCODERS = {PureFunction: encode_pure, File: encode_file, _Described: _end_described}
