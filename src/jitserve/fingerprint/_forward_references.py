"""What beartype's classes for annotations that are texts refer to.

``@beartype def g(x: "Net")`` checks its argument by a class that stands for the text. It looks the name up when it is
asked for the first time, in the module of the function or among the builtins, and remembers what it found. So what the
name is bound to counts, asked or not.
"""

from __future__ import annotations

import builtins
import sys
import types
from typing import TYPE_CHECKING, Any

from . import _raw
from ._marker import UNRESOLVED
from ._path import ATTR

if TYPE_CHECKING:
    from ._walker import Walker

_SCOPE, _NAME = "__scope_name_beartype__", "__hint_name_beartype__"


def finish(walker: Walker, known: int = 0) -> None:
    """Visits what such classes among those that were walked refer to; the first ``known`` have been looked at."""
    if "beartype" not in sys.modules:
        return
    at = known
    while at < len(walker.classes):  # what one leads to may have others
        cls, path, _ = walker.classes[at]
        at += 1
        names = _raw.namespace(cls)
        if _NAME in names:
            walker.tokens.tag("forward reference")
            walker.push([(_referent(names.get(_SCOPE), names[_NAME]), (path, ATTR, _NAME), False)])
            walker.run()


def _referent(scope: Any, name: Any) -> object:
    """What a name means in a module; a marker where nobody has bound it yet."""
    if type(name) is not str:
        return UNRESOLVED
    prefix, _, last = name.rpartition(".")
    module = sys.modules.get(prefix or scope)
    namespace = _raw.module_namespace(module) if issubclass(type(module), types.ModuleType) else {}  # type: ignore[arg-type]
    return namespace.get(last, UNRESOLVED if prefix else vars(builtins).get(last, UNRESOLVED))
