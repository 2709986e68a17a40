"""Sets whose order depends on the hash seed of the process.

The order of a set of strings differs from process to process. A program that iterates over one is a different
program each time, so that it must not be shared; a program that only asks for membership is the same everywhere.
A set that was reached by a name is harmless when no walked function of the user loads that name for anything but
``in``, or for what shows no order (``_set_uses``). With a fixed ``PYTHONHASHSEED`` the order is that in which the set
was made, in every process: then the seed and the order become part of the fingerprint.
"""

from __future__ import annotations

import enum
import os
import sys
import types
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from jitserve._outcome import BypassReason, Refusal

from . import _set_uses
from ._path import Path, last_name, render

if TYPE_CHECKING:
    from ._names import Names
    from ._walker import Walker

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


def _are_texts(values: Iterable[object]) -> bool:
    """Whether there is but one way to sort these values. Numbers among them need none."""
    kinds = [type(value) for value in values]
    return any(all(kind is text for kind in kinds) for text in (str, bytes))


def follows_seed(value: object) -> bool:
    """Whether the hash of a value is the same in all processes of one seed. That of most objects is their address."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(follows_seed, value))  # type: ignore[call-overload]
    return (kind in _SEEDED and value == value) or issubclass(kind, enum.Enum)


_Entry: TypeAlias = "tuple[Names, types.FunctionType, Path]"


class HashOrder:
    """What one walk has seen of sets and of their uses; judged at its end, or by the recorder for the code that ran."""

    __slots__ = ("_code", "_orders", "_sets", "_unsteady")

    def __init__(self) -> None:
        self._sets: list[tuple[Path, bool]] = []  # and whether there is but one way to sort it
        self._orders: list[Sequence[bytes]] = []  # of the others: the digests of their elements
        self._unsteady: list[tuple[Path, bool]] = []  # those that no seed puts into an order
        self._code: list[_Entry] = []

    def saw(self, kind: type, values: Sequence[object], digests: Sequence[bytes], path: Path, trusted: bool) -> None:
        """Notes a set that was reached as a value: its type and elements, and what each has for a digest, in order."""
        if not trusted:
            seen = path, (kind is set or kind is frozenset) and _are_texts(values)
            self._sets.append(seen)
            if all(map(follows_seed, values)):
                self._orders.append(digests)
            else:
                self._unsteady.append(seen)

    def saw_code(self, names: Names, function: types.FunctionType, path: Path) -> None:
        """Notes a function of the user."""
        self._code.append((names, function, path))

    def names(self) -> Iterator[Names]:
        """What the functions of the user name that were walked."""
        return (names for names, _, _ in self._code)

    def functions(self) -> Iterator[_Entry]:
        """The functions of the user that were walked, with what they name and where they were found."""
        return iter(self._code)

    def finish(self, walker: Walker) -> None:
        """With a fixed seed, adds the seed to the digest where an order may be seen; else refuses, or leaves it to the
        recorder.

        Raises:
            Refusal: HASH_ORDER, when hazards are not deferred.
        """
        refusal = _refusal(self._code, self._sets)
        if refusal is None:
            return
        if hash_seed_is_fixed() and (walker.hazards.deferred or _refusal(self._code, self._unsteady) is None):
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
        functions = [entry for entry in self._code if any(id(code) in ran for code in entry[0].codes)]
        fixed = hash_seed_is_fixed()
        refusal = _refusal(functions, self._unsteady if fixed else self._sets, builds=not fixed)
        if refusal is not None:
            raise refusal


def _refusal(functions: list[_Entry], sets: list[tuple[Path, bool]], *, builds: bool = True) -> Refusal | None:
    loads: set[str] = set().union(*(names.loads for names, _, _ in functions))
    anonymous = not loads.isdisjoint(_BY_COMPUTED_NAMES)
    sortable = frozenset(name for path, can_be_sorted in sets if can_be_sorted and (name := last_name(path)) in loads)
    hidden = all(_is_hidden(entry, sortable) for entry in functions if not sortable.isdisjoint(entry[0].loads))
    for path, can_be_sorted in sets:
        name = last_name(path)
        if name is None or anonymous or (name in loads and not (can_be_sorted and hidden)):
            what = "is a set whose order may be observed"
            return Refusal(BypassReason.HASH_ORDER, render(path), f"{what}; {_ADVICE}")
    for entry in functions if builds else ():
        names, _, path = entry
        if names.builds_set and not _is_hidden(entry, sortable):
            return Refusal(BypassReason.HASH_ORDER, render(path), f"iterates over a set; {_ADVICE}")
    return None


def _is_hidden(entry: _Entry, sets: frozenset[str]) -> bool:
    """Whether a function that loads some of these sets by their names has no use for their order, nor for that of the
    sets that it makes.
    """
    names, function, _ = entry
    loaded = sets & names.loads
    if not loaded or not _set_uses.names_what_it_seems(function):
        return False
    return not any(_set_uses.order_of_named_may_be_seen(code, loaded) for code in names.codes)
