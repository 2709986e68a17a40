"""What is noted while a function is traced: the code that ran, and what it read from outside.

The observer is told of every code object that starts in the tracing thread, of the C functions that walked code
calls, and of the interpreter's audit events. It knows nothing of how it is told (``_monitoring``, ``_profiling``).
"""

from __future__ import annotations

import dis
import enum
import os
import random
import stat
import sys
import threading
import types
from typing import Any

from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import inside_pure

from . import _hash_order, _origin, _raw, _telltales, _unread, adapters
from ._audit_events import CHANGES, LISTINGS, OUTSIDE
from ._call_rules import untracked_rule
from ._code_origin import origin_of_code
from ._dependency import Dependency, DependencyKind, read
from ._origin import Origin
from ._pruning import INTROSPECTION
from ._receivers import receiver_rule
from ._stack import IMPORTING, WATCHING, new_stack
from ._stdlib_calls import direct_rule, is_judged, signature_rule
from ._tracked import is_environment
from ._vars import asks_of_objects

# Modules that JAX uses all the time: what the user's code does with them is seen by the walk.
_BUSY_MODULES = frozenset(("weakref", "_weakrefset", "threading", "contextvars", "typing", "traceback"))
_SELDOM = frozenset(("threading", "typing", "traceback"))  # of those, the ones with rules for few functions
# By these, code of other threads can become part of what a trace does, and nobody watches those.
_THREADS = frozenset(("concurrent.futures._base", "concurrent.futures.thread", "multiprocessing.pool", "queue"))
_WAITS = frozenset(("Thread.start", "Thread.join", "Condition.wait", "Event.wait", "Barrier.wait"))
# What a library may do without making its programs irreproducible: it uses ids as keys, and looks at its own frames.
_TOLERATED_IN_LIBRARIES = frozenset(
    (
        BypassReason.ID_OR_HASH_READ,
        BypassReason.DYNAMIC_SCOPE,
        BypassReason.DYNAMIC_MODULE_ATTR,
        BypassReason.LAZY_IMPORT,
        BypassReason.UNKNOWN_OBJECT,
        BypassReason.UNKNOWN_CONTEXT_VALUE,
    )
)
# Every read of ``os.environ`` ends in one of these; by identity, since hashing a code object is slow.
_ENVIRON_READS = {
    id(os._Environ.__getitem__.__code__): "key",
    **{id(getattr(os._Environ, name).__code__): None for name in ("__iter__", "__len__", "__repr__", "copy")},
}
# What another thread does is not seen.
_THREAD_START = id(threading.Thread.start.__code__)
_ENTROPY = id(random.SystemRandom.getrandbits.__code__)
_FILTER_SETTERS = frozenset(("filterwarnings", "resetwarnings", "simplefilter"))
_ADDRESS = "it shows an address; give the class a __repr__, or name what you mean"
# These go through a set for what does not depend on its order: operators make other sets, but for ``list += set``.
_OPERATORS = frozenset(dis.opmap[name] for name in ("BINARY_OP", "COMPARE_OP", "CONTAINS_OP", "SET_UPDATE"))
_ADDS_IN_PLACE = next(i for i, (name, _) in enumerate(dis._nb_ops) if name == "NB_INPLACE_ADD")  # type: ignore[attr-defined]
_KEEP_ORDER = frozenset(("collections", "heapq"))  # what these do with a set shows in what they return
_WRITING = frozenset("wax+")


class Interest(enum.IntEnum):
    """What to report further of a code object: nothing, the calls that it makes, or its further starts."""

    NONE = 0
    CALLS = 1
    STARTS = 2


