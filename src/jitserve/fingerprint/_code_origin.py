"""Where code comes from that runs: by its file, or, where it has none, by who made it."""

from __future__ import annotations

import types

from . import _origin, adapters
from ._origin import Origin
from ._pruning import GENERATED

_GENERATORS = frozenset(("dataclasses", "collections", "enum"))
_GENERATED_FILES = tuple(adapters.GENERATED)


def origin_of_code(code: types.CodeType, frame: types.FrameType) -> Origin:
    """Origin of the code that runs in a frame."""
    filename = code.co_filename
    if not filename.startswith("<") or filename.startswith("<frozen "):
        return _origin.of_file(filename)
    name = str(frame.f_globals.get("__name__"))
    if code.co_qualname.startswith(GENERATED) or name.startswith(GENERATED):
        return Origin.OPAQUE
    caller = frame.f_back
    if caller is not None and code.co_name == "<module>" and caller.f_globals.get("__name__") in _GENERATORS:
        return Origin.OPAQUE
    if filename.startswith(_GENERATED_FILES):
        return Origin.OPAQUE
    return Origin.USER if name == "__main__" else _origin.of_module(name)
