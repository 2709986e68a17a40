"""Ahead-of-time stages: the ``compile()`` of what our functions have lowered goes through us.

JAX makes every stage object from the one before, so it is enough to mark the first: ``PjitFunction.trace`` calls
``pjit.jit_trace``, which we wrap. Objects of JAX are never changed, since it shares lowered programs among functions:
a marked object is a shallow copy with one more attribute.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from jax._src import pjit, stages, traceback_util
from jax._src.interpreters import pxla

from jitserve._jax._pjit import drop_our_frames, is_ours, user_function
from jitserve._jax._program import Lowered

Compile = Callable[[Lowered], Any]
PlaceOfTrace = Callable[[Any, tuple[Any, ...], dict[str, Any]], AbstractContextManager[Any]]
PlaceOfLowering = Callable[[Callable[..., Any]], AbstractContextManager[Any]]


def serve_stages(compile_lowered: Compile, place_of_trace: PlaceOfTrace, place_of_lowering: PlaceOfLowering) -> None:
    """Has ``compile_lowered`` compile what our functions lower ahead of time.

    It returns JAX's executable, or None to leave the compilation to JAX. ``place_of_trace`` gives the context in which
    to trace a call of such a function, ``place_of_lowering`` that in which to lower one.

    Plain ``jax.jit`` functions are left alone, as are lowerings for other platforms and compilations with options or a
    device assignment of their own.
    """
    stock_trace = pjit.jit_trace

    @traceback_util.api_boundary
    @functools.wraps(stock_trace)
    def jit_trace(jit_func: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_ours(jit_func):
            return stock_trace(jit_func, *args, **kwargs)
        fun = user_function(jit_func)
        with place_of_trace(jit_func, args, kwargs):
            traced = stock_trace(jit_func, *args, **kwargs)
        return _marked_traced(traced, compile_lowered, lambda: place_of_lowering(fun))

    pjit.jit_trace = jit_trace


def _without_our_frames(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a method in the place of JAX's: what fails is shown as if it had been JAX's."""

    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            drop_our_frames(error)
            raise

    return method


def _marked_traced(traced: Any, compile_lowered: Compile, place: Callable[[], AbstractContextManager[Any]]) -> Any:
    @_without_our_frames
    @functools.wraps(stages.Traced.lower)
    def lower(*, lowering_platforms: Any = None, _private_parameters: Any = None) -> Any:
        with place():
            lowered = traced.lower(lowering_platforms=lowering_platforms, _private_parameters=_private_parameters)
        plain = lowering_platforms is None and _private_parameters is None
        if plain and type(lowered._lowering) is pxla.MeshComputation:
            lowered._lowering = _marked_computation(lowered._lowering, compile_lowered)
        return lowered

    # A copy, so that `lower` does not make a cycle of the object that has it.
    marked = copy.copy(traced)
    marked.lower = lower
    return marked


def _marked_computation(computation: Any, compile_lowered: Compile) -> Any:
    @_without_our_frames
    @functools.wraps(pxla.MeshComputation.compile)
    def compile(compiler_options: Any = None, *, device_assignment: Any = None) -> Any:
        if compiler_options is not None or device_assignment is not None:
            return computation.compile(compiler_options, device_assignment=device_assignment)
        if computation._executable is not None:
            return computation._executable
        executable = compile_lowered(Lowered(computation, []))
        return computation.compile() if executable is None else executable

    marked = copy.copy(computation)
    marked.compile = compile
    return marked
