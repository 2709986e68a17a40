"""Calls that JAX's dispatcher has given up on: where its callback raised in the first, it asks in every later one.

Plain JAX then goes by what its own caches know of the call. What was found in the store they do not know. So what has
answered such a call is kept here, by all that the dispatcher tells calls apart by, and answers it again.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitserve import _jax
from jitserve._outcome import Refusal
from jitserve._signature import signature

if TYPE_CHECKING:
    from jitserve._lookup import Direct
    from jitserve._session import Session

_KEPT = 2048  # calls of one function, as many as JAX keeps of all
_KEPT_WAYS = 8  # of one call; a function that is jitted anew in every call should not gather them


@dataclass(frozen=True, slots=True)
class Way:
    """How a call is made again.

    Attributes:
        direct: the executable that was found; None where the call was traced, so that JAX's own caches know it.
        token: of the context that it was traced in; None: in none of ours.
    """

    direct: Direct | None = None
    token: object = None


Ways = dict[Any, Way]  # by JAX's parsed options, those of one jitted object: another is traced for itself


class GivenUp:
    """The calls of this process, for each function that is alive.

    They are no session's: the dispatcher remembers what it does in spite of ``jitserve.configure``, too.
    """

    def __init__(self) -> None:
        # By the id of the function. No lock, which a forked child might get held: dictionaries suffice.
        self._functions: dict[int, tuple[weakref.ref[Any], dict[Hashable, Ways]]] = {}

    def note(self, session: Session, call: _jax.Call, way: Way | None = None) -> None:
        """Notes a call that has raised, or how one is made again.

        Args:
            session: of this process.
            call: the call, outside of the context that it was traced in.
            way: how it is made again; None where that is yet to be found out.
        """
        with _tolerant(session):
            same_call = _same_call(call)
            if same_call is None:
                return
            calls = self._make_calls(call.fun)
            ways = calls.setdefault(same_call, {})
            if way is not None:
                ways[call.info] = way
            _drop_first(ways, _KEPT_WAYS)
            _drop_first(calls, _KEPT)

    def has(self, session: Session, call: _jax.Call) -> bool:
        """Whether the dispatcher has given up on a call."""
        return self._ways_of(session, call) is not None

    def way_of(self, session: Session, call: _jax.Call) -> Way | None:
        """How to make a call again; None where that is not known, or where the dispatcher asks for the first time."""
        ways = self._ways_of(session, call)
        return None if ways is None else ways.get(call.info)

    def evict(self, fun: Callable[..., Any]) -> None:
        """Forgets how the calls of a function are made again. The dispatcher may still ask every time."""
        for ways in list(self._calls(fun).values()):
            ways.clear()

    def clear(self) -> None:
        """Forgets all calls, as the dispatcher has."""
        self._functions.clear()

    def _ways_of(self, session: Session, call: _jax.Call) -> Ways | None:
        calls = self._calls(call.fun)
        if calls:
            with _tolerant(session):
                return calls.get(_same_call(call))
        return None

    def _calls(self, fun: Callable[..., Any]) -> dict[Hashable, Ways]:
        reference, calls = self._functions.get(id(fun), (None, {}))
        return calls if reference is not None and reference() is fun else {}

    def _make_calls(self, fun: Callable[..., Any]) -> dict[Hashable, Ways]:
        number = id(fun)
        new = weakref.ref(fun, lambda _: self._functions.pop(number, None)), dict[Hashable, Ways]()
        reference, calls = self._functions.setdefault(number, new)
        if reference() is not fun:  # an address is used again
            self._functions[number] = new
            calls = new[1]
        return calls


def _same_call(call: _jax.Call) -> Hashable:
    """What equals for calls that JAX takes for the same; None for one that it has to see every time."""
    # Processes of one job must do the same, and only some may have failed. An inner call is the outer one's matter.
    if _jax.process_count() > 1 or not _jax.at_top_level():
        return None
    return signature(call.leaves), call.signature, _jax.trace_context()


def _drop_first(found: dict[Any, Any], kept: int) -> None:
    if len(found) > kept:
        found.pop(next(iter(found)), None)


@contextlib.contextmanager
def _tolerant(session: Session) -> Iterator[None]:
    with contextlib.suppress(Refusal), session.guard("the look for a call that failed"):
        yield


given_up = GivenUp()
