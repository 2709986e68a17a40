"""What it means that a function of the standard library starts while a function is traced."""

from __future__ import annotations

import os
import random
import threading
import types

from jitserve._outcome import BypassReason

from ._call_rules import untracked_rule
from ._code_origin import origin_of_code
from ._origin import Origin
from ._pruning import INTROSPECTION
from ._stdlib_calls import direct_rule, signature_rule

# Modules that JAX uses all the time: what the user's code does with them is seen by the walk.
_BUSY_MODULES = frozenset(("weakref", "_weakrefset", "threading", "contextvars", "typing", "traceback"))
_SELDOM = frozenset(("threading", "typing", "traceback"))  # of those, the ones with rules for few functions
# By these, code of other threads can become part of what a trace does, and nobody watches those.
_THREADS = frozenset(("concurrent.futures._base", "concurrent.futures.thread", "multiprocessing.pool", "queue"))
_WAITS = frozenset(("Thread.start", "Thread.join", "Condition.wait", "Event.wait", "Barrier.wait"))
# Every read of ``os.environ`` ends in one of these; by identity, since hashing a code object is slow. With the
# parameter that holds the name; None where all of the environment is read.
ENVIRON_READS = {
    id(os._Environ.__getitem__.__code__): "key",
    **{id(getattr(os._Environ, name).__code__): None for name in ("__iter__", "__len__", "__repr__", "copy")},
}
# What another thread does is not seen.
_THREAD_START = id(threading.Thread.start.__code__)
_ENTROPY = id(random.SystemRandom.getrandbits.__code__)
_FILTER_SETTERS = frozenset(("filterwarnings", "resetwarnings", "simplefilter"))


def sets_filter(module: str, qualname: str) -> bool:
    """Whether it sets a filter of warnings."""
    return module == "warnings" and qualname in _FILTER_SETTERS


def waits(module: str, qualname: str) -> bool:
    """Whether other threads have a part in what it does."""
    return module in _THREADS or (module == "threading" and qualname in _WAITS)


def looks(module: str, qualname: str) -> bool:
    """Whether it looks into functions and classes."""
    return module == "dis" or (module == "inspect" and qualname in INTROSPECTION)


def makes_signature(module: str, qualname: str) -> bool:
    """Whether it makes the signature of a function, in which defaults show."""
    return module == "inspect" and qualname == "_signature_from_function"


def draws_seed(code: types.CodeType) -> bool:
    """Whether it draws from the entropy of the system."""
    return id(code) == _ENTROPY


def rule_of_start(module: str, code: types.CodeType, frame: types.FrameType) -> tuple[BypassReason, str] | None:
    """The rule for it, if there is one."""
    caller = frame.f_back
    of_user = caller is not None and origin_of_code(caller.f_code, caller) is Origin.USER
    if module in _BUSY_MODULES and id(code) != _THREAD_START and not (of_user and module in _SELDOM):
        return None
    rule = untracked_rule(module, code.co_qualname)
    if rule is None and of_user:
        rule = direct_rule(module, code.co_qualname) or signature_rule(module, code.co_qualname, frame)
    return rule
