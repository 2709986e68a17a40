"""Signatures that somebody has set on a function or a class (``__signature__``).

JAX asks for them to fill in what a call leaves out and to find arguments by name (``custom_jvp``, ``custom_vjp``,
``jax.jit`` with names of static arguments), by ``inspect.signature``, which goes by what was set. So names, kinds and
defaults count; annotations describe. Defaults are left out where those of functions that do not run are, unless the
recorder hears that somebody has asked for a signature that was set.
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import TYPE_CHECKING, Any

from . import _origin, _raw
from ._origin import Origin

if TYPE_CHECKING:
    from ._walker import Walker

NAMES = frozenset(("__signature__", "__text_signature__"))
DEFAULTS = "__defaults__"  # the name by which those of functions that do not run count
_PARAMETERS: Any = vars(inspect.Signature)["_parameters"].__get__
_NAME, _KIND, _DEFAULT = (vars(inspect.Parameter)[name].__get__ for name in ("_name", "_kind", "_default"))
_EMPTY = inspect.Parameter.empty
_FURTHEST = 64  # wrappers


def told(walker: Walker, value: object) -> object:
    """What counts of a signature that was set on something.

    Args:
        walker: of the walk.
        value: what is under one of ``NAMES``.

    Returns:
        An object to be walked; None where nothing counts: what a library puts there to make a signature of when it is
        asked.
    """
    if type(value) is not inspect.Signature:
        return value if type(value) is str or _is_users(value) else None
    found = []
    for parameter in dict(_PARAMETERS(value)).values():
        if type(parameter) is not inspect.Parameter:
            return value
        default = _DEFAULT(parameter)
        shown = () if default is _EMPTY else ("given",) if walker.hides_defaults else ("given", default)
        found.append((_NAME(parameter), int(_KIND(parameter)), *shown))
    return ("signature", *found)


def told_of(walker: Walker, name: str, value: object) -> tuple[object, ...]:
    """(what counts of it,) where it is a signature by its name, and counts."""
    found = told(walker, value) if name in NAMES else None
    return () if found is None else (found,)


def is_set_on(obj: object) -> bool:
    """Whether ``inspect.signature`` of something finds one that somebody has set, on it or on what it wraps."""
    for _ in range(_FURTHEST):
        if type(obj) is types.MethodType:
            obj = obj.__func__
        elif type(obj) is functools.partial:
            obj = functools.partial.func.__get__(obj)
        if any("__signature__" in _raw.namespace(cls) for cls in _users_classes(obj)):
            return True
        namespace = _raw.instance_dict(obj) or {}
        if "__signature__" in namespace:
            return type(obj) is not types.FunctionType or _origin.of_function(obj) is not Origin.OPAQUE
        if "__wrapped__" not in namespace:
            return False
        obj = namespace["__wrapped__"]
    return True


def _users_classes(obj: object) -> list[type]:
    cls: Any = obj if issubclass(type(obj), type) else type(obj)
    return [kind for kind in _raw.mro(cls) if _raw.is_heap_type(kind) and _origin.of_class(kind) is Origin.USER]


def _is_users(value: object) -> bool:
    if type(value) is types.FunctionType:
        return _origin.of_function(value) is Origin.USER
    return _raw.is_heap_type(type(value)) and _origin.of_class(type(value)) is Origin.USER
