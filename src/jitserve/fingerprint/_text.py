"""Walked values as a person would write them. Runs no user code, and is always short."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from . import _raw
from ._marker import Marker

LIMIT = 120  # characters of one text
_FEW = 8  # elements of an array that are worth writing out
# Types by identity: a class that is asked for its hash may answer with code of the user's.
SCALARS = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))))
_SIZED = frozenset(map(id, (list, tuple, dict, set, frozenset)))
_NAMED = frozenset(map(id, (types.FunctionType, types.BuiltinFunctionType, np.ufunc)))


def shorten(text: str) -> str:
    """``text``, with a mark where it was too long."""
    return text if len(text) <= LIMIT else f"{text[: LIMIT - 3]}..."


def text_of(obj: Any) -> tuple[str, bool]:
    """A short text, and whether the text says all that the walk sees of this one value (not of what it refers to)."""
    kind = type(obj)
    if id(kind) in SCALARS:
        text = _of_scalar(obj)
        return shorten(text), len(text) <= LIMIT
    if id(kind) in _SIZED:
        return f"{kind.__name__} of {len(obj)}", True
    if kind is Marker:
        return obj.name, True
    if id(kind) in _NAMED:
        return shorten(f"{getattr(obj, '__module__', None) or 'builtins'}.{obj.__name__}"), False
    if issubclass(kind, type):
        return shorten(f"{_raw.module_name(obj)}.{_raw.qualname(obj)}"), False
    if _raw.qualname(kind) == "PjitFunction" and _raw.module_name(kind) == "jaxlib._jax":
        return shorten(f"jitted {_jitted_name(obj)}"), False
    if kind is np.ndarray or (_raw.qualname(kind) == "ArrayImpl" and _raw.module_name(kind) == "jaxlib._jax"):
        return shorten(_of_array(obj)), False
    if issubclass(kind, np.generic) and not _raw.is_heap_type(kind):
        return shorten(f"{obj.dtype}({obj.item()!r})"), False
    if issubclass(kind, np.dtype):
        return shorten(f"dtype {obj}"), False
    return shorten(f"{_raw.module_name(kind)}.{_raw.qualname(kind)} object"), False


def _of_scalar(obj: Any) -> str:
    try:
        return repr(obj)
    except ValueError:  # an integer of more digits than Python writes out
        return f"{obj:#x}"


def _jitted_name(obj: Any) -> str:
    namespace = _raw.instance_dict(obj) or {}
    return f"{namespace.get('__module__')}.{namespace.get('__qualname__')}"


def _of_array(obj: Any) -> str:
    shape = ",".join(map(str, obj.shape))
    text = f"{obj.dtype}[{shape}]"
    if obj.size > _FEW or obj.dtype.kind not in "biufc":
        return f"{text} array"
    return f"{text} array {np.asarray(obj).tolist()}"
