"""Encoders of immutable values of the standard library, by what they mean rather than how they are kept."""

from __future__ import annotations

import collections
import contextvars
import dataclasses
import datetime
import decimal
import functools
import gc
import pathlib
import re
import struct
import types
import typing
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _annotations, _instances, _raw
from ._path import Path, render

if TYPE_CHECKING:
    from ._walker import Walker

Encoder = Callable[["Walker", Any, Path, bool], None]


def _by(tag: str, read: Callable[[Any], tuple[Any, ...]], *, alone: bool = False) -> Encoder:
    """An encoder that emits what ``read`` gives, under ``tag``. ``alone``: each is equal to itself only."""

    def encode(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
        if alone and not walker.number(obj, path):
            return
        parts = read(obj)
        walker.tokens.begin(tag, len(parts))
        walker.push([(part, path, trusted) for part in parts])

    return encode


def _time(value: datetime.time) -> tuple[Any, ...]:
    return (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)


def _datetime(value: datetime.datetime) -> tuple[Any, ...]:
    return (value.toordinal(), *_time(value.timetz()))


def _encode_time(encode: Encoder) -> Encoder:
    """The same, with a note that there are dates."""

    def noting(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
        walker.has_met_times = True
        encode(walker, obj, path, trusted)

    return noting


def _type_parameter(value: Any) -> tuple[Any, ...]:
    """Its name, its variance, its default, and by their names what it is bound to."""
    variance = (getattr(value, name, None) for name in ("__covariant__", "__contravariant__", "__infer_variance__"))
    own = _raw.instance_dict(value) or {}
    added = [item for item in dict.items(own) if not item[0].startswith("__")]
    return (value.__name__, *variance, *_default(value), *_annotations.bounds_of(value), *added)


def _default(value: Any) -> tuple[Any, ...]:
    """The default of a type parameter, or what will find it: nobody must be the first to ask."""
    has_default = getattr(value, "has_default", None)  # since Python 3.13
    if has_default is None or not has_default():
        return (False,)
    finders = [held for held in gc.get_referents(value) if type(held) is types.FunctionType]
    return (True, *(finders or (value.__default__,)))


def _match(value: re.Match[Any]) -> tuple[Any, ...]:
    return (value.re, value.string, value.pos, value.endpos, value.regs)


def encode_decimal(walker: Walker, obj: decimal.Decimal, path: Path, trusted: bool) -> None:
    """A decimal number: numbered only if it is none, as NaNs are."""
    if not obj.is_nan() or walker.number(obj, path):
        parts = tuple(obj.as_tuple())
        walker.tokens.begin("decimal", len(parts))
        walker.push([(part, path, trusted) for part in parts])


def encode_memory(walker: Walker, obj: memoryview, path: Path, trusted: bool) -> None:
    """A view of bytes. What a view of anything else shows may change, and what it belongs to is not seen."""
    try:
        owner: object = obj.obj
    except ValueError:  # it was released
        owner = None
    if type(owner) is not bytes:
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), "a memoryview of something else than bytes")
    if walker.number(obj, path):
        parts = (owner, obj.tobytes(), obj.format, obj.shape, obj.strides)
        walker.tokens.begin("memoryview", len(parts))
        walker.push([(part, path, trusted) for part in parts])


def encode_ordered(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """An ``OrderedDict``, and the order that it has as a dictionary where that is another one."""
    order = list(map(id, collections.OrderedDict.__iter__(obj)))
    inner = list(map(id, dict.__iter__(obj)))
    if order != inner and not walker.knows(obj):
        walker.tokens.tag("order as a dictionary")
        for key in inner:
            walker.tokens.int_(order.index(key))
    _instances.encode_instance(walker, obj, path, trusted)


def encode_key(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """What ``functools.cmp_to_key`` makes of a function: that function, which C keeps to itself."""
    kept = [held for held in gc.get_referents(obj) if held is not type(obj)]
    if len(kept) != 1:
        raise Refusal(
            BypassReason.UNKNOWN_OBJECT, render(path), "a key that is to be compared; keep what it was made of"
        )
    if walker.number(obj, path):
        walker.tokens.begin("cmp_to_key", 1)
        walker.push([(kept[0], path, trusted)])


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
    datetime.date: _encode_time(_by("date", lambda value: (value.toordinal(),))),
    datetime.time: _by("time", _time),
    datetime.datetime: _encode_time(_by("datetime", _datetime)),
    datetime.timedelta: _by("timedelta", lambda value: (value.days, value.seconds, value.microseconds)),
    datetime.timezone: _by("timezone", lambda value: value.__getinitargs__()),
    decimal.Decimal: encode_decimal,
    re.Pattern: _by("regex", lambda value: (value.pattern, value.flags)),
    uuid.UUID: _by("uuid", lambda value: (type(value), value.int, value.is_safe.value)),
    struct.Struct: _by("struct", lambda value: (value.format, value.size), alone=True),
    re.Match: _by("match", _match, alone=True),
    collections.OrderedDict: encode_ordered,
    memoryview: encode_memory,
    type(functools.cmp_to_key(lambda one, other: 0)): encode_key,
    dataclasses.Field: _core.encode_field,
    contextvars.ContextVar: encode_context_variable,
    types.GenericAlias: _by("generic", lambda value: (value.__origin__, value.__args__, value.__unpacked__)),
    types.UnionType: _by("union", lambda value: value.__args__),
    typing.TypeVar: _by("typevar", _type_parameter, alone=True),
    typing.ParamSpec: _by("paramspec", _type_parameter, alone=True),
    typing.TypeVarTuple: _by("typevartuple", _type_parameter, alone=True),
    type(NotImplemented): _by("NotImplemented", lambda value: ()),
    type(...): _by("Ellipsis", lambda value: ()),
    **{
        kind: _by(
            kind.__name__, lambda value: (*type(value).__mro__[:-1], str(value))
        )  # classes for what is added to them
        for kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath)
    },
}
