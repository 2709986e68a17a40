"""Whether the demo went as promised: what would make it exit non-zero, in words."""

from __future__ import annotations

from jitserve._outcome import Outcome
from jitserve.demo._report import Report
from jitserve.demo._scenario import FILL, JAX_FILL, JAX_WARM, PLAIN, WARM, Results

_COMPILED_BY = {JAX_WARM: JAX_FILL, WARM: FILL}


def problems(results: Results) -> list[str]:
    """Everything that is wrong with ``results``; empty when the demo succeeded."""
    found = [problem for report in results.reports[WARM] for problem in _of_warm(report)]
    found += [
        f"{name}: the outputs differ from those of {model_of(results, name)}"
        for name in results.reports
        if not agrees(results, name)
    ]
    # Rounds tend to fail alike: say each thing once.
    return list(dict.fromkeys(found))


def identical(results: Results) -> bool:
    """Whether every process returned the very bits that it has to return."""
    return all(agrees(results, name) for name in results.reports)


def agrees(results: Results, name: str) -> bool:
    """Whether all processes of step ``name`` returned the bits of its model."""
    expected = results.reports[model_of(results, name)][0].outputs_sha256
    return all(report.outputs_sha256 == expected for report in results.reports[name])


def model_of(results: Results, name: str) -> str:
    """The step whose outputs those of step ``name`` have to equal in every bit.

    On a CPU that is plain JAX. Elsewhere the compiler chooses among kernels by timing them, so that two compilations
    may round differently, with plain JAX as well: there it is the step that compiled the executable.
    """
    if results.reports[PLAIN][0].platform == "cpu":
        return PLAIN
    return _COMPILED_BY.get(name, name)


def _of_warm(report: Report) -> list[str]:
    found = []
    if report.outcome != Outcome.DIRECT_HIT.value:
        found.append(f"{WARM}: the outcome was {report.outcome!r}, not {Outcome.DIRECT_HIT.value!r}")
    for work, phase in (("traced", report.trace), ("lowered", report.lower), ("compiled", report.compile)):
        if phase.count:
            found.append(f"{WARM}: JAX {work} {phase.count} times inside the call, instead of never")
    return found
