"""What a trace leaves behind in the objects that it reads: a hit, which does not trace, leaves it as well.

Captured variables are bound anew, and a ``functools.cached_property`` that the trace has filled is computed: a later
call of the program would else compute it from a state that is newer than the one that plain JAX goes by. The inverse
that a member of an ``enum.Flag`` keeps is such a property.
"""

from __future__ import annotations

import contextlib
import types
from typing import TYPE_CHECKING

from jitserve import fingerprint
from jitserve._key import CallKey, call_key
from jitserve._lookup import Direct
from jitserve._outcome import Refusal

if TYPE_CHECKING:
    from jitserve._session import Session


def leave_behind(session: Session, key: CallKey, direct: Direct) -> bool:
    """Does to the captured variables and properties what the trace of an entry did.

    Args:
        session: of this process.
        key: that the entry was found by.
        direct: the entry.

    Returns:
        whether all is in the state that the trace left. If not, all is as before, and the call has to be traced.
    """
    if not direct.filled:
        _bind(direct)
        return True
    missing: list[tuple[object, dict[str, object], str]] = []
    before = [(cell, _content(cell)) for cell, _ in direct.rebindings]
    with contextlib.suppress(Refusal), session.guard("computing a property that the trace has computed"):
        missing += [(obj, vars(obj), name) for obj, name in direct.filled if name not in vars(obj)]
        for obj, namespace, name in missing:
            if name not in namespace:  # one of them may have needed another
                fingerprint.fill(obj, name)
        _bind(direct)
        if call_key(key.parts).digest == direct.variant.left_key:
            return True
    for _, namespace, name in missing:
        namespace.pop(name, None)
    for cell, content in before:
        _restore(cell, content)
    return False


def _bind(direct: Direct) -> None:
    for cell, value in direct.rebindings:
        cell.cell_contents = value


def _content(cell: types.CellType) -> tuple[object, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _restore(cell: types.CellType, content: tuple[object, ...]) -> None:
    if content:
        (cell.cell_contents,) = content
    else:
        del cell.cell_contents
