"""``jitserve demo``: runs ``jitserve.demo`` and shows it."""

from __future__ import annotations

import importlib.util
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from jitserve.demo import _scenario as scenario
from jitserve.demo._report import Phase, Report
from jitserve.demo._verdict import agrees, identical, model_of, problems

_NEEDED = ("flax", "optax")
_PLAIN_WIDTH = 120
_NEXT = """\
Where to go next:
  from jitserve import jit    in place of jax.jit; processes share a store
  jitserve-daemon             one per host: leases, outcome reports, metrics
  jitserve stats              what the store and the daemon hold and have done
  README.md, docs/            what happens on a call, guarantees, limitations"""


@click.command()
@click.option("--layers", default=12, show_default=True, help="Unrolled transformer layers.")
@click.option("--width", default=128, show_default=True, help="Width of the model, a multiple of 4.")
@click.option("--rounds", default=3, show_default=True, help="Warm processes per cache; the table shows the median.")
def demo(layers: int, width: int, rounds: int) -> None:
    """Show a training step start cold, with JAX's cache, and with jitserve.

    A flax transformer train step (value_and_grad, optax.adamw) is called once in each of several fresh processes, which
    share a daemon and a store in a temporary directory. Exits with 1 if a warm process traced, lowered or compiled, or
    if any outputs differ by a bit.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(f"the demo needs {' and '.join(missing)}: pip install 'jitserve[demo]'")
    console = _console()
    job = scenario.Job(layers, width, rounds)
    with _ending_on_signals(), tempfile.TemporaryDirectory(prefix="jitserve-demo-") as directory:
        console.print(f"A {layers}-layer flax transformer train step, called first in one fresh process after another:")
        results = scenario.play(job, Path(directory), _Progress(console))
        last_words = scenario.last_words(Path(directory))
    _show(console, results)
    failures = problems(results)
    for failure in failures:
        console.print(f"FAILED  {failure}", style="bold red", markup=False)
    if failures:
        console.print(f"The last process said: {last_words}", markup=False, highlight=False)
        sys.exit(1)
    console.print(_NEXT, highlight=False)


class _Progress:
    """A spinner while a process runs, on a terminal; a line when it is done, everywhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def daemon(self) -> Iterator[None]:
        with self._console.status("starting jitserve-daemon on a temporary store"):
            yield

    @contextmanager
    def step(self, step: scenario.Step, number: int, steps: int) -> Iterator[None]:
        with self._console.status(f"[{number}/{steps}] {step.name}"):
            yield

    def done(self, step: scenario.Step, report: Report) -> None:
        self._console.print(f"  {report.total_s:6.2f} s  {step.name}: {report.outcome}", highlight=False, markup=False)


def _console() -> Console:
    # Without a terminal rich assumes 80 columns and folds the table.
    return Console() if sys.stdout.isatty() else Console(width=_PLAIN_WIDTH)


def _show(console: Console, results: scenario.Results) -> None:
    # No lines and short cells: it fits into 80 columns.
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("process", no_wrap=True)
    for heading in ("trace", "lower", "compile", "load", "total"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("outcome")
    table.add_column("outputs")
    for name in results.reports:
        table.add_row(name, *_cells(results.median(name)), "same" if agrees(results, name) else "DIFFERENT")
    console.print("\nThe first call in a fresh process, in seconds (and how many times):\n", highlight=False)
    console.print(table)
    agreement = "bit-identical" if identical(results) else "NOT identical"
    console.print(f"\nOutputs of all processes{_compared(results)}: {agreement}.")
    compared = (scenario.PLAIN, scenario.JAX_WARM, scenario.WARM)
    plain, jax_warm, warm = (results.median(name).total_s for name in compared)
    console.print("Warm first call with jitserve:", highlight=False)
    console.print(f"  {jax_warm / warm:.1f} x faster than with JAX's persistent cache", style="bold", highlight=False)
    console.print(f"  {plain / warm:.1f} x faster than with no cache\n", style="bold", highlight=False)


def _compared(results: scenario.Results) -> str:
    if model_of(results, scenario.WARM) == scenario.PLAIN:
        return ""
    return ", each beside the one that compiled its executable"  # kernels are chosen by timing them


def _cells(report: Report) -> Iterator[str]:
    for phase in (report.trace, report.lower, report.compile):
        yield _phase(phase)
    yield f"{report.load_s:.2f}" if report.load_s else "-"
    yield f"{report.total_s:.2f}"
    yield report.outcome


def _phase(phase: Phase) -> str:
    return f"{phase.seconds:.2f} ({phase.count})" if phase.count else "- (0)"


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into an ordinary exit, so that children and files go away as they do on Ctrl-C."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
