"""What has been found out about classes, for as long as they and their bases stay as they are."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from jitserve import _core

Found = TypeVar("Found")


class ClassMemo(Generic[Found]):
    """Finds something out about a class once, and again after the class or a base of it has changed.

    Args:
        find: finds it out, from what attributes of the class and of its bases tell. The answer must not hold the class,
            which would never be freed then.
        version: a number for the state of a class, 0 for none.
    """

    def __init__(self, find: Callable[[type], Found], version: Callable[[type], int] = _core.class_version) -> None:
        self._find = find
        self._version = version
        self._known: dict[int, tuple[weakref.ref[type], int, Found]] = {}

    def of(self, cls: type) -> Found:
        """What there is to know about the class. By identity: its metaclass may answer ``hash`` with any code."""
        version = self._version(cls)  # first: what changes while it is found out must not be missed
        known = self._known.get(id(cls))
        if known is not None and version and known[1] == version and known[0]() is cls:
            return known[2]
        found = self._find(cls)
        if version:
            self._known[id(cls)] = weakref.ref(cls, self._forgets(id(cls))), version, found
        return found

    def _forgets(self, key: int) -> Callable[[object], None]:
        known = self._known

        def forget(_reference: object) -> None:
            known.pop(key, None)

        return forget
