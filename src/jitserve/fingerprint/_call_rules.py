"""Which rule concerns a call, by what is called and by what it is a method of."""

from __future__ import annotations

import random
from typing import Any

from jitserve._outcome import BypassReason

from . import _raw, _static

# Where the functions are whose reading of a file is seen as the opening of that file.
_OPENING_MODULES = frozenset(("builtins", "io", "_io", "numpy", "numpy.lib._npyio_impl", "pkgutil"))


def untracked_rule(module: str, qualname: str) -> tuple[BypassReason, str] | None:
    """The rule for a function, unless what it reads is seen in another way and becomes a dependency."""
    rule = _static.rule_of(module, qualname)
    if rule is None or rule[0] is BypassReason.ENV_READ_UNTRACKED:
        return None
    return None if rule[0] is BypassReason.FILE_READ_UNTRACKED and module in _OPENING_MODULES else rule


def receiver_rule(function: Any, receiver: object) -> tuple[BypassReason, str] | None:
    """The rule for a method by what it is a method of: a clock, a source of random numbers."""
    if issubclass(type(receiver), type):
        named_now = getattr(function, "__name__", "") in ("now", "today", "utcnow")
        of_clock = _raw.module_name(receiver) == "datetime"  # type: ignore[arg-type]
        return (BypassReason.TIME_READ, "pass the time as an argument") if named_now and of_clock else None
    for kind in _raw.mro(type(receiver)):
        if kind is random.Random or _raw.module_name(kind).startswith("numpy.random"):
            return BypassReason.RNG_READ, "use jax.random, or pass the number as an argument"
    return None
