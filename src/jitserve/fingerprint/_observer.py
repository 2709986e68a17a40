"""What is noted while a function is traced: the code that ran, and what it read from outside.

The observer is told of every code object that starts in the tracing thread, of the C functions that walked code
calls, and of the interpreter's audit events. It knows nothing of how it is told (``_monitoring``, ``_profiling``).
"""

from __future__ import annotations

import dis
import enum
import inspect
import sys
import types
from typing import Any

from jitserve._outcome import BypassReason
from jitserve._pure import inside_pure

from . import _attribute_names, _bystanders, _c_calls, _handed, _packages, _raw, _stdlib_starts, _telltales, _unheard
from ._blame import is_opaque
from ._code_origin import origin_of_code
from ._findings import Findings
from ._import_machinery import is_machinery
from ._names_read import CACHED_PROPERTY, NamesRead
from ._origin import Origin
from ._pruning import INTROSPECTION
from ._shown import Shown
from ._stack import IMPORTING, WATCHING


class Interest(enum.IntEnum):
    """What to report further of a code object: nothing, the calls that it makes, or its further starts."""

    NONE = 0
    CALLS = 1
    STARTS = 2


class Observer:
    """Notes of one recording. Its methods are called while the user's code is on the stack, and raise nothing.

    Attributes:
        executed: the walked code that ran, by id.
        failed: whether something went wrong here, so that not everything was noted.
        filter_setters: where filters of warnings were set; most take them back.
        findings: what speaks against publishing, and what was read from outside.
        names: of attributes that were asked for.
        packages: that ran and are not walked.
        shown: texts and loops.
        traced_apart: of what is waived, what JAX has called, and may have traced, by id.
        unbounded: whether more counts than what ran: other threads had a part, or functions were looked into.
        users: ids of the executed code that is the user's own.
        waived: what ran where refusals are waived, by id: it has run all the same.
    """

    __slots__ = (
        "_again",
        "_blame",
        "_constants",
        "executed",
        "failed",
        "filter_setters",
        "findings",
        "names",
        "packages",
        "shown",
        "traced_apart",
        "unbounded",
        "users",
        "waived",
    )

    def __init__(self) -> None:
        self.findings = Findings()
        self._blame = self.findings.blame
        self._again: dict[int, types.CodeType] = {}  # of the standard library, each start of which is reported
        self._constants: dict[tuple[int, str], types.CodeType] = {}  # by which opaque code always asks
        self.names = NamesRead()
        self.packages: set[str] = set()
        self.shown = Shown(self.findings)
        self.executed: dict[int, types.CodeType] = {}
        self.failed = False
        self.unbounded = False
        self.users: set[int] = set()
        self.waived: dict[int, types.CodeType] = {}
        self.traced_apart: dict[int, types.CodeType] = {}
        self.filter_setters: list[str] = []

    def begin(self, base: types.FrameType | None) -> None:
        """What happens from now on happens on behalf of ``base``'s callees; None: the recording is over."""
        self._blame.begin(base)

    def code_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        """A code object starts for the first time, or again if that was asked for."""
        if inside_pure():
            self.waived[id(code)] = code  # outside of a pure function it counts in full
            return Interest.STARTS
        if code is CACHED_PROPERTY:
            self.names.property_read(frame)
            return Interest.STARTS
        if id(code) in _stdlib_starts.ENVIRON_READS:
            self.findings.environment_read(_stdlib_starts.ENVIRON_READS[id(code)], frame)
            return Interest.STARTS
        if id(code) in self._again:
            return self._stdlib_started(code, frame)
        origin = origin_of_code(code, frame)
        if origin is not Origin.OPAQUE:
            if self._blame.kinds(frame) & (IMPORTING | WATCHING):
                return self._waive(code, frame)  # it may yet run as a part of the trace
            self.executed[id(code)] = code
            if origin is Origin.USER:
                self.users.add(id(code))
            return Interest.CALLS
        return self._opaque_started(code, frame)

    def _opaque_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        self.names.opaque_started(code)
        packages = _bystanders.of_code(code)
        if packages and self._blame.kinds(frame) & (IMPORTING | WATCHING):
            return Interest.STARTS  # it may yet run as a part of the trace
        self._ran(packages)
        if self.names.asks_for_held(code, frame):
            return Interest.STARTS
        if _packages.is_stdlib(code.co_filename):
            interest = self._stdlib_started(code, frame)
            if interest is Interest.STARTS:
                self._again[id(code)] = code
            return interest
        opens = _unheard.opens(code, frame)
        if opens is None:
            return Interest.NONE
        self.findings.opened_unheard(opens, frame)
        return Interest.STARTS

    def _waive(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        self.waived[id(code)] = code
        if self._blame.is_called_by_jax(frame):
            self.traced_apart[id(code)] = code
        return Interest.STARTS

    def _ran(self, packages: tuple[str, ...]) -> None:
        if packages:
            self.packages.update(packages)
            _bystanders.run(packages)

    def _stdlib_started(self, code: types.CodeType, frame: types.FrameType) -> Interest:
        module = str(frame.f_globals.get("__name__"))
        start = _stdlib_starts.of(module, code.co_qualname)
        if start.sets_filter:
            self._filter_set(frame.f_back)
            return Interest.STARTS
        takes = start.takes_all and not self.names.took_all
        if takes or start.waits or start.looks:
            harmless = self._blame.is_harmless(BypassReason.DYNAMIC_SCOPE, frame)
            self.names.took_all |= takes and not harmless and self._goes_through(frame)
            by_others = self._blame.culprit(frame)[0] is not Origin.OPAQUE
            self.unbounded |= (start.waits or (start.looks and not harmless)) and by_others
        if start.takes_annotation:
            self.findings.annotation_read(frame.f_locals.get("cls"), frame.f_locals.get("annotation"))
        if start.makes_signature:
            self.names.signature_made(frame.f_locals.get("func"))
            self.names.signature_asked(frame.f_locals.get("obj"))
        rule = _stdlib_starts.rule_of_start(module, code, frame)
        if rule is None:
            if is_machinery(module):
                self.findings.handed_machinery(module, frame)
            return Interest.STARTS if takes or start.matters else Interest.NONE
        if self._blame.is_bystander(frame.f_back) or self._is_of_import(module, frame):
            return Interest.STARTS
        who = self._blame.seeded(frame.f_back) if _stdlib_starts.draws_seed(code) else frame
        self.findings.impure(rule, code.co_qualname, who)
        return Interest.STARTS

    def _is_of_import(self, module: str, frame: types.FrameType) -> bool:
        """Whether a module asks the import machinery while it is imported: whoever imports it is judged for that."""
        return is_machinery(module) and self._blame.kinds(frame.f_back) & IMPORTING != 0

    def _goes_through(self, frame: types.FrameType) -> bool:
        """Whether a function that takes all attributes of an object does so for code that is not trusted."""
        origin, _ = self._blame.behind(frame, _handed.only_by_name, _handed.goes_through_for_others)
        return origin is not Origin.OPAQUE

    def _filter_set(self, frame: types.FrameType | None) -> None:
        origin, where = self._blame.culprit(frame)
        if origin is not Origin.OPAQUE:
            self.filter_setters.append(where)

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
            self.shown.printing(frame)
        if function is vars and (receiver is None or issubclass(type(receiver), type)):
            self.names.of_classes = True  # None: nobody knows what it was called with
        if frame is not None:
            self.names.took_all |= _c_calls.takes_unnamed(function, frame.f_code)
            if _c_calls.is_harmless(function, frame.f_code):
                return
        home = _c_calls.home_of(function, receiver)
        self._ran(_bystanders.of_module(_raw.module_name(function) if kind is type else home))
        if not self.names.took_all:
            self.names.took_all = _attribute_names.takes_in_c(home)
        rule = _c_calls.rule_of_call(function, receiver, frame)
        if rule is not None:
            self.findings.impure(rule, getattr(function, "__name__", kind.__name__), frame)

    def asked(self, text: str) -> None:
        """Somebody asks for an attribute by a text that was made up; the walk sees names that stand in the code."""
        frame = sys._getframe(1)
        if (id(frame.f_code), text) in self._constants:
            return
        if frame.f_globals is vars(dis):  # it is seen to run, where somebody else than this module has called it
            return
        if frame.f_globals is vars(inspect) and frame.f_code.co_name == "_signature_is_functionlike":
            return  # what it does with a function is seen, too
        self.names.made_up(text)
        if _handed.asks_by_constant(text, frame):
            self._constants[id(frame.f_code), text] = frame.f_code
            return
        while frame.f_code.co_name in ("__getattribute__", "__getattr__") and frame.f_back is not None:
            frame = frame.f_back  # somebody else wants to know
        self._asked_seldom(text, frame)
        asking = self._blame.frame(frame) if frame.f_globals.get("__name__") == "string" else frame
        if asking is None or is_opaque(asking) or inside_pure() or self._blame.is_bystander(asking):
            return
        found = _telltales.asked_for(text)
        self.names.took_all |= text in _attribute_names.ALL
        self.names.of_classes |= text == _telltales.NAMESPACE
        self.unbounded |= found is None and not INTROSPECTION.isdisjoint(text.split("."))
        found = found or _telltales.namespace_asked_for(text, asking.f_code)
        if found is not None and origin_of_code(asking.f_code, asking) is Origin.USER:
            self.findings.impure((found[1][0], found[1][1]), f"reads the attribute {found[0]!r}", asking)

    def _asked_seldom(self, text: str, frame: types.FrameType) -> None:
        """The same for what the walk may have left out: not where the name stands in the code that asks by it."""
        found = _telltales.SELDOM.intersection(_attribute_names.names_in_fields(text))
        if not found or inside_pure() or self._blame.is_bystander(frame):
            return
        if "." not in text and (text in frame.f_code.co_consts or _handed.asks_by_itself(frame)):
            return
        origin, where = self._blame.behind(frame, _handed.only_by_name)
        if origin is Origin.USER:
            self.names.seldom.update(dict.fromkeys(found, where))

    def audited(self, event: str, arguments: tuple[Any, ...], frame: types.FrameType | None) -> None:
        """The interpreter is about to do something that reaches outside."""
        if not inside_pure() and not self._blame.is_bystander(frame):
            self.findings.audited(event, arguments, frame)

    def file_path_read(self, frame: types.FrameType) -> None:
        """Somebody asks a ``jitserve.File`` for its path."""
        if not inside_pure():
            self.findings.file_path_read(frame)
