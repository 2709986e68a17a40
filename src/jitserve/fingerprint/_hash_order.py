"""Sets whose order depends on the hash seed of the process.

The order of a set of strings differs from process to process. A program that iterates over one is a different
program each time, so that it must not be shared; a program that only asks for membership is the same everywhere.
A set that was reached by a name is harmless when no walked function of the user loads that name for anything but
``in``. With a fixed ``PYTHONHASHSEED`` the order is fixed, too: then the seed becomes part of the fingerprint.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from jitserve._outcome import BypassReason, Refusal

from ._path import Path, last_name, render

if TYPE_CHECKING:
    from ._names import Names
    from ._walk import Walker

SEEDLESS = frozenset((int, bool, float, complex))  # their hashes are the same in every process
_ADVICE = "sort it first (sorted(...)), use a tuple, or fix PYTHONHASHSEED"


def hash_seed_is_fixed() -> bool:
    """Whether every process with this setting orders sets of strings alike."""
    return not sys.flags.hash_randomization or (
        not sys.flags.ignore_environment and os.environ.get("PYTHONHASHSEED", "random").isdigit()
    )


class HashOrder:
    """What one walk has seen of sets and of their uses; judged at its end, or by the recorder for the code that ran."""

    __slots__ = ("_code", "_sets")

    def __init__(self) -> None:
        self._sets: list[Path] = []
        self._code: list[tuple[Names, types.CodeType, Path]] = []

    def saw(self, values: Sequence[object], path: Path, trusted: bool) -> None:
        """Notes a set that was reached as a value."""
        if len(values) > 1 and not trusted and not all(type(value) in SEEDLESS for value in values):
            self._sets.append(path)

    def saw_code(self, names: Names, code: types.CodeType, path: Path) -> None:
        """Notes a function of the user."""
        self._code.append((names, code, path))

    def finish(self, walker: Walker) -> None:
        """With a fixed seed, adds the seed to the digest where an order may be seen; else refuses, or leaves it to the
        recorder.

        Raises:
            Refusal: HASH_ORDER, when hazards are not deferred.
        """
        refusal = self._refusal([(names, path) for names, _, path in self._code])
        if refusal is None:
            return
        if hash_seed_is_fixed():
            walker.tokens.begin("hash seed", 1)
            walker.tokens.int_(hash("jitserve"))
        elif not walker.hazards.deferred:
            raise refusal

    def check(self, ran: Container[int]) -> None:
        """Judges the code that ran.

        Args:
            ran: ids of its code objects.

        Raises:
            Refusal: HASH_ORDER.
        """
        if hash_seed_is_fixed():
            return
        refusal = self._refusal(
            [(names, path) for names, _, path in self._code if any(id(code) in ran for code in names.codes)]
        )
        if refusal is not None:
            raise refusal

    def _refusal(self, functions: list[tuple[Names, Path]]) -> Refusal | None:
        loads: set[str] = set().union(*(names.loads for names, _ in functions))
        for path in self._sets:
            name = last_name(path)
            if name is None or name in loads:
                what = "is a set whose order may be observed"
                return Refusal(BypassReason.HASH_ORDER, render(path), f"{what}; {_ADVICE}")
        for names, path in functions:
            if names.builds_set:
                return Refusal(BypassReason.HASH_ORDER, render(path), f"iterates over a set; {_ADVICE}")
        return None
