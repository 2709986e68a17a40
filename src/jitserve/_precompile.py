"""``jitserve.precompile``: fill the store before anybody calls, without executing anything."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jitserve._outcome import Outcome

# A function, its positional arguments, its keyword arguments.
PlannedCall = tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]


def precompile(fun: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Outcome:
    """Compiles ``fun`` for a call with such arguments, and stores it; nothing is executed, no argument is donated.

    Args:
        fun: a ``jitserve.jit`` or ``jax.jit`` function, or a plain one, which is compiled as ``jitserve.jit(fun)``.
        args, kwargs: as of the later call. ``jax.ShapeDtypeStruct`` stands for an array: without a sharding, for one on
            the default device that is not committed to it, as ``jnp.zeros`` makes it; with one, for what
            ``jax.device_put`` makes. Other arguments stand for themselves: a NumPy array for a NumPy array.

    Returns:
        ``MISS`` where it was compiled, a hit where it was there already, ``BYPASS`` or ``FAULT`` where a later call
        will not find it. What was compiled is published on return.

    Raises:
        what ``jitserve.jit(fun).lower(*args, **kwargs)`` and its ``compile()`` raise.
    """
    return precompile_all([(fun, args, kwargs)], progress=False)[0]


def precompile_all(calls: Iterable[PlannedCall], *, progress: bool = True) -> list[Outcome]:
    """``precompile`` for many calls, with a progress bar on a terminal.

    Args:
        calls: triples of function, positional arguments and keyword arguments.
        progress: False for no bar.

    Returns:
        the outcomes, in order.

    Raises:
        as ``precompile``, for the first call that fails; what was compiled before is published.
    """
    import jitserve
    from jitserve._install import is_ours

    planned = list(calls)
    if not is_ours(jitserve.jit):
        return [Outcome.BYPASS] * len(planned)
    outcomes = []
    try:
        for fun, args, kwargs in _with_progress(list(map(_triple, planned)), wanted=progress):
            outcomes.append(_precompile(fun, tuple(args), dict(kwargs)))
    finally:
        jitserve.flush()
    return outcomes


def _triple(call: PlannedCall) -> PlannedCall:
    if len(call) != 3:
        message = f"a call to precompile is (function, args, kwargs), {{}} for no keyword arguments; got {call!r}"
        raise TypeError(message)
    return call


def _precompile(fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
    from jitserve import _jax, jit
    from jitserve._outcome import Refusal
    from jitserve._resolve import resolve
    from jitserve._session import current_session

    if isinstance(fun, types.MethodType) and _jax.is_jitted(fun.__func__):
        args, fun = (fun.__self__, *args), fun.__func__
    jitted: Any = fun if _jax.is_jitted(fun) else jit(fun)
    session = current_session()
    call = _jax.parse_call(_jax.user_function(jitted), _jax.options(jitted), args, kwargs)
    try:
        call = dataclasses.replace(call, leaves=[_jax.stand_in(leaf) for leaf in call.leaves])
    except Refusal as refusal:
        session.bypass(f"{fun}", refusal)
        return Outcome.BYPASS
    # Where something is wrong with the function or its arguments, `lower` is what says so.
    step = resolve(session, call, lambda: jitted.lower(*args, **kwargs), lambda *_: None, lambda _: None)
    if isinstance(step, tuple):
        return step[0]
    with step:
        return step.finish(_jax.infer_params(call.fun, call.info, call.args, call.kwargs))[0]


def _with_progress(calls: list[PlannedCall], *, wanted: bool) -> Iterator[PlannedCall]:
    if not wanted or not sys.stderr.isatty():
        yield from calls
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(calls, description="Compiling", console=Console(stderr=True))
