"""The line that ``jitserve run`` prints when the program is over.

It is made while the interpreter shuts down, so nothing is imported that is not there already: a program without JAX has
no session, and one with a session has all that is needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitserve._stats import Stats


def summary() -> str:
    """What this process's calls came to, in one line."""
    session = sys.modules.get("jitserve._session")
    stats = None if session is None else session.current_session().counters.snapshot()
    return describe(stats) if stats is not None and stats.lookups else "jitserve: nothing was looked up"


def describe(stats: Stats) -> str:
    """One line for people; the hit rate is that of the calls that could have hit."""
    hits = stats.direct_hits + stats.program_hits + stats.lowered_hits
    asked = hits + stats.misses
    parts = [
        f"{stats.lookups} lookups",
        f"{stats.direct_hits} direct hits",
        f"{stats.program_hits} program hits",
        f"{stats.lowered_hits} lowered hits",
        f"{stats.misses} misses",
        f"{sum(stats.bypasses.values())} bypassed",
        f"{stats.faulted} faulted",
        f"hit rate {f'{hits / asked:.1%}' if asked else '-'}",
        f"{round(stats.seconds_saved, 1) + 0.0:.1f} s saved",
    ]
    return f"jitserve: {', '.join(parts)}"
