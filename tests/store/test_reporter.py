"""Reports: added up, sent from another thread, kept or given up."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from jitserve._errors import StoreFault
from jitserve.store import _reporter
from jitserve.store._reporter import Reporter
from jitserve.store._tier import Report

PATIENCE_S = 60.0


class Post:
    """Where reports go."""

    def __init__(self) -> None:
        self.arrived: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.attempts: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.error: Exception | None = None
        self.open = True
        self.faults: list[str] = []
        self.reporter = Reporter(self._send, lambda: self.open, lambda fault: self.faults.append(fault.kind))

    def _send(self, report: Report) -> None:
        self.attempts.put(report)
        if self.error is not None:
            raise self.error
        self.arrived.put(report)

    def outcomes(self) -> dict[str, int]:
        """Of everything that has arrived."""
        total: dict[str, int] = {}
        while not self.arrived.empty():
            for name, number in self.arrived.get()["outcomes"].items():
                total[name] = total.get(name, 0) + number
        return total


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    post.reporter.close(PATIENCE_S)


def test_nothing_is_started_before_the_first_report(post: Post) -> None:
    post.reporter.close(PATIENCE_S)
    assert post.attempts.empty()


def test_reports_arrive_by_themselves(post: Post) -> None:
    post.reporter.add({"outcomes": {"miss": 1}})
    assert post.arrived.get(timeout=PATIENCE_S)["outcomes"] == {"miss": 1}


def test_close_sends_what_is_left_added_up(post: Post) -> None:
    for _ in range(1000):
        post.reporter.add({"outcomes": {"direct_hit": 1}, "seconds_saved": 0.5, "load_seconds": [0.25]})
    post.reporter.add({"bypasses": {"effects": 2}, "faults": {"no_space": 1}, "published": 3})
    post.reporter.close(PATIENCE_S)
    assert post.outcomes() == {"direct_hit": 1000}
    assert post.faults == []


def test_report_after_close_is_sent_by_the_next_close(post: Post) -> None:
    post.reporter.add({"outcomes": {"miss": 1}})
    post.reporter.close(PATIENCE_S)
    post.reporter.add({"outcomes": {"direct_hit": 1}})
    post.reporter.close(PATIENCE_S)
    assert post.outcomes() == {"miss": 1, "direct_hit": 1}


def test_batch_that_nobody_took_is_kept_for_the_next_time(post: Post) -> None:
    post.error = StoreFault("daemon_unreachable", "nobody there")
    post.reporter.add({"outcomes": {"miss": 1}})
    post.attempts.get(timeout=PATIENCE_S)
    post.error = None
    post.reporter.add({"outcomes": {"miss": 1}})
    post.reporter.close(PATIENCE_S)
    assert post.outcomes() == {"miss": 2}
    assert post.faults[0] == "daemon_unreachable"


def test_batch_that_may_have_arrived_is_not_sent_again_and_is_counted_as_lost(post: Post) -> None:
    post.error = StoreFault("daemon_timeout", "no answer")
    post.reporter.add({"outcomes": {"miss": 1}})
    post.attempts.get(timeout=PATIENCE_S)
    post.reporter.close(PATIENCE_S)
    assert post.attempts.empty()
    assert post.faults == ["daemon_timeout", "report_lost"]


def test_report_that_cannot_be_sent_at_all_does_not_stop_the_next_one(post: Post) -> None:
    post.error = TypeError("no such field")
    post.reporter.add({"outcomes": {"miss": 1}})
    post.attempts.get(timeout=PATIENCE_S)
    post.error = None
    post.reporter.add({"outcomes": {"direct_hit": 1}})
    assert post.arrived.get(timeout=PATIENCE_S)["outcomes"] == {"direct_hit": 1}
    assert post.faults == ["report_lost"]


def test_while_the_daemon_is_given_up_nothing_is_sent_and_memory_stays_bounded(post: Post) -> None:
    post.open = False
    for _ in range(3 * _reporter._SAMPLES):
        post.reporter.add({"outcomes": {"miss": 1}, "load_seconds": [1.0]})
    post.reporter.close(PATIENCE_S)
    assert post.attempts.empty()
    post.open = True
    post.reporter.close(PATIENCE_S)
    (report,) = [post.arrived.get()]
    assert report["outcomes"] == {"miss": 3 * _reporter._SAMPLES}
    assert len(report["load_seconds"]) == _reporter._SAMPLES
