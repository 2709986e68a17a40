"""The user contexts that this process traces in: calls that could read the very same share one, all others do not.

JAX's caches of traces know the context, so that a recorded trace finds in them only what was traced in its own. That
may be what an earlier call has left there, if a trace of that call could read the same as one of this: then what is
found is what would be traced anew (``docs/cache-key.md``).
"""

from __future__ import annotations

import threading
import types
import weakref
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitserve._key import CallKey

_KEPT = 256  # contexts that later calls may share; what the others hold is traced anew
_KEPT_OF_JAX = 4096


@dataclass(eq=False, slots=True)
class Context:
    """One user context.

    Attributes:
        readable: digest of what the traces in it can read; None for a context that is not to be shared.
        token: what JAX knows it by.
        codes: all code that ran while it was traced in, by id.
        aside: what JAX knows another one by, for lowerings that nobody records of what was traced in this one.
        is_lowered: what was traced in it was lowered in it, too.
        is_busy: a recorded trace is under way in it.
        is_clean: all traces in it were recorded, of calls that could read the same, and every program was published.
    """

    readable: bytes | None = None
    token: object = field(default_factory=object)
    codes: dict[int, types.CodeType] = field(default_factory=dict)
    aside: object = field(default_factory=object)
    is_lowered: bool = False
    is_busy: bool = True
    is_clean: bool = True


class Contexts:
    """The contexts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[bytes, Context] = {}  # by what a trace can read, the latest last
        self._latest: dict[int, tuple[weakref.ref[Any], Context]] = {}  # by the id of the function
        self._changing: dict[int, weakref.ref[Any]] = {}  # likewise
        self._of_jax: dict[Hashable, object] = {}  # tokens, by what functions of JAX's own can read

    def begin(self, key: CallKey, *, shared: bool) -> Context:
        """A context for a recorded trace, which nobody else gets until it was given back to ``end``.

        Args:
            key: of the call, by a walk that is not pruned.
            shared: whether the context of an earlier call will do, where that could read the same.
        """
        if not shared:
            return Context()
        readable = key.readable()
        with self._lock:
            context = self._shared.pop(readable, None)
            if context is None or not context.is_clean or not _covers(key, context.codes):
                return Context(readable)
            context.is_busy = True
            return context

    def end(
        self,
        key: CallKey,
        context: Context,
        ran: Mapping[int, types.CodeType] | None,
        changing: Iterable[Callable[..., Any]] = (),
        *,
        lowered: bool = True,
    ) -> None:
        """Gives a context back.

        Args:
            key: as for ``begin``.
            context: what that returned.
            ran: the code that ran while the call was traced; None where nobody may rely on that trace.
            changing: the functions of which every trace changes what they have captured.
            lowered: whether the call was lowered, too.
        """
        latest = {id(fun): (self._reference(fun), context) for fun in (key.parts.call.fun, *changing)}
        with self._lock:
            context.is_busy = False
            context.is_lowered |= lowered
            self._latest.update(latest)
            self._changing.update((id(fun), latest[id(fun)][0]) for fun in changing)
            if ran is None or context.readable is None:
                context.is_clean = False
                return
            context.codes.update(ran)
            self._shared[context.readable] = context
            if len(self._shared) > _KEPT:
                del self._shared[next(iter(self._shared))]

    def of_jax(self, readable: Hashable) -> object:
        """The token of a context that functions of JAX's own are traced in, whoever calls them.

        Args:
            readable: tells what such a function can read.
        """
        with self._lock:
            if len(self._of_jax) > _KEPT_OF_JAX:
                self._of_jax.clear()  # JAX keeps no more
            return self._of_jax.setdefault(readable, object())

    def borrow(self, fun: Callable[..., Any]) -> object:
        """The token of the context that a function was last traced in, for a trace that nobody records.

        No recorded trace will be made in that context again. None: it was not, or somebody is just tracing in it.
        """
        with self._lock:
            context = self._latest_of(fun)
            if context is None or context.is_busy:
                return None
            context.is_clean = False
            return context.token

    def borrow_to_lower(self, fun: Callable[..., Any]) -> object:
        """As ``borrow``, for a lowering; beside that context as long as nothing was lowered in it: it stays clean."""
        with self._lock:
            context = self._latest_of(fun)
            if context is not None and context.is_clean and not context.is_lowered:
                return context.aside
        return self.borrow(fun)

    def is_spoilt(self, fun: Callable[..., Any]) -> bool:
        """Whether no recorded trace can be made in the context that a function was last traced in."""
        with self._lock:
            context = self._latest_of(fun)
            return context is not None and not context.is_clean

    def is_changing(self, fun: Callable[..., Any]) -> bool:
        """Whether a trace in this process has shown that every trace of a function changes what it has captured."""
        reference = self._changing.get(id(fun))
        return reference is not None and reference() is fun

    def _latest_of(self, fun: Callable[..., Any]) -> Context | None:
        reference, context = self._latest.get(id(fun), (None, None))
        return context if reference is not None and reference() is fun else None

    def _reference(self, fun: Callable[..., Any]) -> weakref.ref[Any]:
        number = id(fun)
        return weakref.ref(fun, lambda _: self._forget(number))

    def _forget(self, number: int) -> None:
        # Without the lock: the garbage collector may come while this very thread holds it.
        self._latest.pop(number, None)
        self._changing.pop(number, None)


def _covers(key: CallKey, codes: Mapping[int, types.CodeType]) -> bool:
    return all(key.walk.covers_run(code, codes) for code in codes.values())
