"""Which rule concerns a method by what it is a method of: a clock, a source of random numbers, a memo, a lock."""

from __future__ import annotations

import collections
import datetime
import functools
import io
import operator
import random
import threading
import types
from typing import Any

from jitserve._outcome import BypassReason

from . import _raw, _telltales

Rule = tuple[BypassReason, str]

_LOCAL_TIMES = frozenset(("astimezone", "timestamp"))
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_ASKING = frozenset(("acquire", "acquire_lock", "locked", "locked_lock", "release", "release_lock"))

_CLOCK: Rule = (BypassReason.TIME_READ, "reads the clock while tracing")
_ZONE: Rule = (BypassReason.TIME_READ, "it depends on the time zone of the process; give the time one")
_LOCK: Rule = (BypassReason.OPAQUE_CALLABLE, "whether a lock is held depends on others; use it in a with statement")
_STREAMS = io.IOBase.__base__  # the class in C that is in the order of all of them
_STREAM: Rule = (BypassReason.OPAQUE_CALLABLE, _telltales.STREAM)
_BY_NAME: dict[str, Rule] = {
    **dict.fromkeys(_telltales.CLOCK_METHODS, _CLOCK),
    **dict.fromkeys(_LOCAL_TIMES, _ZONE),
    **dict.fromkeys(_ASKING, _LOCK),
}
_MEMO_RULES: dict[str, Rule] = {
    "cache_clear": (BypassReason.TRACE_SIDE_EFFECT, "makes a memo forget, which a hit would not do; do it outside"),
    "cache_info": (BypassReason.MEMO_PREWARMED, "how full a memo is depends on what was called before this trace"),
}


def receiver_rule(function: Any, receiver: object) -> Rule | None:
    """The rule for a method that is written in C."""
    name = getattr(function, "__name__", "")
    if issubclass(type(receiver), type):
        return class_rule(receiver, name)  # type: ignore[arg-type]
    for kind in _raw.mro(type(receiver)):
        if kind is random.Random or _raw.module_name(kind).startswith("numpy.random"):
            return BypassReason.RNG_READ, "draws a random number while tracing"
        if kind is datetime.datetime and (name == "astimezone" or (name == "timestamp" and _is_naive(receiver))):
            return _ZONE  # no argument, or None, is the time zone of the process, and nobody tells what is given
        if kind is functools._lru_cache_wrapper and name in _MEMO_RULES:
            return _MEMO_RULES[name]
        if kind in _LOCKS and name in _ASKING:
            return _LOCK
        if kind is _STREAMS and name == "tell":
            return _STREAM
        if kind is datetime.date and name in _telltales.CLOCK_METHODS:
            return _CLOCK
    return None


def class_rule(cls: type, name: str) -> Rule | None:
    """The rule for what a class has under a name, be it a method of the class or of its instances."""
    if name not in _BY_NAME:
        return None
    holder = next((kind for kind in _raw.mro(cls) if name in _raw.namespace(kind)), None)
    of_clock = holder is datetime.datetime or holder is datetime.date
    return _BY_NAME[name] if of_clock or holder in _LOCKS else None


# What may lead C to such a method, which nobody hears: it is told by the value itself.
CARRIERS = frozenset(
    (
        *(types.BuiltinFunctionType, types.ClassMethodDescriptorType, types.MethodDescriptorType),
        *(collections.defaultdict, functools.partial, operator.methodcaller),
    )
)


def carried_rule(value: Any) -> Rule | None:
    """The rule for a method that a value is, or that it calls."""
    while type(value) is functools.partial:
        value = value.func
    if type(value) is collections.defaultdict:
        value = value.default_factory
    kind = type(value)
    if kind is types.BuiltinFunctionType:
        return receiver_rule(value, value.__self__) if value.__name__ in _BY_NAME else None
    if kind is types.MethodDescriptorType or kind is types.ClassMethodDescriptorType:
        return class_rule(value.__objclass__, value.__name__)
    if kind is operator.methodcaller:
        made_by, arguments = value.__reduce__()[:2]
        name = (arguments or made_by.args)[0]  # with keywords, it is made by a partial
        return _BY_NAME.get(str.__str__(name))
    return None


def _is_naive(time: Any) -> bool:
    return time.tzinfo is None
