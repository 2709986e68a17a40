"""Small programs for the walk: sources that become live modules, as a fresh process would have them."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from typing import Any

from jitserve import fingerprint
from jitserve._outcome import BypassReason, Refusal

_PRELUDE = """
import builtins, collections, dataclasses, datetime, enum, functools, os, random, sys, time
import types, typing, uuid, weakref
import jax, jax.numpy as jnp, numpy as np
"""
_numbers = itertools.count()


def load(source: str, *, before: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Runs a program in a new ``__main__`` and returns its namespace.

    Args:
        source: the program; the usual imports have been done for it.
        before: applied to the namespace after the program, for changes at run time.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(_PRELUDE, "prelude.py", "exec"), namespace)
    exec(compile(source, f"program_{next(_numbers)}.py", "exec"), namespace)
    if before is not None:
        before(namespace)
    return namespace


def digest(source: str, name: str = "f") -> bytes:
    """The walk's digest of ``name`` after a program has run."""
    return fingerprint.walk(load(source)[name]).digest


def digest_of_value(value: object) -> bytes:
    """The digest of a static argument."""
    return fingerprint.walk(None, [("static argument value", value)]).digest


def refusal(source: str, name: str = "f") -> BypassReason | None:
    """The reason for which a program is refused, or None when it is not."""
    try:
        fingerprint.walk(load(source)[name])
    except Refusal as error:
        return error.reason
    return None


def module(name: str, source: str) -> types.ModuleType:
    """A module of the user that is not imported from a file."""
    result = types.ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), result.__dict__)
    return result
