"""What is noted while a function is traced: the code that ran, and what it read from outside.

The observer is told of every code object that starts in the tracing thread, of the C functions that walked code
calls, and of the interpreter's audit events. It knows nothing of how it is told (``_monitoring``, ``_profiling``).
"""

from __future__ import annotations

import dis
import enum
import inspect
import os
import random
import sys
import threading
import types
from typing import Any

from jitserve._outcome import BypassReason, Refusal
from jitserve._pure import inside_pure

from . import _attribute_names, _handed, _hash_order, _origin, _plumbing, _raw, _telltales
from ._audit_events import CHANGES, LISTINGS, OUTSIDE
from ._blame import is_opaque
from ._call_rules import untracked_rule
from ._code_origin import is_of_dataclass, origin_of_code
from ._dependency import DependencyKind
from ._findings import Findings
from ._origin import Origin
from ._pruning import INTROSPECTION
from ._receivers import receiver_rule
from ._stack import IMPORTING, WATCHING
from ._static import COMPILED
from ._stdlib_calls import direct_rule, is_judged, signature_rule
from ._vars import asks_of_objects

# Modules that JAX uses all the time: what the user's code does with them is seen by the walk.
_BUSY_MODULES = frozenset(("weakref", "_weakrefset", "threading", "contextvars", "typing", "traceback"))
_SELDOM = frozenset(("threading", "typing", "traceback"))  # of those, the ones with rules for few functions
# By these, code of other threads can become part of what a trace does, and nobody watches those.
_THREADS = frozenset(("concurrent.futures._base", "concurrent.futures.thread", "multiprocessing.pool", "queue"))
_WAITS = frozenset(("Thread.start", "Thread.join", "Condition.wait", "Event.wait", "Barrier.wait"))
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
_IN_C = (
    types.BuiltinFunctionType,
    types.ClassMethodDescriptorType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)
_KEEP_ORDER = frozenset(("collections", "heapq"))  # what these do with a set shows in what they return


class Interest(enum.IntEnum):
    """What to report further of a code object: nothing, the calls that it makes, or its further starts."""

    NONE = 0
    CALLS = 1
    STARTS = 2


_WHAT = "the path of a jitserve.File"
_PATH = "it is in no key; use text() or bytes(), or open the file by a path that is no jitserve.File"


