"""Element types by name, JAX's PRNG key types included."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from jax._src.random import prng

# The implementations that JAX itself brings. One that a user registers is code that no name can stand for.
_KEY_IMPLEMENTATIONS = frozenset(
    {"threefry2x32", "rbg", "unsafe_rbg", "philox2x32", "philox4x32", "threefry4x32"} & set(prng.prngs)
)


def dtype_name(dtype: Any) -> str | None:
    """The name of an element type: ``float32``, ``bfloat16``, ``key<threefry2x32>``; None where no name is safe."""
    if isinstance(dtype, prng.KeyTy):
        name = dtype._impl.name
        known = name in _KEY_IMPLEMENTATIONS and prng.prngs[name] is dtype._impl
        return f"key<{name}>" if known else None
    if not isinstance(dtype, np.dtype) or dtype.kind in "OSUmM" or dtype.fields is not None or not dtype.isnative:
        return None
    return dtype.name


def is_named_dtype(dtype: Any) -> bool:
    """Whether the name of an element type says all of it: no metadata, no parts, no scalar type of the user's."""
    name = dtype_name(dtype)
    if name is None or not isinstance(dtype, np.dtype):
        return name is not None
    try:
        named = dtype_from_name(name)
    except (KeyError, TypeError):
        return False
    return bool(named == dtype) and named.type is dtype.type and dtype.metadata is None and dtype.subdtype is None


def dtype_from_name(name: str) -> Any:
    """The element type that ``dtype_name`` named.

    Raises:
        KeyError: no such key implementation. TypeError: no such element type.
    """
    if name.startswith("key<"):
        return prng.KeyTy(prng.prngs[name[4:-1]])
    custom = getattr(ml_dtypes, name, None)
    return np.dtype(name if custom is None else custom)
