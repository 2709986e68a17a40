"""What is bound under the names of JAX, NumPy, and what they are built on: who stands in whose place.

The files of those packages are in every key, and the walk does not enter them. That ``jax.nn.relu`` is the function
which the files call so is another matter: anybody may have put ``jax.nn.silu`` there. So there is a digest for each of
their modules, over the names that it and its classes bind, and one for each primitive, over the rules for it.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections import Counter
from collections.abc import Mapping

from jitserve import _core, _jax

from ._left_over import LEFT_OUT
from ._packages import OPAQUE_PACKAGES

# How closely to look: ``Look`` in cpp/bindings/census.h.
_NOT_AT_ALL, _BUILTIN, _NAMES, _CLASSES, _STRANGERS = range(5)
# Of the standard library, what computes. The rest talks to the outside, and much of it is replaced by debuggers.
_STDLIB = (
    *(
        "_bisect",
        "_collections",
        "_decimal",
        "_functools",
        "_heapq",
        "_operator",
        "_pydecimal",
        "_random",
        "_statistics",
    ),
    *("_struct", "array", "bisect", "cmath", "collections", "configparser", "contextlib", "copy", "dataclasses"),
    *("decimal", "enum", "fractions", "functools", "heapq", "inspect", "itertools", "json", "math", "numbers"),
    *("operator", "random", "re", "statistics", "string", "struct", "textwrap"),
)
_LOOKS = {
    **dict.fromkeys(_STDLIB, _CLASSES),
    **dict.fromkeys(("ml_dtypes", "opt_einsum", "scipy"), _CLASSES),
    "builtins": _BUILTIN,
    "jax": _STRANGERS,
    "jaxlib": _NAMES,
    "numpy": _STRANGERS,
    "numpy.f2py": _NOT_AT_ALL,
    "numpy.testing": _NOT_AT_ALL,
}
# Filled by modules that not everybody imports: what is not there in another process is no difference.
_APART = frozenset(("error_checks", "jet_rules", "sparse_rules_bcoo", "sparse_rules_bcsr"))

Digests = Mapping[str, bytes]


class Bindings:
    """Looks through the packages. What has not changed is not looked into again."""

    def __init__(self) -> None:
        self.census = _core.Census(_LOOKS, LEFT_OUT)
        for directory in _directories():
            self.census.know_directory(directory)
        self._digests: tuple[int, Digests] = (-1, {})

    def look(self) -> int:
        """A number that is new whenever something has changed."""
        generation = self.census.refresh(sys.modules)
        if self.census.has_rules():
            return generation
        apart = [(name, table, name in _APART or "." in name) for name, table in _jax.rule_tables()]
        return self.census.refresh_rules([*apart, *((name, table, False) for name, table in _jax.outer_tables())])

    def digests(self) -> Digests:
        """The digests, by the name of the module, or of the primitive. The same object until something changes."""
        generation = self.look()
        if self._digests[0] != generation:
            self._digests = generation, types.MappingProxyType(self.census.digests())
        return self._digests[1]


def differing(recorded: Digests, now: Digests) -> list[str]:
    """The names of what is bound otherwise than recorded. What is not loaded is as its files say.

    Several primitives may share a name, and not all of them be loaded in both processes (those of Pallas): as many as
    the process with fewer of them knows have to be the same.
    """
    return [
        name
        for name, digest in recorded.items()
        if now.get(name, digest) != digest and not _is_part(recorded[name], now[name])
    ]


def _is_part(left: bytes, right: bytes) -> bool:
    fewer, more = sorted((_parts(left), _parts(right)), key=Counter.total)
    return fewer <= more


def _parts(digests: bytes) -> Counter[bytes]:
    return Counter(digests[i : i + 32] for i in range(0, len(digests), 32))


@functools.cache
def _directories() -> tuple[str, ...]:
    """Where the files of the packages and of the standard library are."""
    found = {os.path.dirname(os.path.abspath(os.__file__))}
    for name in OPAQUE_PACKAGES:
        places = [os.path.abspath(place) for place in getattr(sys.modules.get(name), "__path__", ())]
        found.update(places)
        found.update(os.path.join(os.path.dirname(place), other) for place in places for other in OPAQUE_PACKAGES)
    return tuple(sorted(os.path.join(directory, "") for directory in found))
