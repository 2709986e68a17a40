"""Whether opaque code does something by itself, or was handed the function that does so.

JAX reads files and variables of the environment of its own, which are no part of a program. It reads others because
somebody has handed it a function that does so: ``jax.tree.map(np.load, paths)``. Code that does it by itself names it.
"""

from __future__ import annotations

import types

from . import _origin

# The names by which code reads by itself what is read in C, where no frame has the name of the function.
READS = frozenset(
    (
        *("FileIO", "_io", "environ", "environb", "fdopen", "fromfile", "getenv", "getenvb", "io", "listdir", "memmap"),
        *("open", "open_code", "read_bytes", "read_text", "scandir", "tempfile"),
    )
)
# What the interpreter begins in any code, without having been asked for it: warnings, the ends of objects.
_UNASKED = frozenset(("_weakrefset", "linecache", "traceback", "warnings", "weakref"))


def names_of(callee: types.FrameType | None) -> frozenset[str]:
    """The names by which code calls what it has called, in the frame of that; None: something in C."""
    return frozenset() if callee is None else frozenset(callee.f_code.co_qualname.split("."))


def is_unasked(callee: types.FrameType | None) -> bool:
    """Whether the interpreter has called it by itself."""
    if callee is None:
        return False
    return callee.f_globals.get("__name__") in _UNASKED or callee.f_code.co_name == "__del__"


def opens_for_others(filename: str) -> bool:
    """Whether code of a file opens files that its callers want to have read."""
    return _origin.is_stdlib(filename) or _origin.reads_for_others(filename)
