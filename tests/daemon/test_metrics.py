"""What Prometheus scrapes."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable

import pytest
from actors import PATIENCE_S, Actor, Daemon, actors, key
from prometheus_client.parser import text_string_to_metric_families

from jitserve._outcome import BypassReason, Outcome
from jitserve.daemon._tally import LOAD_BUCKETS_S, Tally
from jitserve.store._disk import DiskStore
from jitserve.store._faults import STORE_FAULT_KINDS
from jitserve.store._tier import Kind
from jitserve.v1 import cache_pb2 as pb

Samples = dict[tuple[str, str], float]
Scrape = Callable[[], Samples]


@pytest.fixture
def scrape(daemon: Daemon) -> Scrape:
    """Name and label value (or nothing) -> number."""

    def do() -> Samples:
        with urllib.request.urlopen(f"http://{daemon.metrics_address}/metrics", timeout=30) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            samples = [sample for family in families for sample in family.samples]
        return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}

    return do


def test_every_known_label_is_there_at_zero_from_the_start(scrape: Scrape) -> None:
    samples = scrape()
    for name, labels in {
        "jitserve_lookups_total": {outcome.value for outcome in Outcome},
        "jitserve_bypasses_total": {reason.value for reason in BypassReason},
        "jitserve_faults_total": STORE_FAULT_KINDS,
        "jitserve_leases": {"held", "waiting"},
    }.items():
        assert {label: samples[name, label] for label in labels} == dict.fromkeys(labels, 0.0)
    for name in ("seconds_saved_total", "published_total", "load_seconds_count", "store_bytes", "store_entries"):
        assert samples[f"jitserve_{name}", ""] == 0.0
    assert samples["jitserve_load_seconds_bucket", "+Inf"] == 0.0


def test_reports_of_two_processes_are_added_up_by_the_time_they_have_ended(daemon: Daemon, scrape: Scrape) -> None:
    with actors(2, **daemon.environ) as pair:
        for actor in pair:
            actor.do("report", batch={"outcomes": {"direct_hit": 3, "miss": 1}, "seconds_saved": 1.5})
            actor.do("report", batch={"outcomes": {"bypass": 1}, "bypasses": {"effects": 1}})
            actor.do("report", batch={"faults": {"no_space": 2}, "published": 1, "load_seconds": [0.02, 99.0]})
    samples = scrape()
    assert samples["jitserve_lookups_total", "direct_hit"] == 6
    assert samples["jitserve_lookups_total", "miss"] == 2
    assert samples["jitserve_lookups_total", "bypass"] == 2
    assert samples["jitserve_bypasses_total", "effects"] == 2
    assert samples["jitserve_faults_total", "no_space"] == 4
    assert samples["jitserve_seconds_saved_total", ""] == 3.0
    assert samples["jitserve_published_total", ""] == 2
    assert samples["jitserve_load_seconds_count", ""] == 4
    assert samples["jitserve_load_seconds_bucket", "0.01"] == 0
    assert samples["jitserve_load_seconds_bucket", "0.025"] == 2
    assert samples["jitserve_load_seconds_bucket", "10.0"] == 2


def test_labels_of_a_later_client_are_counted_as_other_and_make_no_series(daemon: Daemon, scrape: Scrape) -> None:
    before = set(scrape())
    with Actor(**daemon.environ) as actor:
        for part in ("outcomes", "bypasses", "faults"):
            actor.do("report", batch={part: {f"invention {number}": 1 for number in range(50)}})
    samples = scrape()
    assert set(samples) == before
    for name in ("lookups", "bypasses", "faults"):
        assert samples[f"jitserve_{name}_total", "other"] == 50


def test_leases_are_shown_while_they_are_held(daemon: Daemon, scrape: Scrape) -> None:
    with Actor(**daemon.environ) as actor:
        assert actor.do("acquire", key=key(1).hex(), timeout=0)
        samples = scrape()
    assert samples["jitserve_leases", "held"] == 1
    assert samples["jitserve_leases_granted_total", ""] == 1


def test_size_of_the_store_follows_what_is_published(daemon: Daemon, scrape: Scrape) -> None:
    with Actor(**daemon.environ) as actor:
        actor.do("publish", key=key(1).hex(), payload=b"program".hex(), kind="PROGRAM")
    deadline = time.monotonic() + PATIENCE_S
    while scrape()["jitserve_store_entries", ""] != 1:
        assert time.monotonic() < deadline, "the daemon does not measure its store"
        threading.Event().wait(0.05)  # between two scrapes; what is waited for is the daemon's own pace


def test_size_of_the_store_is_that_of_its_directory(store: DiskStore) -> None:
    from jitserve.daemon._leases import LeaseTable
    from jitserve.daemon.metrics import DaemonCollector

    store.publish(Kind.PROGRAM, key(1), b"program")
    collector = DaemonCollector("1", Tally(), LeaseTable(store.try_acquire), store.usage)
    values = {family.name: family.samples[0].value for family in collector.collect()}
    assert values["jitserve_store_entries"] == 1
    assert values["jitserve_store_bytes"] == store.usage().bytes > 0


def test_numbers_that_make_no_sense_count_as_nothing() -> None:
    tally = Tally()
    nonsense = [float("nan"), float("inf"), -1.0]
    for number in nonsense:
        tally.add(pb.ReportRequest(seconds_saved=number))
    tally.add(pb.ReportRequest(load_seconds=nonsense))
    totals = tally.totals()
    assert totals.seconds_saved == totals.load_seconds == 0.0
    assert totals.load_buckets == (3, *[0] * len(LOAD_BUCKETS_S))
