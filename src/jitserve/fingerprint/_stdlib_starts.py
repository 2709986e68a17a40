"""What it means that a function of the standard library starts while a function is traced."""

from __future__ import annotations

import functools
import os
import random
import threading
import types
from typing import NamedTuple

from jitserve._outcome import BypassReason

from . import _attribute_names
from ._call_rules import untracked_rule
from ._code_origin import origin_of_code
from ._import_machinery import is_unasked
from ._origin import Origin
from ._pruning import INTROSPECTION
from ._stdlib_calls import direct_rule, is_judged, signature_rule

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
# By this, a function of `functools.singledispatch` finds out for which class it is given one.
_DISPATCHES = ("get_type_hints", "singledispatch.<locals>.register")
_FILTER_SETTERS = frozenset(("filterwarnings", "resetwarnings", "simplefilter"))


class Start(NamedTuple):
    """What the start of a function of the standard library means, whoever calls it.

    Attributes:
        sets_filter: it sets a filter of warnings.
        waits: other threads have a part in what it does.
        looks: it looks into functions and classes.
        takes_all: it goes through the attributes of what it is given.
        takes_annotation: it asks what an annotation means that is a text.
        makes_signature: it makes the signature of a function, in which defaults show, or finds one that was set.
        matters: whether any further start of it has to be looked at, since that or who calls it tells.
    """

    sets_filter: bool
    waits: bool
    looks: bool
    takes_all: bool
    takes_annotation: bool
    makes_signature: bool
    matters: bool


@functools.lru_cache(maxsize=4096)
def of(module: str, qualname: str) -> Start:
    """What it means that a function of that name starts."""
    waits = module in _THREADS or (module == "threading" and qualname in _WAITS)
    looks = module == "dis" or (module == "inspect" and qualname in INTROSPECTION)
    shows = module == "inspect" and qualname in ("_signature_from_function", "_signature_from_callable")
    means = module == "dataclasses" and qualname == "_is_type"
    told = waits or looks or shows or means
    return Start(
        sets_filter=module == "warnings" and qualname in _FILTER_SETTERS,
        waits=waits,
        looks=looks,
        takes_all=_attribute_names.takes_all(qualname),
        takes_annotation=means,
        makes_signature=shows,
        matters=told or is_judged(module, qualname),  # JAX may call it first, and the user next
    )


def draws_seed(code: types.CodeType) -> bool:
    """Whether it draws from the entropy of the system."""
    return id(code) == _ENTROPY


def rule_of_start(module: str, code: types.CodeType, frame: types.FrameType) -> tuple[BypassReason, str] | None:
    """The rule for it, if there is one."""
    if module == "traceback" and code.co_qualname == "_compute_suggestion_error":
        return _suggestion_rule(frame.f_locals.get("exc_value"))
    caller = frame.f_back
    if module == "typing" and caller is not None and (code.co_qualname, caller.f_code.co_qualname) == _DISPATCHES:
        return BypassReason.DYNAMIC_SCOPE, "registers by an annotation; give the class (register(C, function))"
    of_user = caller is not None and origin_of_code(caller.f_code, caller) is Origin.USER
    if module in _BUSY_MODULES and id(code) != _THREAD_START and not (of_user and module in _SELDOM):
        return None
    rule = untracked_rule(module, code.co_qualname)
    if rule is None and of_user and not is_unasked(module, code.co_qualname):
        rule = direct_rule(module, code.co_qualname) or signature_rule(module, code.co_qualname, frame)
    return rule


def _suggestion_rule(error: object) -> tuple[BypassReason, str] | None:
    """The rule for the text of an error that suggests a name. Those that an object has count otherwise."""
    kind = type(error)
    of_object = issubclass(kind, AttributeError) and not issubclass(type(_OBJECT.__get__(error)), types.ModuleType)
    return None if of_object else (BypassReason.DYNAMIC_SCOPE, "suggests a name of all that a module holds")


_OBJECT = vars(AttributeError)["obj"]
