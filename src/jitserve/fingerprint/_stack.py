"""On whose behalf code runs: what the observer asks of the callers of a frame (``cpp/bindings/bind_stack.cpp``)."""

from __future__ import annotations

import functools
import gc
import logging
import sys
import types

import jax

from jitserve import _core

from . import _packages

# Kinds of code, as the extension knows them.
STDLIB, IMPORTING, WATCHING = 1, 2, 4
_IMPORTER = "<frozen importlib."


def new_stack() -> _core.Stack:
    """For one recording; it remembers the kinds of the code that it has met."""
    return _core.Stack(_kind_of, gc.callbacks)


def _kind_of(code: types.CodeType) -> int:
    filename = code.co_filename
    kind = STDLIB if _packages.is_stdlib(filename) else 0
    if filename.startswith(_IMPORTER):
        kind |= IMPORTING
    return kind | WATCHING if id(code) in _watching() else kind


def is_importer(frame: types.FrameType | None) -> bool:
    """Whether it is the interpreter's own code that finds and loads modules."""
    return frame is not None and frame.f_code.co_filename.startswith(_IMPORTER)


def is_entrance(code: types.CodeType) -> bool:
    """Whether refusals are waived for what it calls: it imports, or watches."""
    return code.co_filename.startswith(_IMPORTER) or id(code) in _watching()


@functools.cache
def _watching() -> frozenset[int]:
    """Code that calls back those who want to know what happens, and that returns nothing; by id.

    Refusals are waived for what these do, be it to read the clock. It has run all the same: they may raise, or change
    what they are handed.
    """
    told = vars(sys.modules[jax.monitoring.record_event.__module__])
    entrances = [told[name] for name in told if name.startswith("record_") and type(told[name]) is types.FunctionType]
    entrances += [logging.Logger._log, logging.Logger.handle, logging.Logger.callHandlers]
    return frozenset(id(function.__code__) for function in entrances)
