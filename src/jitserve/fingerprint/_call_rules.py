"""Which rule concerns a call, by what is called and by what it is a method of."""

from __future__ import annotations

import datetime
import functools
import random
import threading
from typing import Any

from jitserve._outcome import BypassReason

from . import _raw, _static

# Where the functions are whose reading of a file is seen as the opening of that file.
_OPENING_MODULES = frozenset(("builtins", "io", "_io", "numpy", "numpy.lib._npyio_impl"))

_LOCAL_TIMES = frozenset(("astimezone", "timestamp"))
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_MEMO_RULES = {
    "cache_clear": (BypassReason.TRACE_SIDE_EFFECT, "makes a memo forget, which a hit would not do; do it outside"),
    "cache_info": (BypassReason.MEMO_PREWARMED, "how full a memo is depends on what was called before this trace"),
}
_ASKING = frozenset(("acquire", "acquire_lock", "locked", "locked_lock", "release", "release_lock"))


def untracked_rule(module: str, qualname: str) -> tuple[BypassReason, str] | None:
    """The rule for a function, unless what it reads is seen in another way and becomes a dependency."""
    rule = _static.rule_of(module, qualname)
    if rule is None or rule[0] is BypassReason.ENV_READ_UNTRACKED:
        return None
    return None if rule[0] is BypassReason.FILE_READ_UNTRACKED and module in _OPENING_MODULES else rule


def receiver_rule(function: Any, receiver: object) -> tuple[BypassReason, str] | None:
    """The rule for a method by what it is a method of: a clock, a source of random numbers, a memo, a lock."""
    name = getattr(function, "__name__", "")
    if issubclass(type(receiver), type):
        named_now = name in _static.CLOCK_METHODS
        of_clock = _raw.module_name(receiver) == "datetime"  # type: ignore[arg-type]
        return (BypassReason.TIME_READ, "reads the clock while tracing") if named_now and of_clock else None
    for kind in _raw.mro(type(receiver)):
        if kind is random.Random or _raw.module_name(kind).startswith("numpy.random"):
            return BypassReason.RNG_READ, "draws a random number while tracing"
        if kind is datetime.datetime and name in _LOCAL_TIMES and receiver.tzinfo is None:  # type: ignore[attr-defined]
            return BypassReason.TIME_READ, "it depends on the time zone of the process; give the time one"
        if kind is functools._lru_cache_wrapper and name in _MEMO_RULES:
            return _MEMO_RULES[name]
        if kind in _LOCKS and name in _ASKING:
            return BypassReason.OPAQUE_CALLABLE, "whether a lock is held depends on others; use it in a with statement"
    return None
