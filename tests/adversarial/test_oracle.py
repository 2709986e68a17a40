"""Every case of the catalogue, end to end, against plain JAX."""

from __future__ import annotations

import pytest
from tests.adversarial.case import Case
from tests.adversarial.catalogue import CASES
from tests.adversarial.oracle import Oracle, wrong_outcomes, wrong_results

_FLAGS = ("X04-other-flag", "X04-flag", "X04-flag-by-name", "X04-both")
# Of cases about libraries that the `test` extra does not bring.
LIBRARIES = {
    "K211": ("haiku",),
    "K211-edited": ("haiku",),
    **dict.fromkeys(_FLAGS, ("absl",)),
    **{case.id: ("numpyro",) for case in CASES if any("numpyro" in text for text in case.first.values())},
}


@pytest.fixture(scope="session")
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Runs the cases that were selected, and no others."""
    selected = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    return Oracle(tmp_path_factory.mktemp("oracle"), [case for case in CASES if case.id in selected])


class UnexpectedOutcome(Exception):
    """The result is right, the way to it is not. Only this may be pending, a wrong result never."""


def _parameter(case: Case) -> object:
    pending = pytest.mark.xfail(strict=True, raises=UnexpectedOutcome, reason=str(case.pending))
    return pytest.param(case, id=case.id, marks=[pending] if case.pending else [])


@pytest.mark.parametrize("case", [_parameter(case) for case in CASES])
def test_case(case: Case, oracle: Oracle) -> None:
    for library in LIBRARIES.get(case.id, ()):
        pytest.importorskip(library, reason=f"pip install '.[ecosystem]' brings {library}, which the case is about")
    verdict = oracle.verdict(case)
    wrong = wrong_results(verdict)
    assert not wrong, "\n".join(wrong)
    unexpected = wrong_outcomes(case, verdict)
    if unexpected:
        raise UnexpectedOutcome("\n".join(unexpected))
