"""On whose behalf code runs: what the observer asks of the callers of a frame (``cpp/bindings/bind_stack.cpp``)."""

from __future__ import annotations

import functools
import gc
import logging
import types

import jax

from jitserve import _core

from . import _origin

# Kinds of code, as the extension knows them.
STDLIB, IMPORTING, WATCHING = 1, 2, 4


def new_stack() -> _core.Stack:
    """For one recording; it remembers the kinds of the code that it has met."""
    return _core.Stack(_kind_of, gc.callbacks)


def _kind_of(code: types.CodeType) -> int:
    filename = code.co_filename
    kind = STDLIB if _origin.is_stdlib(filename) else 0
    if filename.startswith("<frozen importlib"):
        kind |= IMPORTING
    return kind | WATCHING if filename in _watching_files() else kind


@functools.cache
def _watching_files() -> frozenset[str]:
    """Modules that call back those who want to know what happens; what these do has no way into a program."""
    entrances = (logging.Logger.callHandlers, jax.monitoring.record_event)
    return frozenset(function.__code__.co_filename for function in entrances)
