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


class Import(NamedTuple):
    """What one ``import`` inside of a function gives to a variable.

    Attributes:
        module: the module that is loaded.
        base: the module that the variable holds, or that what it holds is taken from.
        taken: the names that lead from there to what the variable holds.
        chains: the attribute chains through which the variable is read, in order; the empty chain where it is used in
            other ways, or where that cannot be told.
        is_written: whether the code assigns to an attribute of it.
    """

    module: str
    base: str
    taken: Chain
    chains: tuple[Chain, ...]
    is_written: bool


class Names(NamedTuple):
    """What a code object and the code nested in it name.

    Attributes:
        digest: digest of the code object.
        codes: the code object and everything nested in it.
        chains: global names in order, each with the attribute chains that follow it, in order; the empty chain where
            the value itself is used.
        writes: (global name, chain) of attribute assignments through a chain.
        globals_written: names that ``global`` statements assign to.
        imports: what is imported inside.
        attributes: every attribute name that is read.
        loads: names (of any kind) that are used for more than a test of membership.
        reads_by_name: whether getattr or hasattr extended a chain.
        builds_set: whether a set is made whose order could be observed.
        telltales: what is read that no walk covers, by name, with the rule for it.
        makes_set: whether a set is made at all.
        asks: by which names it reads what is walked only where somebody does so.
    """

    digest: bytes
    codes: list[types.CodeType]
    chains: list[tuple[str, list[Chain]]]
    writes: set[tuple[str, Chain]]
    globals_written: set[str]
    imports: list[Import]
    attributes: set[str]
    loads: set[str]
    reads_by_name: bool
    builds_set: bool
    telltales: tuple[tuple[str, _telltales.Rule], ...]
    makes_set: bool = False
    asks: frozenset[str] = frozenset()


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
    codes, chains, writes, written, imports, attributes, loads, by_name, makes_set = _core.code_names(code)
    return Names(
        digest=_core.code_digest(code),
        codes=codes,
        chains=chains,
        writes=writes,
        globals_written=written,
        imports=sorted(map(Import._make, imports)),
        attributes=attributes,
        loads=loads,
        reads_by_name=by_name,
        builds_set=makes_set and any(map(_set_uses.order_may_be_seen, codes)),
        telltales=_telltales.read_by(codes, attributes, (name for name, _ in chains)),
        makes_set=makes_set,
        asks=_telltales.asks(codes, attributes, loads | {name for name, _ in chains}),
    )


def digest_of(code: types.CodeType) -> bytes:
    """Digest of a code object whose names do not matter, because it is opaque."""
    return _core.code_digest(code)
