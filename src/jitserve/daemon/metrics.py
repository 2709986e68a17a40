"""Prometheus metrics of the daemon, and the HTTP server they are scraped from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from jitserve.daemon._leases import LeaseTable
from jitserve.daemon._tally import LOAD_BUCKETS_S, Tally, Totals
from jitserve.store._tier import Usage


class DaemonCollector(Collector):
    """Shows the daemon's numbers at the moment of a scrape; keeps none of its own."""

    def __init__(self, version: str, tally: Tally, leases: LeaseTable, usage: Callable[[], Usage]) -> None:
        self._version = version
        self._tally = tally
        self._leases = leases
        self._usage = usage

    def collect(self) -> Iterator[Metric]:
        totals = self._tally.totals()
        yield _by_label("jitserve_lookups", "Lookups of client processes.", "outcome", totals.outcomes)
        yield _by_label("jitserve_bypasses", "Calls where jitserve stood aside by rule.", "reason", totals.bypasses)
        yield _by_label("jitserve_faults", "Things that broke; the calls still succeeded.", "kind", totals.faults)
        yield CounterMetricFamily(
            "jitserve_seconds_saved", "Trace, lower and compile time that hits saved.", totals.seconds_saved
        )
        yield CounterMetricFamily("jitserve_published", "Programs that clients published.", totals.published)
        yield CounterMetricFamily("jitserve_wrong_hits", "Hits that verify mode contradicted.", totals.wrong_hits)
        yield _load_histogram(totals)
        yield from self._state()

    def _state(self) -> Iterator[Metric]:
        usage = self._usage()
        yield GaugeMetricFamily("jitserve_store_bytes", "Size of records and blobs, as last measured.", usage.bytes)
        yield GaugeMetricFamily("jitserve_store_entries", "Manifests and programs, as last measured.", usage.entries)
        yield GaugeMetricFamily("jitserve_store_quarantined", "Cases set aside as bad.", usage.quarantined)
        leases = GaugeMetricFamily("jitserve_leases", "Keys being compiled, and who waits.", labels=["state"])
        leases.add_metric(["held"], self._leases.held)
        leases.add_metric(["waiting"], self._leases.waiting)
        yield leases
        yield CounterMetricFamily("jitserve_leases_granted", "Leases granted.", self._leases.granted)
        yield CounterMetricFamily("jitserve_lease_wait_seconds", "Time waited for them.", self._leases.waited_s)
        info = GaugeMetricFamily("jitserve_build_info", "Always 1.", labels=["version"])
        info.add_metric([self._version], 1)
        yield info


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """A running HTTP server. ``address`` is where, with the port that the system chose if 0 was asked for."""

    address: str
    _server: WSGIServer
    _thread: Thread

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(host: str, port: int, collector: Collector) -> MetricsServer:
    """Serves ``/metrics`` from a thread.

    Raises:
        OSError: the address cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    server, thread = start_http_server(port, addr=host, registry=registry)
    return MetricsServer(f"{host}:{server.server_port}", server, thread)


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _load_histogram(totals: Totals) -> Metric:
    buckets = []
    below = 0
    for bound, count in zip([*map(str, LOAD_BUCKETS_S), "+Inf"], totals.load_buckets, strict=True):
        below += count
        buckets.append((bound, below))
    text = "Time to load an executable from the store, in seconds."
    return HistogramMetricFamily("jitserve_load_seconds", text, buckets=buckets, sum_value=totals.load_seconds)