class Observer:
    """Notes of one recording. Its methods are called while the user's code is on the stack, and raise nothing."""

    __slots__ = (
        "_blame",
        "_names_asked",
        "_print",
        "_shown",
        "executed",
        "failed",
        "filter_setters",
        "findings",
        "library_names",
        "texts",
        "took_all",
        "unbounded",
        "users",
        "waived",
    )

    def __init__(self) -> None:
        self.findings = Findings()
        self._blame = self.findings.blame
        self._print = (0, 0)  # the frame that prints, and where it is
        self.executed: dict[int, types.CodeType] = {}
        self.failed = False
        self.texts: list[Refusal] = []  # texts with addresses: what else there is to say is more helpful
        self.unbounded = False  # not only what ran counts: other threads had a part, or functions were looked into
        self.users: set[int] = set()  # the executed code that is the user's own
        self.waived: dict[int, types.CodeType] = {}  # what ran where refusals are waived: it has run all the same
        self._names_asked: set[str] = set()  # of attributes, made up while it ran
        self.library_names: set[str] = set()  # in opaque code that ran, and that may ask the user's objects for them
        self._shown: dict[int, types.CodeType] = {}  # of functions whose defaults somebody has seen in a signature
        self.took_all = False  # all attributes of an object were taken at once
        self.filter_setters: list[str] = []  # where filters of warnings were set; most take them back

    @property
    def names_asked(self) -> set[str]:
        """Names of attributes that were asked for, and do not stand in the code that ran."""
        shown = () if self._shown.keys() <= self.executed.keys() else ("__defaults__",)
        return self._names_asked.union(shown)

    def begin(self, base: types.FrameType | None) -> None:
        """What happens from now on happens on behalf of ``base``'s callees; None: the recording is over."""
        self._blame.begin(base)

    def code_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        """A code object starts for the first time, or again if that was asked for."""
        if inside_pure():
            self.waived[id(code)] = code  # outside of a pure function it counts in full
            return Interest.STARTS
        if id(code) in _ENVIRON_READS:
            self.findings.environment_read(_ENVIRON_READS[id(code)], frame)
            return Interest.STARTS
        origin = origin_of_code(code, frame)
        if origin is not Origin.OPAQUE:
            if self._blame.kinds(frame) & (IMPORTING | WATCHING):
                self.waived[id(code)] = code
                return Interest.STARTS  # it may yet run as a part of the trace
            self.executed[id(code)] = code
            if origin is Origin.USER:
                self.users.add(id(code))
            return Interest.CALLS
        if code.co_filename.startswith("<"):
            self._names_asked.update(_attribute_names.names_in_generated(code))
        elif not _plumbing.is_plumbing(code.co_filename):
            self.library_names.update(_plumbing.attributes_in(code))
            self.took_all |= _plumbing.takes_all(code)
        self.took_all = self.took_all or _attribute_names.makes_models(code.co_filename)
        return self._stdlib_started(code, frame) if _origin.is_stdlib(code.co_filename) else Interest.NONE

    def _stdlib_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        module = str(frame.f_globals.get("__name__"))
        if module == "warnings" and code.co_qualname in _FILTER_SETTERS:
            self._filter_set(frame.f_back)
            return Interest.STARTS
        takes = _attribute_names.takes_all(code.co_qualname) and not self.took_all
        waits = module in _THREADS or (module == "threading" and code.co_qualname in _WAITS)
        looks = module == "dis" or (module == "inspect" and code.co_qualname in INTROSPECTION)
        if takes or waits or looks:
            harmless = self._blame.is_harmless(BypassReason.DYNAMIC_SCOPE, frame)
            self.took_all |= takes and not harmless and self._goes_through(frame)
            by_others = self._blame.culprit(frame)[0] is not Origin.OPAQUE
            self.unbounded |= (waits or (looks and not harmless)) and by_others
        shows = module == "inspect" and code.co_qualname == "_signature_from_function"
        if shows:
            self._defaults_shown(frame.f_locals.get("func"))
        judged = is_judged(module, code.co_qualname)  # JAX may be the first to call it, and the user the next
        rule = self._rule_of_stdlib(module, code, frame)
        if rule is None:
            return Interest.STARTS if waits or looks or shows or judged or takes else Interest.NONE
        if self._blame.is_bystander(frame.f_back):
            return Interest.STARTS
        who = self._blame.seeded(frame.f_back) if id(code) == _ENTROPY else frame
        self.findings.impure(rule, code.co_qualname, who)
        return Interest.STARTS

    def _goes_through(self, frame: types.FrameType) -> bool:
        """Whether a function that takes all attributes of an object does so for code that is not trusted."""
        origin, _ = self._blame.behind(frame, _handed.only_by_name, _handed.goes_through_for_others)
        return origin is not Origin.OPAQUE

    def _defaults_shown(self, function: object) -> None:
        """Somebody makes the signature of a function, as JAX does to fill in what a call leaves out."""
        if type(function) is not types.FunctionType or not (function.__defaults__ or function.__kwdefaults__):
            return
        code = function.__code__
        if is_of_dataclass(code):
            self._names_asked.update(_attribute_names.names_in_generated(code))
        elif _origin.of_function(function) is not Origin.OPAQUE:
            self._shown[id(code)] = code

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
        if not self.took_all:
            self.took_all = _attribute_names.takes_in_c(_home_of(function, receiver))
        rule = _rule_of_call(function, receiver, frame)
        if rule is not None:
            self.findings.impure(rule, getattr(function, "__name__", kind.__name__), frame)

    def described(self, kind: type) -> None:
        """Somebody makes a text of an object of that type, and the text shows where the object lies in memory."""
        frame = sys._getframe(1)
        if inside_pure() or self._blame.is_bystander(frame) or self._is_printed(frame):
            return
        origin, where = self._text_maker(frame)
        if origin is Origin.USER:
            detail = f"text of a {_raw.qualname(kind)}: {_ADDRESS}"
            self.texts.append(Refusal(BypassReason.ID_OR_HASH_READ, where, detail))

    def iterated(self, values: frozenset[object], shown: bool) -> None:
        """Somebody iterates over a set, or makes a text of it. Of what the user does with sets, the walk sees more."""
        frame = sys._getframe(1)
        if not (self._is_shown(frame) if shown else self._is_loop(frame)):
            return
        if _hash_order.is_steady(values) or inside_pure() or self._blame.is_bystander(frame):
            return
        if self._blame.is_harmless(BypassReason.HASH_ORDER, frame):
            return
        if _hash_order.hash_seed_is_fixed() and all(map(_hash_order.follows_seed, values)):
            self.findings.depend(DependencyKind.HASH_SEED, frame.f_code.co_qualname)
        else:
            where = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
            what = "shows" if shown else "iterates over"
            self.findings.refuse(BypassReason.HASH_ORDER, where, f"{what} a set; fix PYTHONHASHSEED")

    def _is_loop(self, frame: types.FrameType) -> bool:
        """Whether code that is not trusted goes through something itself, or has a function in C do so."""
        if is_opaque(frame):
            maker = self._blame.frame(frame) if frame.f_globals.get("__name__") in _KEEP_ORDER else None
            return maker is not None and not is_opaque(maker)
        operation, argument = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        return operation not in _OPERATORS or (operation == dis.opmap["BINARY_OP"] and argument == _ADDS_IN_PLACE)

    def asked(self, text: str) -> None:
        """Somebody asks for an attribute by a text that was made up; the walk sees names that stand in the code."""
        frame = sys._getframe(1)
        if frame.f_globals is vars(dis):  # it is seen to run, where somebody else than this module has called it
            return
        if frame.f_globals is vars(inspect) and frame.f_code.co_name == "_signature_is_functionlike":
            return  # what it does with a function is seen, too
        self._names_asked.update(_attribute_names.names_of(text))
        while frame.f_code.co_name in ("__getattribute__", "__getattr__") and frame.f_back is not None:
            frame = frame.f_back  # somebody else wants to know
        asking = self._blame.frame(frame) if frame.f_globals.get("__name__") == "string" else frame
        if asking is None or is_opaque(asking) or inside_pure() or self._blame.is_bystander(asking):
            return
        found = _telltales.asked_for(text)
        self.took_all |= text in _attribute_names.ALL
        self.unbounded |= found is None and not INTROSPECTION.isdisjoint(text.split("."))
        if found is not None and origin_of_code(asking.f_code, asking) is Origin.USER:
            self.findings.impure((found[1][0], found[1][1]), f"reads the attribute {found[0]!r}", asking)

    def _is_shown(self, frame: types.FrameType) -> bool:
        """Whether a text is made for code that is not trusted, and not only printed."""
        return not self._is_printed(frame) and self._text_maker(frame)[0] is not Origin.OPAQUE

    def _is_printed(self, frame: types.FrameType) -> bool:
        """Whether a text is made to be printed: that has no way into a program."""
        return self._print == (id(frame), frame.f_lasti)

    def _text_maker(self, frame: types.FrameType) -> tuple[Origin, str]:
        return self._blame.behind(frame, _handed.makes_texts, _handed.makes_texts_for_others)

    def audited(self, event: str, arguments: tuple[Any, ...], frame: types.FrameType | None) -> None:
        """The interpreter is about to do something that reaches outside."""
        if inside_pure() or self._blame.is_bystander(frame):
            return
        if event == "open":
            self.findings.opened(arguments[0], arguments[1], frame)
        elif event == "import":
            self.findings.impure((BypassReason.LAZY_IMPORT, "it is imported while tracing"), str(arguments[0]), frame)
        elif event in LISTINGS:
            self.findings.impure(
                (BypassReason.FILE_READ_UNTRACKED, "list it outside, and pass the names in"), event, frame
            )
        elif event in CHANGES:
            self.findings.impure((BypassReason.TRACE_SIDE_EFFECT, "a hit would not do it; do it outside"), event, frame)
        elif event == "pickle.find_class":
            if _origin.of_module(str(arguments[0])) is not Origin.OPAQUE:  # whoever reads the pickle
                _, where = self._blame.behind(frame, _handed.only_by_name)
                self.findings.refuse(
                    BypassReason.DYNAMIC_MODULE_ATTR, where, f"{arguments[1]}: a pickle finds it by its name"
                )
        elif event.startswith(OUTSIDE):
            self.findings.impure((BypassReason.OPAQUE_CALLABLE, "do it outside, and pass the result in"), event, frame)

    def file_path_read(self, frame: types.FrameType) -> None:
        """Somebody asks a ``jitserve.File`` for its path."""
        if not inside_pure():
            self.findings.impure((BypassReason.FILE_READ_UNTRACKED, _PATH), _WHAT, self._blame.reader(frame))

    def _filter_set(self, frame: types.FrameType | None) -> None:
        origin, where = self._blame.culprit(frame)
        if origin is not Origin.OPAQUE:
            self.filter_setters.append(where)


