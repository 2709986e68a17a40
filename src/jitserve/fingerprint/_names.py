"""Which names a code object reads, and how: a scan of its bytecode (``cpp/bindings/names.h``), done once for each.

``np.linalg.norm(x)`` compiles to a load of the global ``np`` followed by attribute loads. Where ``np`` is a module,
only what stands at the end of that *chain* can matter, so that an edit elsewhere in the module changes nothing.
``getattr(mod, "fast")`` and ``hasattr(mod, "fast")`` with a constant name extend the chain in the same way.
"""

from __future__ import annotations

import types
from typing import NamedTuple

from jitserve import _core

from . import _set_uses, _telltales

Chain = tuple[str, ...]


class Names(NamedTuple):
    """What a code object and the code nested in it name.

    Attributes:
        digest: digest of the code object.
        codes: the code object and everything nested in it.
        chains: global names in order, each with the attribute chains that follow it, in order; the empty chain where
            the value itself is used.
        writes: (global name, chain) of attribute assignments through a chain.
        globals_written: names that ``global`` statements assign to.
        imports: modules imported inside, each with a name that is taken from it; with none where it is more than that.
        attributes: every attribute name that is read.
        loads: names (of any kind) that are used for more than a test of membership.
        reads_by_name: whether getattr or hasattr extended a chain.
        builds_set: whether a set is made whose order could be observed.
        telltales: what is read that no walk covers, by name, with the rule for it.
        makes_set: whether a set is made at all.
    """

    digest: bytes
    codes: list[types.CodeType]
    chains: list[tuple[str, list[Chain]]]
    writes: set[tuple[str, Chain]]
    globals_written: set[str]
    imports: set[tuple[str, Chain]]
    attributes: set[str]
    loads: set[str]
    reads_by_name: bool
    builds_set: bool
    telltales: tuple[tuple[str, _telltales.Rule], ...]
    makes_set: bool = False


_known: dict[int, Names] = {}  # by the id of the code object, which the names keep alive
_MOST = 100_000  # a process that makes functions for ever must not keep them all; an ordinary one has some ten thousand


def of(code: types.CodeType) -> Names:
    """The names of a code object. Remembered by identity (hashing one is slow)."""
    names = _known.get(id(code))
    if names is None:
        if len(_known) >= _MOST:
            _known.clear()
        names = _known[id(code)] = _read(code)
    return names


def _read(code: types.CodeType) -> Names:
    parts = _core.code_names(code)
    codes, chains, attributes = parts[0], parts[1], parts[5]
    telltales = _telltales.read_by(codes, attributes, (name for name, _ in chains))
    makes_set = parts[-1]
    builds_set = makes_set and any(map(_set_uses.order_may_be_seen, codes))
    return Names(_core.code_digest(code), *parts[:-1], builds_set, telltales, makes_set)


def digest_of(code: types.CodeType) -> bytes:
    """Digest of a code object whose names do not matter, because it is opaque."""
    return _core.code_digest(code)