class Observer:
    """Notes of one recording. Its methods are called while the user's code is on the stack, and raise nothing."""

    __slots__ = (
        "_dependencies",
        "_print",
        "_stack",
        "executed",
        "failed",
        "filter_setters",
        "impure",
        "names_asked",
        "texts",
        "took_all",
        "unbounded",
        "users",
    )

    def __init__(self) -> None:
        self._stack = new_stack()
        self._print = (0, 0)  # the frame that prints, and where it is
        self.executed: dict[int, types.CodeType] = {}
        self.impure: list[Refusal] = []
        self.failed = False
        self.texts: list[Refusal] = []  # texts with addresses: what else there is to say is more helpful
        self.unbounded = False  # not only what ran counts: other threads had a part, or functions were looked into
        self.users: set[int] = set()  # the executed code that is the user's own
        self.names_asked: set[str] = set()  # of attributes, made up while it ran
        self.took_all = False  # all attributes of an object were taken at once
        self.filter_setters: list[str] = []  # where filters of warnings were set; most take them back
        self._dependencies: dict[tuple[DependencyKind, str], Dependency] = {}

    def begin(self, base: types.FrameType | None) -> None:
        """What happens from now on happens on behalf of ``base``'s callees; None: the recording is over."""
        self._stack.set_base(base)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What was read from outside in a way that can be read again, in a fixed order."""
        return tuple(
            self._dependencies[key] for key in sorted(self._dependencies, key=lambda key: (key[0].value, key[1]))
        )

    def code_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        """A code object starts for the first time, or again if that was asked for."""
        if inside_pure():
            return Interest.STARTS  # waived here; outside of a pure function it counts
        if id(code) in _ENVIRON_READS:
            self._environment_read(_ENVIRON_READS[id(code)], frame)
            return Interest.STARTS
        origin = origin_of_code(code, frame)
        if origin is not Origin.OPAQUE:
            if self._stack.kinds(frame) & (IMPORTING | WATCHING):
                return Interest.STARTS  # it may yet run as a part of the trace
            self.executed[id(code)] = code
            if origin is Origin.USER:
                self.users.add(id(code))
            return Interest.CALLS
        if code.co_filename.startswith("<"):
            self.names_asked.update(code.co_names)  # generated: what it reads of an object follows from its class
        return self._stdlib_started(code, frame) if _origin.is_stdlib(code.co_filename) else Interest.NONE

    def _stdlib_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        module = str(frame.f_globals.get("__name__"))
        if module == "warnings" and code.co_qualname in _FILTER_SETTERS:
            self._filter_set(frame.f_back)
            return Interest.STARTS
        if _unread.takes_all(code.co_qualname) and not self.took_all:
            self.took_all = self._culprit(frame)[0] is not Origin.OPAQUE
        waits = module in _THREADS or (module == "threading" and code.co_qualname in _WAITS)
        looks = module == "dis" or (module == "inspect" and code.co_qualname in INTROSPECTION)
        if waits or looks:
            self.unbounded |= self._culprit(frame)[0] is not Origin.OPAQUE
        judged = is_judged(module, code.co_qualname)  # JAX may be the first to call it, and the user the next
        rule = self._rule_of_stdlib(module, code, frame)
        if rule is None:
            return Interest.STARTS if waits or looks or judged else Interest.NONE
        if self._is_bystander(frame.f_back):
            return Interest.STARTS
        who = self._seeded(frame.f_back) if id(code) == _ENTROPY else frame.f_back
        self._impure(rule, code.co_qualname, who)
        return Interest.STARTS

    def _rule_of_stdlib(
        self, module: str, code: types.CodeType, frame: types.FrameType
    ) -> tuple[BypassReason, str] | None:
        caller = frame.f_back
        of_user = caller is not None and origin_of_code(caller.f_code, caller) is Origin.USER
        if module in _BUSY_MODULES and id(code) != _THREAD_START and not (of_user and module in _SELDOM):
            return None
        rule = untracked_rule(module, code.co_qualname)
        if rule is None and of_user:
            rule = direct_rule(module, code.co_qualname) or signature_rule(module, code.co_qualname, frame)
        return rule

    def called(self, function: Any, receiver: object, frame: types.FrameType | None) -> None:
        """Walked code calls something; functions written in Python are reported when they start."""
        if inside_pure():
            return
        if type(function) is types.MethodType:
            function, receiver = function.__func__, function.__self__
        kind = type(function)
        if kind is types.FunctionType:
            return
        if function is print and frame is not None:
            self._print = (id(frame), frame.f_lasti)
        if frame is not None and _is_harmless(function, frame.f_code):
            return
        owner = function.__self__ if kind is types.BuiltinFunctionType else receiver
        if kind is types.BuiltinFunctionType and issubclass(type(owner), types.ModuleType | type(None)):
            module, qualname = str(function.__module__), function.__qualname__
            rule = untracked_rule(module, qualname)
            if rule is None and frame is not None and origin_of_code(frame.f_code, frame) is Origin.USER:
                rule = direct_rule(module, qualname)
        elif kind is type:
            rule = untracked_rule(_raw.module_name(function), _raw.qualname(function))
        else:
            rule = receiver_rule(function, owner)
        if rule is not None:
            self._impure(rule, getattr(function, "__name__", kind.__name__), frame)

    def described(self, kind: type) -> None:
        """Somebody makes a text of an object of that type, and the text shows where the object lies in memory."""
        frame = sys._getframe(1)
        if inside_pure() or self._is_bystander(frame) or not self._is_shown(frame):
            return
        origin, where = self._culprit(frame)
        if origin is Origin.USER:
            detail = f"text of a {_raw.qualname(kind)}: {_ADDRESS}"
            self.texts.append(Refusal(BypassReason.ID_OR_HASH_READ, where, detail))

    def iterated(self, values: frozenset[object], shown: bool) -> None:
        """Somebody iterates over a set, or makes a text of it. Of what the user does with sets, the walk sees more."""
        frame = sys._getframe(1)
        if not (self._is_shown(frame) if shown else self._is_loop(frame)):
            return
        if _hash_order.is_steady(values) or inside_pure() or self._is_bystander(frame):
            return
        if self._is_harmless(BypassReason.HASH_ORDER, frame):
            return
        if _hash_order.hash_seed_is_fixed() and all(map(_hash_order.follows_seed, values)):
            self._depend(DependencyKind.HASH_SEED, frame.f_code.co_qualname)
        else:
            where = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
            what = "shows" if shown else "iterates over"
            self._refuse(BypassReason.HASH_ORDER, where, f"{what} a set; fix PYTHONHASHSEED")

    def _is_loop(self, frame: types.FrameType) -> bool:
        """Whether code that is not trusted goes through something itself, or has a function in C do so."""
        if _is_opaque(frame):
            maker = self._stack.culprit(frame) if frame.f_globals.get("__name__") in _KEEP_ORDER else None
            return maker is not None and not _is_opaque(maker)
        operation, argument = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        return operation not in _OPERATORS or (operation == dis.opmap["BINARY_OP"] and argument == _ADDS_IN_PLACE)

    def asked(self, text: str) -> None:
        """Somebody asks for an attribute by a text that was made up; the walk sees names that stand in the code."""
        self.names_asked.update(_unread.names_of(text))
        frame = sys._getframe(1)
        while frame.f_code.co_name in ("__getattribute__", "__getattr__") and frame.f_back is not None:
            frame = frame.f_back  # somebody else wants to know
        asking = self._stack.culprit(frame) if frame.f_globals.get("__name__") == "string" else frame
        if asking is None or _is_opaque(asking) or inside_pure() or self._is_bystander(asking):
            return
        found = _telltales.asked_for(text)
        self.took_all |= text in _unread.ALL
        self.unbounded |= found is None and not INTROSPECTION.isdisjoint(text.split("."))
        if found is not None and origin_of_code(asking.f_code, asking) is Origin.USER:
            self._impure((found[1][0], found[1][1]), f"reads the attribute {found[0]!r}", asking)

    def _is_shown(self, frame: types.FrameType) -> bool:
        """Whether a text is made for code that is not trusted, and not only printed: that has no way into a program."""
        if self._print == (id(frame), frame.f_lasti):
            return False
        maker = self._stack.culprit(frame)
        while maker is not None and maker.f_code.co_filename.startswith("<") and _is_opaque(maker):
            maker = self._stack.culprit(maker.f_back)  # it is a generated method that somebody calls
        return maker is not None and not _is_opaque(maker)

    def audited(self, event: str, arguments: tuple[Any, ...], frame: types.FrameType | None) -> None:
        """The interpreter is about to do something that reaches outside."""
        if inside_pure() or self._is_bystander(frame):
            return
        if event == "open":
            self._opened(arguments[0], arguments[1], frame)
        elif event == "import":
            self._impure((BypassReason.LAZY_IMPORT, "it is imported while tracing"), str(arguments[0]), frame)
        elif event in LISTINGS:
            self._impure((BypassReason.FILE_READ_UNTRACKED, "list it outside, and pass the names in"), event, frame)
        elif event in CHANGES:
            self._impure((BypassReason.TRACE_SIDE_EFFECT, "a hit would not do it; do it outside"), event, frame)
        elif event == "pickle.find_class":
            if _origin.of_module(str(arguments[0])) is not Origin.OPAQUE:
                self._impure((BypassReason.DYNAMIC_MODULE_ATTR, "it is found by its name"), str(arguments[1]), frame)
        elif event.startswith(OUTSIDE):
            self._impure((BypassReason.OPAQUE_CALLABLE, "do it outside, and pass the result in"), event, frame)

    def _is_bystander(self, frame: types.FrameType | None) -> bool:
        """Whether it runs because somebody watches: listeners of ``jax.monitoring``, handlers of the log, callbacks of
        the garbage collector, which come at any moment."""
        return self._stack.kinds(frame) & WATCHING != 0

    def _filter_set(self, frame: types.FrameType | None) -> None:
        origin, where = self._culprit(frame)
        if origin is not Origin.OPAQUE:
            self.filter_setters.append(where)

    def _environment_read(self, parameter: str | None, frame: types.FrameType) -> None:
        origin, where = self._culprit(frame)
        if parameter is None or not is_environment(frame.f_locals.get("self")):
            if origin is not Origin.OPAQUE:
                self._refuse(BypassReason.ENV_READ_UNTRACKED, where, "reads the whole environment, or one of its own")
            return
        name = frame.f_locals.get(parameter)
        if type(name) in (str, bytes) and origin is not Origin.OPAQUE:
            self._depend(DependencyKind.ENVIRONMENT, os.fsdecode(name))  # type: ignore[arg-type]

    def _opened(self, path: object, mode: object, frame: types.FrameType | None) -> None:
        frame = self._reader(frame)
        origin, where = self._culprit(frame)
        if origin is Origin.OPAQUE or self._is_harmless(BypassReason.FILE_READ_UNTRACKED, frame):
            return
        name = os.fsdecode(path) if type(path) in (str, bytes) else None  # type: ignore[arg-type]
        if type(mode) is str and _WRITING & set(mode):
            self._refuse(BypassReason.TRACE_SIDE_EFFECT, where, f"writes the file {name}")
        elif name is None or not _is_regular(name):
            self._refuse(BypassReason.FILE_READ_UNTRACKED, where, f"opens {name or 'a descriptor'}, not a regular file")
        else:
            self._depend(DependencyKind.FILE, name)  # a relative name means another file elsewhere

    def _reader(self, frame: types.FrameType | None) -> types.FrameType | None:
        """Who reads: NumPy opens files that its callers want to have read, and draws seeds that they do not give."""
        frame = self._stack.culprit(frame)
        while frame is not None and _origin.reads_for_others(frame.f_code.co_filename):
            frame = self._stack.culprit(frame.f_back)
        return frame

    def _seeded(self, frame: types.FrameType | None) -> types.FrameType | None:
        """For whom a seed is drawn: not where a generator is copied, which gets another state at once, or where a
        module makes one while it is imported.
        """
        drawing = self._stack.culprit(frame)
        copied = drawing is not None and drawing.f_globals.get("__name__") == "numpy.random._pickle"
        return frame if copied or self._stack.kinds(frame) & IMPORTING else self._reader(frame)

    def _culprit(self, frame: types.FrameType | None) -> tuple[Origin, str]:
        """Who did it: the nearest frame that is not the standard library's or an importer's, and a text for it."""
        frame = self._stack.culprit(frame)
        if frame is None:
            return Origin.OPAQUE, "<unknown>"
        where = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        return origin_of_code(frame.f_code, frame), where

    def _is_harmless(self, reason: BypassReason, frame: types.FrameType | None) -> bool:
        """Whether a function of a library does it of which we know what for."""
        frame = self._stack.culprit(frame)
        if frame is None or origin_of_code(frame.f_code, frame) is not Origin.LIBRARY:
            return False
        known = adapters.HARMLESS.get(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")
        variables = (*frame.f_code.co_varnames, *frame.f_code.co_cellvars)
        return known is not None and reason in known.does and known.variable in variables

    def _depend(self, kind: DependencyKind, name: str) -> None:
        if (kind, name) not in self._dependencies:
            self._dependencies[kind, name] = Dependency(kind, name, read(kind, name))

    def _impure(self, rule: tuple[BypassReason, str], what: str, frame: types.FrameType | None) -> None:
        origin, where = self._culprit(frame)
        tolerated = rule[0] in _TOLERATED_IN_LIBRARIES or self._is_harmless(rule[0], frame)
        if origin is Origin.USER or (origin is Origin.LIBRARY and not tolerated):
            self._refuse(rule[0], where, f"{what}: {rule[1]}")

    def _refuse(self, reason: BypassReason, where: str, detail: str) -> None:
        self.impure.append(Refusal(reason, where, detail))


def _is_harmless(function: Any, code: types.CodeType) -> bool:
    """Whether code calls a builtin, that is refused elsewhere, for nothing that matters."""
    if function is hash or function is id:
        return code.co_name == "__hash__"  # seen by those only who ask for a hash themselves, and by sets
    return function is vars and asks_of_objects(code)


def _is_opaque(frame: types.FrameType) -> bool:
    return origin_of_code(frame.f_code, frame) is Origin.OPAQUE


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True  # it is absent, which can be looked at again
