"""Sets whose order depends on the hash seed of the process.

The order of a set of strings differs from process to process. A program that iterates over one is a different
program each time, so that it must not be shared; a program that only asks for membership is the same everywhere.
A set that was reached by a name is harmless when no walked function of the user loads that name for anything but
``in``. With a fixed ``PYTHONHASHSEED`` the order is that in which the set was made, in every process: then the seed and
the order become part of the fingerprint.
"""

from __future__ import annotations

import enum
import os
import sys
import types
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jitserve._outcome import BypassReason, Refusal

from ._path import Path, last_name, render

if TYPE_CHECKING:
    from ._names import Names
    from ._walk import Walker

SEEDLESS = frozenset((int, bool, float, complex))  # their hashes are the same in every process
_SEEDED = SEEDLESS | {str, bytes}  # theirs are the same wherever the seed is
# By these, code can take attributes that it does not name.
_BY_COMPUTED_NAMES = frozenset(
    ("__dict__", "__getattribute__", "_asdict", "asdict", "astuple", "attrgetter", "getattr", "vars")
)
_ADVICE = "sort it first (sorted(...)), use a tuple, or fix PYTHONHASHSEED"


def hash_seed_is_fixed() -> bool:
    """Whether every process with this setting orders sets of strings alike."""
    return not sys.flags.hash_randomization or (
        not sys.flags.ignore_environment and os.environ.get("PYTHONHASHSEED", "random").isdigit()
    )


def is_seedless(values: Iterable[object]) -> bool:
    """Whether a set of these values has the same order wherever it is made in the same way."""
    return all(type(value) in SEEDLESS and value == value for value in values)  # the hash of a NaN is its address


def is_steady(values: Collection[object]) -> bool:
    """Whether a set of these values has the same order in every process that makes it in the same way."""
    return len(values) < 2 or is_seedless(values)


def follows_seed(value: object) -> bool:
    """Whether the hash of a value is the same in all processes of one seed. That of most objects is their address."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(follows_seed, value))  # type: ignore[call-overload]
    return (kind in _SEEDED and value == value) or issubclass(kind, enum.Enum)


class HashOrder:
    """What one walk has seen of sets and of their uses; judged at its end, or by the recorder for the code that ran."""

    __slots__ = ("_code", "_orders", "_sets", "_unsteady")

    def __init__(self) -> None:
        self._sets: list[Path] = []
        self._orders: list[Sequence[bytes]] = []  # of the others: the digests of their elements
        self._unsteady: list[Path] = []  # those that no seed puts into an order
        self._code: list[tuple[Names, types.CodeType, Path]] = []

    def saw(self, values: Sequence[object], digests: Sequence[bytes], path: Path, trusted: bool) -> None:
        """Notes a set that was reached as a value: its elements, and what each has for a digest, in its order."""
        if not trusted:
            self._sets.append(path)
            if all(map(follows_seed, values)):
                self._orders.append(digests)
            else:
                self._unsteady.append(path)

    def saw_code(self, names: Names, code: types.CodeType, path: Path) -> None:
        """Notes a function of the user."""
        self._code.append((names, code, path))

    def names(self) -> Iterator[Names]:
        """What the functions of the user name that were walked."""
        return (names for names, _, _ in self._code)

    def finish(self, walker: Walker) -> None:
        """With a fixed seed, adds the seed to the digest where an order may be seen; else refuses, or leaves it to the
        recorder.

        Raises:
            Refusal: HASH_ORDER, when hazards are not deferred.
        """
        functions = [(names, path) for names, _, path in self._code]
        refusal = self._refusal(functions, self._sets)
        if refusal is None:
            return
        if hash_seed_is_fixed() and (walker.hazards.deferred or self._refusal(functions, self._unsteady) is None):
            orders = [*self._orders, *self._orders_in_code(walker)]
            walker.tokens.begin("hash seed", 1 + len(orders))
            walker.tokens.int_(hash("jitserve"))
            for digests in orders:
                walker.tokens.bytes_(b"".join(digests))
        elif not walker.hazards.deferred:
            raise refusal

    def _orders_in_code(self, walker: Walker) -> Iterator[list[bytes]]:
        for names, _, path in self._code:
            for code in names.codes if names.builds_set else ():
                for constant in code.co_consts:
                    if type(constant) is frozenset and not is_seedless(constant):
                        yield [walker.digest_alone(element, path, True) for element in constant]

    def check(self, ran: Container[int]) -> None:
        """Judges the code that ran.

        Args:
            ran: ids of its code objects.

        Raises:
            Refusal: HASH_ORDER.
        """
        functions = [(names, path) for names, _, path in self._code if any(id(code) in ran for code in names.codes)]
        fixed = hash_seed_is_fixed()
        refusal = self._refusal(functions, self._unsteady if fixed else self._sets, builds=not fixed)
        if refusal is not None:
            raise refusal

    @staticmethod
    def _refusal(functions: list[tuple[Names, Path]], sets: list[Path], *, builds: bool = True) -> Refusal | None:
        loads: set[str] = set().union(*(names.loads for names, _ in functions))
        anonymous = not loads.isdisjoint(_BY_COMPUTED_NAMES)
        for path in sets:
            name = last_name(path)
            if name is None or name in loads or anonymous:
                what = "is a set whose order may be observed"
                return Refusal(BypassReason.HASH_ORDER, render(path), f"{what}; {_ADVICE}")
        for names, path in functions:
            if names.builds_set and builds:
                return Refusal(BypassReason.HASH_ORDER, render(path), f"iterates over a set; {_ADVICE}")
        return None
