"""Annotations that are texts, as ``dataclasses`` understands them.

It looks such a text up in the module of the class, to see whether it means ``ClassVar``, ``InitVar`` or ``KW_ONLY``
(``dataclasses._is_type``). The name stands in no code, so that no walk tells what it is bound to. Where a class is made
while a function is traced, what the text means is a dependency.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import types
import typing
from typing import Any

from . import _origin, _raw
from ._origin import Origin

_NAMES = re.compile(r"^(?:\s*(\w+)\s*\.)?\s*(\w+)")  # as in `dataclasses`
_HOMES = (typing, dataclasses)
_ALIAS: Any = type(typing.ClassVar[int])


def name_of(cls: object, annotation: object) -> str | None:
    """What stands for an annotation of a class, among dependencies; None where it cannot mean anything.

    Nor is one told of a library's class: what is bound in its modules counts otherwise, and the trace may have just
    imported them.
    """
    module = _raw.module_name(cls) if issubclass(type(cls), type) else ""  # type: ignore[arg-type]
    found = _NAMES.match(annotation) if type(annotation) is str else None
    if found is None or not module or _origin.of_module(module) is not Origin.USER:
        return None
    return f"{module}:{'.'.join(filter(None, found.groups()))}"


def meaning(name: str) -> str | None:
    """What such an annotation means now: the name of a form of field; None for any other type.

    Args:
        name: what ``name_of`` said.
    """
    module, _, text = name.partition(":")
    prefix, _, last = text.rpartition(".")
    namespace = _namespace(sys.modules.get(module))
    if prefix:
        home = namespace.get(prefix)
        namespace = _namespace(home) if any(home is known for known in _HOMES) else {}
    return _form(namespace.get(last))


def _namespace(module: object) -> dict[str, object]:
    return _raw.module_namespace(module) if issubclass(type(module), types.ModuleType) else {}  # type: ignore[arg-type]


def _form(value: Any) -> str | None:
    if value is typing.ClassVar or (type(value) is _ALIAS and value.__origin__ is typing.ClassVar):
        return "ClassVar"
    if value is dataclasses.InitVar or type(value) is dataclasses.InitVar:
        return "InitVar"
    return "KW_ONLY" if value is dataclasses.KW_ONLY else None
