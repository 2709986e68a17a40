"""``jitserve.jit``: a drop-in for ``jax.jit``."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jitserve import _given_up, _jax, _users
from jitserve._aot import compile_lowered, place_of_lowering, place_of_trace
from jitserve._errors import WrongHitError
from jitserve._lookup import Direct
from jitserve._own_traces import place_of_own_trace
from jitserve._resolve import resolve
from jitserve._session import current_session
from jitserve._signals import pass_on

# What the dispatcher wants: the result, its fast-path data, and whether to forget the entry.
Dispatched = tuple[Any, Any, bool]

_jax.hide_frames(Path(__file__).parent)
_jax.serve_stages(compile_lowered, place_of_trace, place_of_lowering)
_jax.share_own_traces(place_of_own_trace)
_jax.hear_of_evictions(lambda fun: current_session().answered.evict(fun))
_jax.hear_of_evictions(_given_up.given_up.evict)
_jax.hear_of_clearings(_given_up.given_up.clear)


@functools.wraps(_jax.stock_jit)
def jit(*args: Any, **options: Any) -> Any:
    try:
        stock = _jax.stock_jit_inside(*args, **options)
    except Exception as error:
        _jax.filter_traceback(error)
        raise
    # Without a function, JAX's `jit` is a factory of decorators.
    return _twin(stock) if args else _decorator(stock)


jit.__module__ = "jitserve"  # where pickle finds this function; under the name of JAX's it would find another one


def _decorator(stock_decorator: Callable[..., Any]) -> Callable[..., Any]:
    def decorate(fun: Any) -> Any:
        try:
            stock = stock_decorator(fun)  # one frame away from the caller, as by JAX, which counts them
        except Exception as error:
            _jax.drop_our_frames(error)
            raise
        return _twin(stock)

    return decorate


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
        # By their modules, these: the callback may be pickled along with what it refers to.
        _users.users_own.forget()
        call = _jax.parse_call(fun, info, args, kwargs)  # what it raises is the user's
        attempt = _Attempt(call, lambda: stock_miss(*args, **kwargs))
        try:
            step = resolve(current_session(), call, attempt.plain, attempt.execute, attempt.bind)
            if isinstance(step, tuple):
                return step[1]
            with step:
                with _users.users_own:
                    inferred = _jax.infer_params(fun, info, args, kwargs)  # from here, as JAX's own callback does it
                return step.finish(inferred)[1]
        except BaseException as error:
            if not isinstance(error, Exception) or _users.is_the_users(error) or isinstance(error, WrongHitError):
                _given_up.given_up.note(current_session(), call)
                raise
            pass_on(error)
            return attempt.rescue(error)

    return cache_miss


class _Attempt:
    """One call, which is made exactly once, whatever becomes of the rest."""

    def __init__(self, call: _jax.Call, stock: Callable[[], Dispatched]) -> None:
        self._call = call
        self._stock = stock
        self._answer: Dispatched | None = None

    def plain(self) -> Dispatched:
        """Makes the call through plain JAX."""
        with _users.users_own:
            self._answer = self._stock()
        return self._answer

    def execute(self, call: _jax.Call, direct: Direct) -> Dispatched:
        """Makes the call with an executable that was found."""
        # Errors are the user's from here on: donated arguments may be gone, so nothing is tried twice.
        with _users.users_own:
            out, fastpath = _jax.execute(direct.loaded.executable, call.leaves, direct.out_tree)
        self._answer = (out, fastpath, False)
        return self._answer

    def bind(self, inferred: Any) -> Dispatched:
        """Makes the call of what was traced, as JAX's own callback goes on from there."""
        with _users.users_own:
            self._answer = (_jax.bind(self._call, inferred), None, False)
        return self._answer

    def rescue(self, error: Exception) -> Dispatched:
        """After an error of our own: the answer if the call has been made, else plain JAX."""
        try:
            current_session().broke("a lookup", error)
        except Exception as another:  # noqa: BLE001 - where there is no session, that is the error
            pass_on(another)
        return self.plain() if self._answer is None else self._answer
