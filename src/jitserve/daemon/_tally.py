"""What the clients of this daemon reported, added up. Plain numbers: ``metrics`` and the Stats call show them."""

from __future__ import annotations

import bisect
import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jitserve._outcome import BypassReason, Outcome
from jitserve.store._faults import STORE_FAULT_KINDS
from jitserve.v1 import cache_pb2 as pb

OTHER = "other"  # where labels of a later client, or of a broken one, are counted: the label sets never grow
LOAD_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CLIENT_FAULT_KINDS = frozenset({"internal", "record", "writer_full"})  # of the client's own code: jitserve._session
_SAMPLES_PER_REPORT = 100_000


@dataclass(frozen=True, slots=True)
class Totals:
    """One consistent look at the counts since the daemon started. ``load_buckets`` has one more for "longer"."""

    outcomes: Mapping[str, int]
    bypasses: Mapping[str, int]
    faults: Mapping[str, int]
    seconds_saved: float
    published: int
    wrong_hits: int
    load_buckets: tuple[int, ...]
    load_seconds: float


class Tally:
    """Counts by label. Every known label is there from the start, at zero. Safe for threads: scrapes have their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes = _zeros(outcome.value for outcome in Outcome)
        self._bypasses = _zeros(reason.value for reason in BypassReason)
        self._faults = _zeros(STORE_FAULT_KINDS | CLIENT_FAULT_KINDS)
        self._seconds_saved = 0.0
        self._published = 0
        self._wrong_hits = 0
        self._load_buckets = [0] * (len(LOAD_BUCKETS_S) + 1)
        self._load_seconds = 0.0

    def add(self, report: pb.ReportRequest) -> None:
        """Adds one report. Numbers that make no sense (negative, not finite) count as nothing."""
        with self._lock:
            _add(self._outcomes, report.outcomes)
            _add(self._bypasses, report.bypasses)
            _add(self._faults, report.faults)
            self._seconds_saved += _sane(report.seconds_saved)
            self._published += report.published
            self._wrong_hits += report.wrong_hits
            for seconds in report.load_seconds[:_SAMPLES_PER_REPORT]:
                self._load_buckets[bisect.bisect_left(LOAD_BUCKETS_S, _sane(seconds))] += 1
                self._load_seconds += _sane(seconds)

    def totals(self) -> Totals:
        with self._lock:
            return Totals(
                outcomes=dict(self._outcomes),
                bypasses=dict(self._bypasses),
                faults=dict(self._faults),
                seconds_saved=self._seconds_saved,
                published=self._published,
                wrong_hits=self._wrong_hits,
                load_buckets=tuple(self._load_buckets),
                load_seconds=self._load_seconds,
            )


def _zeros(labels: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys([*sorted(labels), OTHER], 0)


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for label, number in more.items():
        counts[label if label in counts else OTHER] += number


def _sane(seconds: float) -> float:
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
