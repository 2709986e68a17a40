"""The time zone of the process, where code of the user formats times: by ``%s``, which is the only look at it that no
rule refuses, since formats may come from anywhere.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._walker import Walker

SECONDS = "%s"
_FORMATS = frozenset((SECONDS, "strftime"))
# A winter and a summer: where time zones agree on both, they agree on nearly all that a program asks them.
_SEASONS = (1_704_067_200, 1_719_792_000)


def finish(walker: Walker, asked: frozenset[str]) -> None:
    """Adds the time zone, where it may count.

    Args:
        walker: of the walk.
        asked: ``asks`` of all names of the user's functions.
    """
    if asked.isdisjoint(_FORMATS):
        return
    walker.tokens.begin("time zone", len(_SEASONS))
    for then in map(time.localtime, _SEASONS):
        walker.tokens.int_(then.tm_gmtoff)
        walker.tokens.str_(then.tm_zone)
