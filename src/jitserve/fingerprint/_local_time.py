"""The time zone of the process, where code of the user may have times: formatted by ``%s``, or asked in C, they depend
on it, and formats may come from anywhere.
"""

from __future__ import annotations

import datetime
import time
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._walker import Walker

SECONDS = "%s"
_FORMATS = frozenset((SECONDS, "strftime"))
# By these, code makes times. A class of times may have any name.
_MAKERS = frozenset(("date", "datetime", "datetime64", "fromisoformat", "strptime", "to_pydatetime"))
# A winter and a summer: where time zones agree on both, they agree on nearly all that a program asks them.
_SEASONS = (1_704_067_200, 1_719_792_000)


def finish(walker: Walker, asked: frozenset[str]) -> None:
    """Adds the time zone, where it may count.

    Args:
        walker: of the walk.
        asked: ``asks`` of all names of the user's functions.
    """
    if asked.isdisjoint(_FORMATS) and not may_have_times(walker):
        return
    walker.tokens.begin("time zone", len(_SEASONS))
    for then in map(time.localtime, _SEASONS):
        walker.tokens.int_(then.tm_gmtoff)
        walker.tokens.str_(then.tm_zone)


def may_have_times(walker: Walker) -> bool:
    """Whether a walk has met a date, or code that can make one."""
    if walker.has_met_times or any(issubclass(cls, datetime.date) for cls, _, _ in walker.classes):
        return True
    for names, function, _ in walker.order.functions():
        if not _MAKERS.isdisjoint(names.attributes) or not _MAKERS.isdisjoint(names.loads):
            return True
        if any(imported.module == "datetime" for imported in names.imports):
            return True
        if any(map(_makes_times, _held(function, [name for name, _ in names.chains]))):
            return True
    return False


def _held(function: types.FunctionType, names: list[str]) -> Iterator[Any]:
    """What a function has under its global names, in its cells, and by default."""
    yield from (function.__globals__.get(name) for name in names)
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing yet
            continue
    yield from function.__defaults__ or ()


def _makes_times(value: Any) -> bool:
    return value is datetime or (issubclass(type(value), type) and issubclass(value, datetime.date))
