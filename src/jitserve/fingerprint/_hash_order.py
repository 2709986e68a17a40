"""Sets whose order depends on the hash seed of the process.

The order of a set of strings differs from process to process. A program that iterates over one is a different
program each time, so that it must not be shared; a program that only asks for membership is the same everywhere.
A set that was reached by a name is harmless when no walked function of the user loads that name for anything but
``in``. With a fixed ``PYTHONHASHSEED`` the order is fixed, too: then the seed becomes part of the fingerprint.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jitserve._outcome import BypassReason, Refusal

from ._path import Path, last_name, render

if TYPE_CHECKING:
    from ._names import Names
    from ._walk import Walker

_SEEDLESS = frozenset((int, bool, float, complex))  # their hashes are the same in every process
_ADVICE = "sort it first (sorted(...)), use a tuple, or fix PYTHONHASHSEED"


def hash_seed_is_fixed() -> bool:
    """Whether every process with this setting orders sets of strings alike."""
    return not sys.flags.hash_randomization or (
        not sys.flags.ignore_environment and os.environ.get("PYTHONHASHSEED", "random").isdigit()
    )


class HashOrder:
    """What one walk has seen of sets and of their uses; judged at its end."""

    __slots__ = ("builders", "loads", "sets")

    def __init__(self) -> None:
        self.sets: list[Path] = []
        self.builders: list[Path] = []
        self.loads: set[str] = set()

    def saw(self, values: Sequence[object], path: Path, trusted: bool) -> None:
        """Notes a set that was reached as a value."""
        if len(values) > 1 and not trusted and not all(type(value) in _SEEDLESS for value in values):
            self.sets.append(path)

    def saw_code(self, names: Names, path: Path) -> None:
        """Notes a function of the user."""
        self.loads |= names.loads
        if names.builds_set:
            self.builders.append(path)

    def check(self, walker: Walker) -> None:
        """Refuses when the order of some set can be observed; with a fixed seed, adds the seed to the digest."""
        observed = [path for path in self.sets if (name := last_name(path)) is None or name in self.loads]
        hazards = observed + self.builders
        if not hazards:
            return
        if not hash_seed_is_fixed():
            what = "iterates over a set" if not observed else "is a set whose order may be observed"
            raise Refusal(BypassReason.HASH_ORDER, render(hazards[0]), f"{what}; {_ADVICE}")
        walker.tokens.begin("hash seed", 1)
        walker.tokens.int_(hash("jitserve"))
