"""The interpreter's audit events, for as long as a recording is under way in the thread that they happen in."""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any

from jitserve._signals import pass_on

from ._audit_events import CHANGES, LISTINGS, OUTSIDE
from ._observer import Observer


class _Current(threading.local):
    """The observer of the recording in this thread."""

    observer: Observer | None = None
    busy = False


_current = _Current()
_WANTED = frozenset(("open", "import", "pickle.find_class", *LISTINGS, *CHANGES))


@functools.cache
def _install() -> None:
    """Adds the hook, once a process: an audit hook cannot be removed, so that it has to be idle most of the time."""
    sys.addaudithook(_hook)


def listen(observer: Observer | None) -> Observer | None:
    """Makes ``observer`` hear the events of this thread (None: nobody). Returns who did before."""
    _install()
    before, _current.observer = _current.observer, observer
    return before


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _current is None:
        return  # the interpreter is being torn down, and has emptied this module
    observer = _current.observer
    if observer is None or _current.busy:
        return
    if event not in _WANTED and not event.startswith(OUTSIDE):
        return
    _current.busy = True  # what the observer itself opens is no event of the user's
    try:
        observer.audited(event, arguments, sys._getframe(1))
    except Exception as error:  # noqa: BLE001 - the recording is worthless then, and the user's call goes on
        observer.failed = True
        pass_on(error)
    finally:
        _current.busy = False