def _rule_of_call(function: Any, receiver: object, frame: types.FrameType | None) -> tuple[BypassReason, str] | None:
    """The rule for something that is not written in Python, and that code calls."""
    kind = type(function)
    if kind is type:
        return untracked_rule(_raw.module_name(function), _raw.qualname(function))
    owner = function.__self__ if kind is types.BuiltinFunctionType else receiver
    if kind is not types.BuiltinFunctionType or not issubclass(type(owner), types.ModuleType | type(None)):
        return receiver_rule(function, owner)
    module, qualname = str(function.__module__), function.__qualname__
    rule = untracked_rule(module, qualname)
    if rule is None and frame is not None and origin_of_code(frame.f_code, frame) is Origin.USER:
        rule = direct_rule(module, qualname)
    return rule


def _home_of(function: Any, receiver: object) -> str:
    """The module that answers for a function or a method that is written in C; ``builtins`` for all other callables."""
    kind = type(function)
    # By identity: a metaclass of the user's is not asked for a hash.
    if _raw.qualname(kind) != COMPILED and not any(kind is known for known in _IN_C):
        return "builtins"
    module = getattr(function, "__module__", None)  # methods have none
    if type(module) is str:
        return module
    owner = getattr(function, "__self__", receiver)
    kinds = _raw.mro(owner if issubclass(type(owner), type) else type(owner))  # type: ignore[arg-type]
    return _raw.module_name(next(cls for cls in kinds if not _raw.is_heap_type(cls) or _raw.hides_state(cls)))


def _is_harmless(function: Any, code: types.CodeType) -> bool:
    """Whether code calls a builtin, that is refused elsewhere, for nothing that matters."""
    if function is hash or function is id:
        return code.co_name == "__hash__"  # seen by those only who ask for a hash themselves, and by sets
    return function is vars and asks_of_objects(code)
