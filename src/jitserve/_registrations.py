"""``jitserve.register_fingerprint``: how to fingerprint objects that the walk cannot read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

Describe = Callable[[Any], object]


class Registration:
    """A registered fingerprint; ``unregister`` ends it. Also a context manager that does so."""

    __slots__ = ("_registrations", "_type", "function")

    def __init__(self, registrations: Registrations, kind: type, function: Describe) -> None:
        self._registrations = registrations
        self._type = kind
        self.function = function

    def unregister(self) -> None:
        """Forgets the function: objects of the type are walked or refused again. Idempotent."""
        self._registrations.remove(self._type, self)

    def __enter__(self) -> Registration:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unregister()


class Registrations:
    """The registered fingerprints of a process, by exact type."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_type: dict[int, tuple[type, Registration]] = {}  # by identity: a type may define its own hash

    def add(self, kind: type, function: Describe) -> Registration:
        with self._lock:
            known = self._by_type.get(id(kind))
            if known is not None:
                raise ValueError(
                    f"{kind!r} has a fingerprint already, {known[1].function!r}; call unregister() of what "
                    "register_fingerprint returned for it first"
                )
            registration = Registration(self, kind, function)
            self._by_type[id(kind)] = (kind, registration)
            return registration

    def remove(self, kind: type, registration: Registration) -> None:
        with self._lock:
            if self._by_type.get(id(kind), (kind, None))[1] is registration:
                del self._by_type[id(kind)]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._by_type)

    def function_of(self, kind: type) -> Describe | None:
        """The function that is registered for exactly this type."""
        found = self._by_type.get(id(kind))
        return None if found is None else found[1].function


registrations = Registrations()


def register_fingerprint(kind: type, function: Describe) -> Registration:
    """Says how to fingerprint objects of exactly one type, for one whose state the walk cannot read.

        jitserve.register_fingerprint(tables.Handle, lambda handle: (handle.name, handle.revision))

    What ``function`` returns stands for the object in every key, beside the class and the function itself: two objects
    with equal data are taken to be interchangeable in every trace. ``jitserve.explain`` lists it among what was waived.

    Args:
        kind: the class. Subclasses are not meant.
        function: called with the object whenever a key is computed; returns plain data (numbers, strings, bytes,
            arrays, containers of them), which is walked. If it raises, the call stands aside with its error.

    Returns:
        A handle: ``unregister()`` takes the registration back, and so does leaving it as a context manager.

    Raises:
        TypeError: ``kind`` is not a class, or one of the interpreter's own, or ``function`` cannot be called.
        ValueError: ``kind`` has one already.
    """
    if not isinstance(kind, type) or not callable(function):  # type: ignore[redundant-expr]
        raise TypeError(f"register_fingerprint({kind!r}, {function!r}): a class and a function of one object, please")
    if kind.__module__ in ("builtins", "types"):
        raise TypeError(f"{kind!r} needs no registration: the walk reads it by itself")
    return registrations.add(kind, function)
