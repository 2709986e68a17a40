"""Errors that a handler of signals has raised: the user's, whatever of ours the signal has interrupted."""

from __future__ import annotations

import dis
import functools
import signal
import threading
import types


def pass_on(error: BaseException) -> None:
    """Raises the error, or the one that caused it, if a handler of signals has raised that.

    To be called first where all errors are caught since they must be our own.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python runs handlers in the main thread only
    codes = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    cause: BaseException | None = error
    seen: set[int] = set()  # an error may be its own cause (`raise error from error`)
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if _has_run(codes, cause.__traceback__) or _is_interrupt(cause):
            raise cause
        cause = cause.__cause__


def _is_interrupt(error: BaseException) -> bool:
    """Whether Python's own handler of SIGINT has raised the error: it leaves no frame, and no ``raise`` was running."""
    traceback = error.__traceback__
    if type(error) is not KeyboardInterrupt or error.args or traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_code[traceback.tb_lasti] != dis.opmap["RAISE_VARARGS"]


def _has_run(codes: set[types.CodeType | None], traceback: types.TracebackType | None) -> bool:
    while traceback is not None and traceback.tb_frame.f_code not in codes:
        traceback = traceback.tb_next
    return traceback is not None


def _code_of(handler: object) -> types.CodeType | None:
    """The code of a handler that is written in Python; None of others."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not isinstance(handler, types.FunctionType | types.MethodType) and callable(handler):
        handler = getattr(type(handler), "__call__", None)  # noqa: B004 - what a call of an object runs
    function = handler.__func__ if isinstance(handler, types.MethodType) else handler
    return function.__code__ if isinstance(function, types.FunctionType) else None
