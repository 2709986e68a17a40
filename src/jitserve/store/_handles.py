"""gRPC's objects that must not be finalized where gRPC's threads stand still.

The finalizers of a channel and of a stream take locks that gRPC's own threads take too, and those threads run no more
in a forked child, nor while the interpreter is torn down: one of them may have stopped with such a lock, the finalizer
would wait for it, and the process would never end. So what is alive then stays alive: the system frees it.
"""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class _Handles:
    """Those of this process."""

    alive: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()
    across_fork: ClassVar[list[Any]] = []
    exiting: ClassVar[bool] = False


def kept_from_teardown(handle: T) -> T:
    """``handle``, a channel or stream of gRPC's: from now on it is finalized while its threads run, or not at all."""
    if _Handles.exiting:
        _keep(handle)
    else:
        _Handles.alive.add(handle)
    return handle


def _keep(handle: Any) -> None:
    import ctypes

    # A reference from Python would go with the module that has it.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))


def _before_exit() -> None:
    _Handles.exiting = True
    for handle in list(_Handles.alive):
        _keep(handle)


def _before_fork() -> None:
    _Handles.across_fork = list(_Handles.alive)


def _in_parent() -> None:
    _Handles.across_fork = []


def _in_child() -> None:
    for handle in _Handles.across_fork:
        _keep(handle)
    _Handles.across_fork = []


atexit.register(_before_exit)
os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
