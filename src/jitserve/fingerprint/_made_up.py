"""What is walked only where code names it, or not at all beside some other thing: by which names that is read.

A program may make such a name up while it runs (``getattr(logger, name)``), or take it from a getter that it was given.
So each walk says what it has left out, by name; a recorder hears who asks for it, and refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from jitserve._outcome import BypassReason as R

from . import _local_time, _telltales
from ._telltales import Rule

if TYPE_CHECKING:
    from ._walker import Walker

_BY = "by a name that is made up while it runs; read it by a name that stands in the code"
_FIELD: Rule = (R.DYNAMIC_SCOPE, f"asks fields of a dataclass for their types {_BY}")
_OWNER: Rule = (R.UNKNOWN_OBJECT, f"looks past a view of an array {_BY}")
_LISTS: Rule = (R.OPAQUE_CALLABLE, f"asks a logger for what hangs on it {_BY}")
_CODE: Rule = (R.DYNAMIC_SCOPE, f"looks into the code of functions {_BY}")
_CLOCK: Rule = (R.TIME_READ, "reads the clock while tracing")


def names_left(walker: Walker, asked: frozenset[str]) -> dict[str, Rule]:
    """The names by which something is read that the digest does not have, with the rule for whoever asks for it.

    Args:
        walker: at the end of a walk.
        asked: by which names what is seldom read was added.
    """
    return {name: rule for name, rule in _left(walker) if name not in asked}


def _left(walker: Walker) -> Iterator[tuple[str, Rule]]:
    loaded = frozenset[str]().union(*(names.loads | names.attributes for names in walker.order.names()))
    if walker.field_types:
        yield "type", _FIELD
    if any(isinstance(owner, (np.ndarray, bytes, bytearray)) for owner, _ in walker.views):
        yield "base", _OWNER
    if walker.loggers:
        yield from dict.fromkeys(_telltales.LISTS_OF_LOGGERS - walker.listed, _LISTS).items()
    if _local_time.may_have_times(walker):
        yield from dict.fromkeys(_telltales.CLOCK_METHODS, _CLOCK).items()
    yield from dict.fromkeys(("co_consts", "co_stacksize"), _CODE).items()
    yield from _telltales.beside(loaded)
