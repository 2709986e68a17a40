"""Calls that this process has made before, and that it was refused to store: JAX has them in its caches.

Most never come back, since JAX's dispatcher knows them from then on. Of some it does not want to know (programs with
effects, results that are no arrays), and asks in every call: such a call must cost what it costs without us.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jitserve._outcome import Refusal

_KEPT = 8  # of one function


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was refused.

    Attributes:
        token: of the context that it was traced in; None: in none of ours.
        refusal: why it was not stored.
    """

    token: object
    refusal: Refusal


class Repeated:
    """The refused calls of one session, for each function that is alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: dict[int, tuple[weakref.ref[Any], list[Made]]] = {}  # by the id of the function

    def note(self, fun: Callable[..., Any], made: Made) -> None:
        """Notes a refused call of a function."""
        number = id(fun)
        with self._lock:
            others = [other for other in self._found(fun) if other.token is not made.token]
            # Without the lock: the garbage collector may come while this very thread holds it.
            reference = weakref.ref(fun, lambda _: self._functions.pop(number, None))
            self._functions[number] = reference, [made, *others][:_KEPT]

    def of(self, fun: Callable[..., Any]) -> list[Made]:
        """The refused calls of a function, the latest first; of those that were made in one context, one."""
        return self._found(fun) if self._functions else []

    def _found(self, fun: Callable[..., Any]) -> list[Made]:
        reference, found = self._functions.get(id(fun), (None, []))
        return found if reference is not None and reference() is fun else []
