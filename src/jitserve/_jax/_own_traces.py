"""Functions of JAX's own that inner calls call, like ``jnp.where``: what they are traced to serves all inner calls.

Each inner call is traced in a context by what it can read, and finds in JAX's caches what was traced in that. Every
small function of JAX's would be traced anew for each function of the user's. But such a function reads nothing of the
user's: what it is traced to depends on its arguments, on JAX's configuration, and on what is bound inside of JAX.
"""

from __future__ import annotations

import enum
import os
import threading
import types
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import jax
import numpy as np
from jax._src import pjit

from jitserve import _core
from jitserve._jax._call import parse_call
from jitserve._jax._context import own_context
from jitserve._jax._inner import entry_of, is_plain_data

_JAX = os.path.join(os.path.dirname(jax.__file__), "")
_SCALARS = (bool, int, float, complex, type(None))
_LIBRARIES = ("builtins", "jax", "ml_dtypes", "numpy")


class _Here(threading.local):
    is_sharing = False


_here = _Here()

# Whatever they are traced to holds code that runs later, and may then read another configuration.
_unfit: weakref.WeakSet[Callable[..., Any]] = weakref.WeakSet()


class SharingOwnTraces:
    """While this is entered, functions of JAX's own are traced in shared contexts, in this thread."""

    def __enter__(self) -> None:
        self._before, _here.is_sharing = _here.is_sharing, True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        _here.is_sharing = self._before


def share_own_traces(place_of: Callable[[Hashable], object]) -> None:
    """Makes ``SharingOwnTraces`` do what it says.

    ``place_of`` is given what distinguishes two calls that JAX's caches may take for equal, and returns the token of
    the context to trace one in; None where it is to be traced in that of the outer trace.
    """
    stock: Any = pjit._trace_for_jit

    def trace(*parts: Any) -> Any:
        fun, info, mesh, _, avals, args, kwargs = parts
        token = None
        if _here.is_sharing and is_jaxs_own(fun) and fun not in _unfit:
            statics = _statics(info, args, kwargs)
            token = None if statics is None else place_of(statics)
        if token is None:
            return NotImplemented
        with own_context(token):
            entry = entry_of(parse_call(fun, info, args, kwargs), avals, mesh)
            if entry.pjit_params is None:
                params = stock(*parts)
                if not is_plain_data(params):
                    _unfit.add(fun)
                    return params
                entry.pjit_params = params
            return entry.pjit_params

    pjit._trace_for_jit = _core.intercept(stock, trace)


def is_jaxs_own(fun: object) -> bool:
    """Whether a function comes with JAX, and reads nothing but its arguments and what is bound inside of JAX."""
    return type(fun) is types.FunctionType and fun.__closure__ is None and fun.__code__.co_filename.startswith(_JAX)


def _statics(info: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Hashable, ...] | None:
    """The static arguments, each as what it is and not only what it equals. None: some argument is the user's."""
    named = [*enumerate(args), *kwargs.items()]
    static = {*info.static_argnums, *info.static_argnames}
    if not all(name in static or _is_plain(value) for name, value in named):
        return None
    described = tuple((name, _describe(value)) for name, value in named if name in static)
    return None if any(value is None for _, value in described) else described


def _is_plain(value: Any) -> bool:
    """Whether an argument is an array or a number, or made of such without classes of the user's."""
    if type(value) in (tuple, list):
        return all(map(_is_plain, value))
    kind = type(value)
    return kind in _SCALARS or kind is np.ndarray or isinstance(value, jax.Array) or kind.__module__ == "numpy"


def _describe(value: Any) -> Hashable:
    """A static value: two that JAX's caches take for equal differ here if their types do. None: it is not plain."""
    kind = type(value)
    if kind is tuple:
        parts = tuple(map(_describe, value))
        return None if None in parts else (kind, parts)
    if kind in _SCALARS:
        return kind, repr(value)  # 0.0 and -0.0 are equal
    if kind is str or isinstance(value, np.dtype):
        return kind, value
    named = value if isinstance(value, type) else kind if isinstance(value, enum.Enum) else None
    is_known = named is not None and named.__module__.partition(".")[0] in _LIBRARIES
    return (kind, value) if is_known else None
