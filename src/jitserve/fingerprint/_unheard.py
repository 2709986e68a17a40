"""Files that opaque code has C++ open, of which the interpreter tells nobody."""

from __future__ import annotations

import os
import types

_SOURCE = "source"  # the parameter of the function by which ``scipy.io.mmread`` and ``mminfo`` open what they read


def opens(code: types.CodeType, frame: types.FrameType) -> str | None:
    """What code that starts opens, for people; None for all other code."""
    names = code.co_names
    if code.co_name == "_get_read_cursor" and frame.f_globals.get("__name__") == "scipy.io._fast_matrix_market":
        source = frame.f_locals.get(_SOURCE)
        return "a matrix" if isinstance(source, str | bytes | os.PathLike) else None  # others are read by Python
    return "an array of tensorstore" if "open" in names and "ts" in names else None
