"""One adversarial case: the program of process A, how that of process B differs, and what must become of B's call.

A program is the text of a module that defines

* ``f`` and optionally ``ARGS``, ``KWARGS``, ``OPTIONS`` (of the jit), or ``wrap(jit)``, which makes the jitted
  function;
* optionally ``prepare(jitted)``, run before the call that is judged, and ``context()``, entered around it;
* optionally ``observe()``, whose answer after the call must be the one under plain JAX;
* optionally ``undo()``, which takes back what would disturb the cases that follow.

A line ``=== name.py`` begins a further module of the same package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRELUDE = (
    "import builtins, collections, contextlib, dataclasses, enum, functools, os, sys, threading, types\n"
    "import jax, jax.numpy as jnp, numpy as np\n"
    "X = np.arange(1, 5, dtype='f4')\n"
)
HIT, MISS, OK = "hit", "miss", "ok"


def bypass(*reasons: str) -> str:
    """The expectation that the call is not served and that nothing is published, for one of these reasons."""
    return "bypass:" + "|".join(reasons)


@dataclass(frozen=True, slots=True)
class Process:
    """What is particular about a process: further environment variables and interpreter flags."""

    env: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        id: number in the catalogue, with a word on the variant.
        expected: ``HIT``, ``MISS``, ``OK``, or ``bypass(...)``: what must become of the call in process B.
        first: file name -> text in process A.
        second: the same in process B.
        a, b: the processes.
        pending: why the expectation is not met yet; None: it is met.
    """

    id: str
    expected: str
    first: Mapping[str, str]
    second: Mapping[str, str]
    a: Process = field(default_factory=Process)
    b: Process = field(default_factory=Process)
    pending: str | None = None

    @property
    def package(self) -> str:
        """Name of the package that the case's modules are in."""
        return "case_" + self.id.replace("-", "_").lower()


def case(
    id: str,
    expected: str,
    program: str,
    *edits: tuple[str, str],
    only_a: str = "",
    only_b: str = "",
    a: Process | None = None,
    b: Process | None = None,
    pending: str | None = None,
) -> Case:
    """A case from one program.

    Args:
        id: see ``Case``.
        expected: see ``Case``.
        program: what both processes have in common.
        edits: (old, new) replacements for process B; each ``old`` stands in the program exactly once.
        only_a, only_b: text that is appended to the main module in that process only.
        a, b, pending: see ``Case``.
    """
    edited = program
    for old, new in edits:
        assert edited.count(old) == 1, f"case {id}: {old!r} is there {edited.count(old)} times"
        edited = edited.replace(old, new)
    return Case(id, expected, _files(program, only_a), _files(edited, only_b), a or Process(), b or Process(), pending)


def _files(program: str, appended: str) -> dict[str, str]:
    files: dict[str, str] = {}
    for i, part in enumerate(program.split("=== ")):
        name, _, text = ("main.py", "", part) if i == 0 else part.partition("\n")
        files[name.strip()] = PRELUDE + text.strip("\n") + "\n"
    files["main.py"] += appended.strip("\n") + "\n"
    return files
