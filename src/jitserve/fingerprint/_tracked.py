"""What the recorder turns into a dependency if a trace reads it, so that it is no hazard: the environment, files."""

from __future__ import annotations

import os
import types
from typing import Any

from jitserve._outcome import BypassReason, Refusal

# Where the functions are whose reading of a file is seen as the opening of that file.
_OPENING_MODULES = frozenset(("builtins", "io", "_io", "numpy", "numpy.lib._npyio_impl"))

# The environment of the process, as text and as bytes. A dependency is read from it, whatever `os.environ` is by now.
_ENVIRONMENTS: list[tuple[Any, dict[str, object]]] = [
    (environ, dict(vars(environ)))
    for environ in (os.environ, getattr(os, "environb", None))
    if type(environ) is os._Environ
]


class Tracked(Refusal):
    """A refusal where nobody watches the trace. The recorder makes a dependency of what is read."""


def is_environment(obj: object) -> bool:
    """Whether it is the environment of the process, and nothing else is kept in it."""
    return any(obj is environ and _is_unchanged(vars(environ), own) for environ, own in _ENVIRONMENTS)


def _is_unchanged(now: dict[str, object], own: dict[str, object]) -> bool:
    return len(now) == len(own) and all(now.get(name) is value for name, value in own.items())


def is_tracked(reason: BypassReason, module: str) -> bool:
    """Whether the recorder sees what a function of the standard library or numpy reads, and can read it again.

    Args:
        reason: why the function is refused otherwise.
        module: of the function.
    """
    if reason is BypassReason.ENV_READ_UNTRACKED:
        return is_environment(os.environ)
    return reason is BypassReason.FILE_READ_UNTRACKED and module in _OPENING_MODULES


def refusal_of(function: object, module: str, rule: tuple[BypassReason, str], path: str) -> Refusal:
    """The refusal of a function by a rule. One in Python that looks at files is heard by the recorder when it starts,
    wherever it is called from; one in C is not.
    """
    in_python = rule[0] is BypassReason.FILE_READ_UNTRACKED and type(function) is not types.BuiltinFunctionType
    return (Tracked if in_python or is_tracked(rule[0], module) else Refusal)(rule[0], path, rule[1])
