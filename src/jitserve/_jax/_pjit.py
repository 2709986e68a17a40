"""Our ``PjitFunction``: jaxlib's own dispatcher, with another callback for the calls that it has not seen."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
from jax._src import source_info_util, traceback_util
from jaxlib import _jax

# Taken once: `jax.jit` itself may later be replaced by ours.
stock_jit: Callable[..., Any] = jax.jit
# JAX counts frames to find whom to blame for options that it has deprecated. Our `jit` takes the place of the outermost
# of its own, which filters tracebacks, and calls what is inside.
stock_jit_inside: Callable[..., Any] = getattr(stock_jit, "__wrapped__", stock_jit)
_OURS = f"{Path(__file__).parents[1]}{os.sep}"
_PLAIN = frozenset((bool, int, str, jax.tree_util.PyTreeDef))

CacheMiss = Callable[..., tuple[Any, Any, bool]]


def filter_traceback(error: Exception) -> None:
    """Does to an error that our `jit` is about to raise again what the outermost frame of JAX's `jit` does to it."""
    if traceback_util._filtering_mode() in ("off", "tracebackhide"):
        return
    with contextlib.suppress(type(error)):
        _raise(error)
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next  # without this function


@traceback_util.api_boundary
def _raise(error: Exception) -> None:
    raise error


def drop_our_frames(error: Exception) -> None:
    """Takes our frames out of an error's traceback, where JAX leaves its own and we raise it again.

    An error of our own is left as it is.
    """
    entries = list(_entries(error.__traceback__))
    others = [entry for entry in entries if not entry.tb_frame.f_code.co_filename.startswith(_OURS)]
    if not others or others[-1] is not entries[-1]:
        return
    for entry, following in zip(others, [*others[1:], None], strict=True):
        entry.tb_next = following
    error.__traceback__ = others[0]


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def hide_frames(package: Path) -> None:
    """Keeps our frames out of the user's tracebacks and out of the source locations in programs."""
    prefix = str(package)
    traceback_util.register_exclusion(prefix)
    source_info_util.register_exclusion(prefix)


def with_cache_miss(stock: Any, make_cache_miss: Callable[[Any, CacheMiss], CacheMiss]) -> Any:
    """A twin of ``stock`` that asks ``make_cache_miss(stock, its own callback)`` for calls it has not seen.

    Everything else is that of ``stock``: the parsed options, the C++ cache, the registries and the attributes. The
    parts come from the documented pickling state of the object, so that nothing of JAX's ``jit`` is repeated here.
    """
    state = stock.__getstate__()
    cache_miss = traceback_util.api_boundary(make_cache_miss(stock, state["cache_miss"]))
    cache_miss.is_jitserve = True
    twin = _jax.pjit(
        state["function_name"],
        state["fun"],
        cache_miss,
        state["static_argnums"],
        state["static_argnames"],
        state["global_cache_key"],
        state["pytree_registry"],
        state["shard_arg_fallback"],
        state["cache"],
    )
    twin.__dict__.update(stock.__dict__)
    return twin


def is_jitted(function: object) -> bool:
    """Whether this is what ``jax.jit`` or ``jitserve.jit`` return."""
    return isinstance(function, _jax.PjitFunction)


def is_ours(function: Any) -> bool:
    """Whether a ``PjitFunction`` is one that ``with_cache_miss`` made.

    The mark is on the callback: what is in the ``__dict__`` of the function, ``functools.wraps`` copies to others.
    """
    return getattr(function.__getstate__()["cache_miss"], "is_jitserve", False)


def options(stock: Any) -> Any:
    """The parsed options of a jitted function (JAX's ``PjitInfo``)."""
    return stock._jit_info


def option_fields(info: Any) -> list[tuple[str, Any]]:
    """The options that can shape a program. Source position and signature only serve error messages."""
    return [(name, value) for name, value in info._asdict().items() if name not in ("fun_sourceinfo", "fun_signature")]


def given_options(info: Any) -> list[tuple[str, Any]]:
    """Those that are not what they are for a function that is jitted without any."""
    return [
        (name, value)
        for name, default in _default_options()
        if (value := getattr(info, name)) is not default and not _same(value, default)
    ]


@functools.cache
def _default_options() -> list[tuple[str, Any]]:
    return option_fields(options(stock_jit(lambda: None)))


def _same(value: Any, other: Any) -> bool:
    """Whether two options mean the same; False where that takes a closer look."""
    if type(value) is tuple and type(other) is tuple:
        return len(value) == len(other) and all(map(_same, value, other))
    return value is other or (type(value) is type(other) and type(value) in _PLAIN and bool(value == other))


def user_function(stock: Any) -> Callable[..., Any]:
    """The function that was jitted."""
    fun: Callable[..., Any] = stock._fun
    return fun
