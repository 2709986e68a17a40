"""Whether the demo went as promised: what would make it exit non-zero, in words."""

from __future__ import annotations

from jitserve._outcome import Outcome
from jitserve.demo._report import Report
from jitserve.demo._scenario import PLAIN, WARM, Results


def problems(results: Results) -> list[str]:
    """Everything that is wrong with ``results``; empty when the demo succeeded."""
    found = [problem for report in results.reports[WARM] for problem in _of_warm(report)]
    expected = results.reports[PLAIN][0].outputs_sha256
    for name, reports in results.reports.items():
        if any(report.outputs_sha256 != expected for report in reports):
            found.append(f"{name}: the outputs differ from those of {PLAIN}")
    # Rounds tend to fail alike: say each thing once.
    return list(dict.fromkeys(found))


def identical(results: Results) -> bool:
    """Whether every process returned the same bits."""
    return len({report.outputs_sha256 for reports in results.reports.values() for report in reports}) == 1


def _of_warm(report: Report) -> list[str]:
    found = []
    if report.outcome != Outcome.DIRECT_HIT.value:
        found.append(f"{WARM}: the outcome was {report.outcome!r}, not {Outcome.DIRECT_HIT.value!r}")
    for work, phase in (("traced", report.trace), ("lowered", report.lower), ("compiled", report.compile)):
        if phase.count:
            found.append(f"{WARM}: JAX {work} {phase.count} times inside the call, instead of never")
    return found
