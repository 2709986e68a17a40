"""``jitserve.jit``: a drop-in for ``jax.jit``."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jitserve import _jax
from jitserve._aot import compile_lowered
from jitserve._lookup import Direct
from jitserve._resolve import resolve
from jitserve._session import current_session

_jax.hide_frames(Path(__file__).parent)
_jax.serve_stages(compile_lowered)


@functools.wraps(_jax.stock_jit)
def jit(*args: Any, **options: Any) -> Any:
    stock = _jax.stock_jit(*args, **options)
    # Without a function, JAX's `jit` is a factory of decorators.
    return _twin(stock) if args else lambda fun: _twin(stock(fun))


def _twin(stock: Any) -> Any:
    try:
        weakref.ref(_jax.user_function(stock))
    except TypeError:
        # JAX cannot call a function without weak references anyway, and crashes when it is jitted a second time.
        return stock
    return _jax.with_cache_miss(stock, _cache_miss_of)


def _cache_miss_of(stock: Any, stock_miss: _jax.CacheMiss) -> _jax.CacheMiss:
    """The callback for calls that the dispatcher has not seen.

    It holds the function and its options, not ``stock``: what the object keeps alive is what JAX's own keeps alive.
    """
    fun: Callable[..., Any] = _jax.user_function(stock)
    info = _jax.options(stock)

    def cache_miss(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool]:
        if _jax.forbids_tracing():
            return stock_miss(*args, **kwargs)
        call = _jax.parse_call(fun, info, args, kwargs)
        return resolve(current_session(), call, lambda: stock_miss(*args, **kwargs), _execute)[1]

    return cache_miss


def _execute(call: _jax.Call, direct: Direct) -> tuple[Any, Any, bool]:
    # From here on errors are the user's: donated arguments may be gone, so nothing is tried twice.
    out, fastpath = _jax.execute(direct.loaded.executable, call.leaves, direct.out_tree)
    return out, fastpath, False
