"""The calls that this process has answered: what has been dropped from JAX's caches since is traced again, as by JAX.

The store would answer such a call without a trace. But who clears the caches wants the function to be traced: to have
its side effects once more, or to measure what that takes.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitserve import _jax

_KEPT = 2048  # calls of one function, as many as JAX keeps of all
_EVICTED = -1


class Answered:
    """The answered calls of one session, for each function that is alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By the id of the function: for every call, how often JAX's caches had been cleared when it was last made.
        self._functions: dict[int, tuple[weakref.ref[Any], dict[object, int]]] = {}

    def is_dropped(self, call: _jax.Call, root_key: bytes) -> bool:
        """Notes a call; whether it was answered before, and has since been dropped from JAX's caches.

        Args:
            call: the call.
            root_key: digest that tells its arguments from those of other calls.
        """
        from jitserve import _jax  # here: a session is made on versions of JAX that have no adapter, too

        now, same_call = _jax.clearings(), (root_key, _jax.call_number(call))
        with self._lock:
            calls = self._calls(call.fun)
            before = calls.pop(same_call, now)
            calls[same_call] = now
            if len(calls) > _KEPT:
                del calls[next(iter(calls))]
        return before != now

    def evict(self, fun: Callable[..., Any]) -> None:
        """Takes all calls of a function for dropped."""
        with self._lock:
            reference, calls = self._functions.get(id(fun), (None, {}))
            if reference is not None and reference() is fun:
                calls.update(dict.fromkeys(calls, _EVICTED))

    def _calls(self, fun: Callable[..., Any]) -> dict[object, int]:
        number = id(fun)
        reference, calls = self._functions.get(number, (None, {}))
        if reference is None or reference() is not fun:
            reference, calls = weakref.ref(fun, lambda _: self._forget(number)), {}
            self._functions[number] = reference, calls
        return calls

    def _forget(self, number: int) -> None:
        # Without the lock: the garbage collector may come while this very thread holds it.
        self._functions.pop(number, None)
