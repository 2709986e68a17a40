"""The ends of JAX's caches: ``jax.clear_caches()``, and ``clear_cache()`` of a jitted function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jax._src import pjit, util

from jitserve._jax._pjit import user_function


class _Clearings:
    """Counts how often JAX's caches have been cleared, by being one of them that holds nothing."""

    def __init__(self) -> None:
        self._count = 0
        self.listeners: list[Callable[[], None]] = []
        util.register_cache(self, "jitserve: nothing, it only notices")

    def count(self) -> int:
        """How often so far in this process."""
        return self._count

    def cache_clear(self) -> None:
        """What JAX calls, of every cache that it knows."""
        self._count += 1
        for listener in self.listeners:
            listener()

    def cache_info(self) -> None:
        """Part of what JAX wants of a cache; there is nothing to tell."""

    def cache_keys(self) -> list[Any]:
        """Part of what JAX wants of a cache."""
        return []


def hear_of_evictions(evicted: Callable[[Callable[..., Any]], None]) -> None:
    """Has ``evicted`` called with the user's function when ``clear_cache()`` of a jitted one is."""
    stock_evict = pjit.jit_evict_fn

    @functools.wraps(stock_evict)
    def jit_evict_fn(jit_func: Any) -> None:
        stock_evict(jit_func)
        evicted(user_function(jit_func))

    # JAX puts the function of this name into the class of jitted functions whenever it makes one.
    pjit.jit_evict_fn = jit_evict_fn


_clearings = _Clearings()
clearings = _clearings.count


def hear_of_clearings(cleared: Callable[[], None]) -> None:
    """Has ``cleared`` called when JAX's caches are cleared."""
    _clearings.listeners.append(cleared)
