"""Plain counters of one process, and the frozen snapshot that ``jitserve.stats()`` returns."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jitserve._outcome import BypassReason, Outcome


@dataclass(frozen=True, slots=True)
class Stats:
    """What this process's calls came to so far. Every lookup has exactly one outcome.

    Attributes:
        lookups: calls that reached jitserve because the dispatcher had not seen their signature before:
            ``direct_hits + program_hits + lowered_hits + misses + sum(bypasses) + faulted``.
        direct_hits: no trace, lowering or compilation took place.
        program_hits: no trace or lowering; the stored StableHLO was compiled.
        lowered_hits: traced and lowered; the executable came from the store.
        misses: traced, lowered and compiled.
        faulted: calls that went through plain JAX because something broke.
        bypasses: calls that jitserve stood aside from, by reason.
        faults: what broke, by kind. One call may meet several, and some (of the background writer) belong to none.
        wrong_hits: direct hits that verify mode contradicted. Anything but 0 is a bug of jitserve.
        published: manifests that this process committed.
        seconds_saved: trace, lowering and compile seconds that hits did not spend, less what loading took.
        load_seconds: seconds spent on lookups that hit, from the call to the loaded executable.
    """

    lookups: int = 0
    direct_hits: int = 0
    program_hits: int = 0
    lowered_hits: int = 0
    misses: int = 0
    faulted: int = 0
    wrong_hits: int = 0
    published: int = 0
    seconds_saved: float = 0.0
    load_seconds: float = 0.0
    bypasses: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, ready for JSON."""
        return asdict(self)


class Counters:
    """Thread-safe counters. ``snapshot`` is a consistent view."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[Outcome] = Counter()
        self._bypasses: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._wrong_hits = 0
        self._published = 0
        self._seconds_saved = 0.0
        self._load_seconds = 0.0

    def hit(self, outcome: Outcome, load_s: float, saved_s: float) -> None:
        """Counts a hit of any kind."""
        with self._lock:
            self._outcomes[outcome] += 1
            self._load_seconds += load_s
            self._seconds_saved += saved_s

    def miss(self) -> None:
        """Counts a call that traced, lowered and compiled."""
        with self._lock:
            self._outcomes[Outcome.MISS] += 1

    def bypass(self, reason: BypassReason) -> None:
        """Counts a call that jitserve stood aside from."""
        with self._lock:
            self._outcomes[Outcome.BYPASS] += 1
            self._bypasses[reason.value] += 1

    def faulted(self) -> None:
        """Counts a call that went through plain JAX because something broke; ``fault`` says what."""
        with self._lock:
            self._outcomes[Outcome.FAULT] += 1

    def fault(self, kind: str) -> None:
        """Counts one thing that broke."""
        with self._lock:
            self._faults[kind] += 1

    def wrong_hit(self) -> None:
        """Counts a direct hit that verify mode contradicted."""
        with self._lock:
            self._wrong_hits += 1

    def published(self) -> None:
        """Counts a committed manifest."""
        with self._lock:
            self._published += 1

    def snapshot(self) -> Stats:
        """All counters at one moment."""
        with self._lock:
            return Stats(
                lookups=sum(self._outcomes.values()),
                direct_hits=self._outcomes[Outcome.DIRECT_HIT],
                program_hits=self._outcomes[Outcome.PROGRAM_HIT],
                lowered_hits=self._outcomes[Outcome.LOWERED_HIT],
                misses=self._outcomes[Outcome.MISS],
                faulted=self._outcomes[Outcome.FAULT],
                wrong_hits=self._wrong_hits,
                published=self._published,
                seconds_saved=self._seconds_saved,
                load_seconds=self._load_seconds,
                bypasses=dict(self._bypasses),
                faults=dict(self._faults),
            )
