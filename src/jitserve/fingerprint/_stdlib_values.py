"""Encoders of immutable values of the standard library, by what they mean rather than how they are kept."""

from __future__ import annotations

import contextvars
import dataclasses
import datetime
import decimal
import pathlib
import re
import types
import typing
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitserve import _core

from . import _raw
from ._path import Path

if TYPE_CHECKING:
    from ._walk import Walker

Encoder = Callable[["Walker", Any, Path, bool], None]


def _by(tag: str, read: Callable[[Any], tuple[Any, ...]]) -> Encoder:
    """An encoder that emits what ``read`` gives, under ``tag``."""

    def encode(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
        parts = read(obj)
        walker.tokens.begin(tag, len(parts))
        walker.push([(part, path, trusted) for part in parts])

    return encode


def _time(value: datetime.time) -> tuple[Any, ...]:
    return (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)


def _datetime(value: datetime.datetime) -> tuple[Any, ...]:
    return (value.toordinal(), *_time(value.timetz()))


def encode_context_variable(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A context variable: its name, and its value in the context that the trace would run in, or else its default.

    Which of the two it is counts: what is given to ``get`` goes before the default, but not before a value.
    """
    if not walker.number(obj, path):
        return
    is_set = obj.get(_raw.UNSET) is not _raw.UNSET
    try:
        value = obj.get()
    except LookupError:
        value = _raw.UNSET
    walker.tokens.begin("context variable", 3)
    walker.push([(obj.name, path, trusted), (is_set, path, trusted), (value, path, trusted)])


ENCODERS: dict[type, Encoder] = {
    datetime.date: _by("date", lambda value: (value.toordinal(),)),
    datetime.time: _by("time", _time),
    datetime.datetime: _by("datetime", _datetime),
    datetime.timedelta: _by("timedelta", lambda value: (value.days, value.seconds, value.microseconds)),
    datetime.timezone: _by("timezone", lambda value: value.__getinitargs__()),
    decimal.Decimal: _by("decimal", lambda value: tuple(value.as_tuple())),
    re.Pattern: _by("regex", lambda value: (value.pattern, value.flags)),
    uuid.UUID: _by("uuid", lambda value: (value.int,)),
    dataclasses.Field: _core.encode_field,
    contextvars.ContextVar: encode_context_variable,
    types.GenericAlias: _by("generic", lambda value: (value.__origin__, value.__args__)),
    types.UnionType: _by("union", lambda value: value.__args__),
    typing.TypeVar: _by("typevar", lambda value: (value.__name__,)),
    typing.ParamSpec: _by("paramspec", lambda value: (value.__name__,)),
    type(NotImplemented): _by("NotImplemented", lambda value: ()),
    type(...): _by("Ellipsis", lambda value: ()),
    **{
        kind: _by(kind.__name__, lambda value: (str(value),))
        for kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath)
    },
}
