"""The search for a stored call: under each footprint that the function's calls are stored by, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve._footprint import WHOLE, Footprint
from jitserve._key import CallKey, CallParts, call_key
from jitserve._lookup import Direct, look_up
from jitserve._outcome import Refusal
from jitserve.record._footprints import read_footprints
from jitserve.store._tier import Kind

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store


@dataclass(frozen=True, slots=True)
class Found:
    """A stored entry that is ready to be called, and the key that it was found by."""

    key: CallKey
    direct: Direct


class Search:
    """Looks for one call, once or again. Every walk is made once, when it is first needed.

    Args:
        session, store: where.
        parts: of the call's keys.
        pruned: whether to go by footprints. In a job of several processes all have to look for the same.
        dropped: whether the call is to be traced whatever is stored: entries are passed over.

    Attributes:
        dropped: as given.
        prewarmed: why an entry that ``find`` came to is not for this call; None where none of them was refused.
        known: the footprints that calls of the function were stored under when ``find`` was last asked, oldest first;
            None where nobody goes by footprints.
    """

    def __init__(
        self, session: Session, store: Store, parts: CallParts, *, pruned: bool, dropped: bool = False
    ) -> None:
        self.known: list[Footprint] | None = [] if pruned else None
        self.dropped = dropped
        self.prewarmed: Refusal | None = None
        self._session = session
        self._store = store
        self._parts = parts
        self._keys: dict[Footprint, CallKey | None] = {}
        self._refusal: Refusal | None = None
        self._looked_for: list[CallKey] = []
        self._before: list[bytes | None] = []

    def find(self) -> Found | None:
        """The first entry whose key and dependencies hold, and whose program loads. Faults are counted."""
        if self.known is not None:
            self.known = self._read_footprints()
        if self.dropped:
            return None
        for footprint in reversed([WHOLE] if self.known is None else self.known):
            key = self._key(footprint)
            direct = None if key is None else self._look_up(key)
            if key is not None and direct is not None:
                return Found(key, direct)
        # Before the walk that is not pruned, which takes its time.
        self._looked_for = [key for key in self._keys.values() if key is not None]
        self._before = self._records(self._looked_for)
        return None

    def _look_up(self, key: CallKey) -> Direct | None:
        try:
            return look_up(self._session, self._store, key)
        except Refusal as refusal:  # what is stored by another footprint may not have asked the memo
            self.prewarmed = self.prewarmed or refusal.without_frames()
        return None

    def is_stored(self) -> bool:
        """Whether there is an entry that ``find`` would look at; it may not hold any more."""
        keys = [self._key(footprint) for footprint in self._read_footprints()]
        with self._session.guard("the lookup"):
            return any(self._store.lookup(Kind.MANIFEST, key.digest) is not None for key in keys if key is not None)
        return False

    def whole(self) -> tuple[CallKey | None, Refusal | None]:
        """The key by the walk that is not pruned, or why it is refused; neither where computing it failed."""
        return self._key(WHOLE), self._refusal

    def has_changed(self) -> bool:
        """Whether somebody has published what ``find`` goes by since it found nothing."""
        return self._records(self._looked_for) != self._before

    def _records(self, keys: list[CallKey]) -> list[bytes | None]:
        found: list[bytes | None] = []
        with self._session.guard("the lookup"):
            found.append(self._store.lookup(Kind.FOOTPRINTS, self._parts.root_key))
            found.extend(self._store.lookup(Kind.MANIFEST, key.digest) for key in keys)
        return found

    def _read_footprints(self) -> list[Footprint]:
        with self._session.guard("the lookup"):
            payload = self._store.lookup(Kind.FOOTPRINTS, self._parts.root_key)
            return [] if payload is None else read_footprints(payload)
        return []

    def _key(self, footprint: Footprint) -> CallKey | None:
        """The call's key by a footprint; None where it is refused one, or computing it failed, which is counted."""
        if footprint not in self._keys:
            self._keys[footprint] = self._compute(footprint)
        return self._keys[footprint]

    def _compute(self, footprint: Footprint) -> CallKey | None:
        try:
            with self._session.guard("the fingerprint"):
                return call_key(self._parts, footprint)
        except Refusal as refusal:
            if footprint == WHOLE:  # a walk that is pruned may do; if none does, this one says why
                self._refusal = refusal.without_frames()
        return None
