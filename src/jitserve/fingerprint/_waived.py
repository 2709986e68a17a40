"""Encoders of what the user vouches for: pure functions, files by content, objects with a registered fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitserve._dependencies import File
from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import PureFunction
from jitserve._registrations import registrations
from jitserve._signals import pass_on

from . import _raw
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_DATA = "<registered fingerprint>"


def encode_pure(walker: Walker, obj: PureFunction, path: Path, trusted: bool) -> None:
    """A pure function: its name and its version, and nothing below it."""
    walker.unread.is_allowed = False  # what it reads of its arguments is the user's business
    walker.tokens.begin("pure", 3)
    for part in obj.identity:
        walker.tokens.scalar(part)


def encode_file(walker: Walker, obj: File, path: Path, trusted: bool) -> None:
    try:
        digest = obj.digest()
    except OSError as error:
        raise Refusal(BypassReason.FILE_READ_UNTRACKED, render(path), f"{obj!r} cannot be read: {error}") from None
    walker.tokens.begin("file", 1)
    walker.tokens.scalar(digest)


def registered(cls: type) -> Callable[[Walker, Any, Path, bool], None] | None:
    """The encoder of a class whose fingerprint somebody has registered."""
    describe = registrations.function_of(cls)
    if describe is None:
        return None

    def encode(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
        if not walker.number(obj, path):
            return
        try:
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
            ]
        )

    return encode


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


ENCODERS = {PureFunction: encode_pure, File: encode_file}
