"""What runs inside a pure function is waived for the recorder, too; the same code outside of it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import walked_program
from empty_store import empty_store

import jitserve


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, default_store: Path) -> Iterator[None]:
    jitserve.configure(directory=empty_store(tmp_path / "store"))
    yield
    jitserve.configure(directory=default_store)


HELPERS = """
import jitserve, time

def unseen(n):
    return n + int(time.time() > 0)

@jitserve.pure(version=1)
def table(n):
    return (lambda name: eval(name))("unseen")(n)
"""


def outcome_of(source: str) -> tuple[int, dict[str, int]]:
    """How much was published after one call, and which bypasses were counted."""
    function = jitserve.jit(walked_program.load(source)["f"])
    function(np.ones(2))
    assert jitserve.flush()
    stats = jitserve.stats()
    return stats.published, dict(stats.bypasses)


def test_pure_function_may_run_code_and_read_what_the_walk_has_not_seen() -> None:
    assert outcome_of(f"{HELPERS}\ndef f(x): return x * table(1)") == (1, {})


def test_same_code_outside_of_the_pure_function_is_refused() -> None:
    published, bypasses = outcome_of(f"{HELPERS}\ndef f(x): return x * table(1) * unseen(1)")
    assert published == 0
    assert list(bypasses) == ["time_read"]


def test_file_is_read_while_tracing_and_the_program_is_published(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("3.0")
    source = f"import jitserve\nTABLE = jitserve.File({str(tmp_path / 'table')!r})\n"
    assert outcome_of(f"{source}def f(x): return x * float(TABLE.text())") == (1, {})
