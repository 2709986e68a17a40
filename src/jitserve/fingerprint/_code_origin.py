"""Where code comes from that runs: by its file, or, where it has none, by who made it."""

from __future__ import annotations

import sys
import types

from . import _origin, adapters
from ._origin import Origin

_GENERATORS = frozenset(("dataclasses", "collections", "enum"))
_OF_DATACLASSES = "__create_fn__.<locals>.__"  # methods that they write, by a function of that name
_OF_NAMED_TUPLES = "namedtuple_"  # the name of the module of their ``__new__``, which has nothing but these
_HELD = frozenset(("__builtins__", "__name__", "_tuple_new"))
_GENERATED_FILES = tuple(adapters.GENERATED)


def is_of_dataclass(code: types.CodeType) -> bool:
    """Whether ``dataclasses`` has written it for a class."""
    return code.co_filename == "<string>" and code.co_qualname.startswith(_OF_DATACLASSES)


def origin_of_code(code: types.CodeType, frame: types.FrameType) -> Origin:
    """Origin of the code that runs in a frame."""
    filename = code.co_filename
    if not filename.startswith("<") or filename.startswith("<frozen "):
        return _origin.of_file(filename)
    name = str(frame.f_globals.get("__name__"))
    if is_of_dataclass(code) or (name.startswith(_OF_NAMED_TUPLES) and frame.f_globals.keys() <= _HELD):
        return Origin.OPAQUE
    caller = frame.f_back
    writes = code.co_name == "<module>" or code.co_qualname == "__create_fn__"
    if writes and caller is not None and caller.f_globals.get("__name__") in _GENERATORS:
        return Origin.OPAQUE
    if filename.startswith(_GENERATED_FILES):
        return Origin.OPAQUE
    return Origin.LIBRARY if _is_of_library(name, frame) else Origin.USER


def _is_of_library(name: str, frame: types.FrameType) -> bool:
    """Whether a walked library has made code in a module of its own. Anybody can evaluate code in a copy of one, and
    nobody but the user does so in one of NumPy's or JAX's.
    """
    module = sys.modules.get(name)
    owns = issubclass(type(module), types.ModuleType) and vars(module) is frame.f_globals
    return owns and name != "__main__" and _origin.of_module(name) is Origin.LIBRARY
