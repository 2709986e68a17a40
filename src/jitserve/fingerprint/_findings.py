"""What a recording has found: why nothing may be published, or what was read from outside and can be read again."""

from __future__ import annotations

import os
import stat
import types
from typing import Any

from jitserve._outcome import BypassReason, Refusal

from . import _handed, _origin, _packages, _text_annotations
from ._audit_events import CHANGES, LISTINGS, OUTSIDE
from ._blame import Blame, is_opaque
from ._dependency import Dependency, DependencyKind, read
from ._import_machinery import import_rule, is_unasked
from ._origin import Origin
from ._stack import is_importer
from ._tracked import is_environment

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
_WRITING = frozenset("wax+")
_IMPORTED = "it is imported while tracing"
_OF_IMPORTS = "rb"  # how the interpreter opens what it loads modules from
_PATH = "it is in no key; use text() or bytes(), or open the file by a path that is no jitserve.File"


class Findings:
    """The findings of one recording.

    Attributes:
        blame: finds out who is answerable.
        imported: modules that were imported, by name; libraries may do that if nothing in a walk depends on it.
        refusals: why nothing may be published, in order.
    """

    __slots__ = ("_dependencies", "blame", "imported", "refusals")

    def __init__(self) -> None:
        self.blame = Blame()
        self.imported: dict[str, Refusal] = {}
        self.refusals: list[Refusal] = []
        self._dependencies: dict[tuple[DependencyKind, str], Dependency] = {}

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What was read from outside in a way that can be read again, in a fixed order."""
        return tuple(
            self._dependencies[key] for key in sorted(self._dependencies, key=lambda key: (key[0].value, key[1]))
        )

    def impure(self, rule: tuple[BypassReason, str], what: str, frame: types.FrameType | None) -> None:
        """Code does what no walk shows, by the rule for it; libraries may do some of it.

        Args:
            rule: the reason, and what there is to say about it.
            what: a name for what was done.
            frame: where.
        """
        origin, where = self.blame.culprit(frame)
        if rule[0] is BypassReason.FILE_READ_UNTRACKED:
            origin, where = self.blame.behind(frame, _handed.reads, _handed.looks_for_others)
        elif rule[0] is BypassReason.LAZY_IMPORT and self._is_of_bystander(frame):
            origin, where = self.blame.behind(frame, _handed.only_by_name, _handed.looks_for_others)
        tolerated = rule[0] in _TOLERATED_IN_LIBRARIES or self.blame.is_harmless(rule[0], frame)
        if origin is Origin.USER or (origin is Origin.LIBRARY and not tolerated):
            self.refuse(rule[0], where, f"{what}: {rule[1]}")

    def _is_of_bystander(self, frame: types.FrameType | None) -> bool:
        """Whether a function that imports by a name is called by a library that is opaque but for what it is told."""
        nearest = None if is_importer(frame) else self.blame.frame(frame)
        return nearest is not None and _packages.is_bystander(nearest.f_code.co_filename)

    def handed_machinery(self, module: str, frame: types.FrameType) -> None:
        """A function of the import machinery, of a module of that name, starts: opaque code may have been handed it."""
        name, asking = frame.f_code.co_qualname, frame.f_back
        rule = None if is_unasked(module, name) or name.endswith(("__", ">")) else import_rule(module, name)
        if rule is None or asking is None or _handed.is_stdlib(asking) or not is_opaque(asking):
            return
        origin, where = self.blame.handing_importer(frame)
        if origin is Origin.USER:
            self.refuse(rule[0], where, f"{name}: {rule[1]}")

    def refuse(self, reason: BypassReason, where: str, detail: str) -> None:
        """Nothing may be published."""
        self.refusals.append(Refusal(reason, where, detail))

    def depend(self, kind: DependencyKind, name: str) -> None:
        """Something was read that can be read again."""
        if (kind, name) not in self._dependencies:
            self._dependencies[kind, name] = Dependency(kind, name, read(kind, name))

    def annotation_read(self, cls: object, annotation: object) -> None:
        """Somebody asks what an annotation of a class means that is a text."""
        name = _text_annotations.name_of(cls, annotation)
        if name is not None:
            self.depend(DependencyKind.ANNOTATION, name)

    def environment_read(self, parameter: str | None, frame: types.FrameType) -> None:
        """An environment is read, in the variable ``self`` of a frame.

        Args:
            parameter: the variable that holds the name; None where all of it is read.
            frame: of the method that reads.
        """
        origin, where = self.blame.behind(frame, _handed.reads, _handed.opens_for_others)
        if parameter is None or not is_environment(frame.f_locals.get("self")):
            if origin is not Origin.OPAQUE:
                self.refuse(BypassReason.ENV_READ_UNTRACKED, where, "reads the whole environment, or one of its own")
            return
        name = frame.f_locals.get(parameter)
        if type(name) in (str, bytes) and origin is not Origin.OPAQUE:
            self.depend(DependencyKind.ENVIRONMENT, os.fsdecode(name))  # type: ignore[arg-type]

    def opened(self, path: object, mode: object, frame: types.FrameType | None) -> None:
        """A file is opened, with what the audit event ``open`` says of it."""
        origin, where = self.blame.behind(frame, _handed.reads, _handed.opens_for_others)
        harmless = self.blame.is_harmless(BypassReason.FILE_READ_UNTRACKED, self.blame.reader(frame))
        if origin is Origin.OPAQUE or harmless:
            return
        name = os.fsdecode(path) if type(path) in (str, bytes) else None  # type: ignore[arg-type]
        if type(mode) is str and _WRITING & set(mode):
            self.refuse(BypassReason.TRACE_SIDE_EFFECT, where, f"writes the file {name}")
        elif name is None or not _is_regular(name):
            self.refuse(BypassReason.FILE_READ_UNTRACKED, where, f"opens {name or 'a descriptor'}, not a regular file")
        else:
            self.depend(DependencyKind.FILE, name)  # a relative name means another file elsewhere

    def opened_unheard(self, what: str, frame: types.FrameType) -> None:
        """Something is about to be opened by C++, which says nothing of it."""
        origin, where = self.blame.behind(frame, _handed.reads, _handed.opens_for_others)
        if origin is not Origin.OPAQUE:
            self.refuse(BypassReason.FILE_READ_UNTRACKED, where, f"opens {what} while tracing; read it outside")

    def audited(self, event: str, arguments: tuple[Any, ...], frame: types.FrameType | None) -> None:
        """The interpreter is about to do something that reaches outside, as its audit event says."""
        if event == "import":
            self._imports(str(arguments[0]), frame)
        elif is_importer(frame) and not (event == "open" and arguments[1] == _OF_IMPORTS):
            return  # it looks for the module, and keeps the code that it has compiled
        elif event == "open":
            self.opened(arguments[0], arguments[1], frame)
        elif event in LISTINGS:
            self.impure((BypassReason.FILE_READ_UNTRACKED, "list it outside, and pass the names in"), event, frame)
        elif event in CHANGES:
            self.impure((BypassReason.TRACE_SIDE_EFFECT, "a hit would not do it; do it outside"), event, frame)
        elif event == "pickle.find_class":
            self._pickle_finds(str(arguments[0]), arguments[1], frame)
        elif event.startswith(OUTSIDE):
            self.impure((BypassReason.OPAQUE_CALLABLE, "do it outside, and pass the result in"), event, frame)

    def _imports(self, name: str, frame: types.FrameType | None) -> None:
        self.impure((BypassReason.LAZY_IMPORT, _IMPORTED), name, frame)
        refusal = Refusal(BypassReason.LAZY_IMPORT, self.blame.culprit(frame)[1], f"{name}: {_IMPORTED}")
        self.imported.setdefault(name, refusal)

    def _pickle_finds(self, module: str, name: object, frame: types.FrameType | None) -> None:
        if _origin.of_module(module) is not Origin.OPAQUE:  # whoever reads the pickle
            _, where = self.blame.behind(frame, _handed.only_by_name)
            self.refuse(BypassReason.DYNAMIC_MODULE_ATTR, where, f"{name}: a pickle finds it by its name")

    def file_path_read(self, frame: types.FrameType) -> None:
        """Somebody asks a ``jitserve.File`` for its path."""
        reason = BypassReason.FILE_READ_UNTRACKED
        self.impure((reason, _PATH), "the path of a jitserve.File", self.blame.reader(frame))


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True  # it is absent, which can be looked at again
