"""What ``jitserve run`` says when the program is over, if that has a session.

It is made while the interpreter shuts down, so nothing is imported that is not there already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitserve._session import current_session

if TYPE_CHECKING:
    from jitserve._stats import Stats


def summary() -> str:
    """What this process's calls came to, in one line; empty if nothing was looked up."""
    stats = current_session().counters.snapshot()
    return describe(stats) if stats.lookups else ""


def describe(stats: Stats) -> str:
    """One line for people; the hit rate is that of the calls that could have hit."""
    hits = stats.direct_hits + stats.program_hits + stats.lowered_hits
    asked = hits + stats.misses
    counts = {
        "lookups": stats.lookups,
        "direct hits": stats.direct_hits,
        "program hits": stats.program_hits,
        "lowered hits": stats.lowered_hits,
        "misses": stats.misses,
        "bypassed": sum(stats.bypasses.values()),
        "faulted": stats.faulted,
    }
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    rate = f"hit rate {f'{hits / asked:.1%}' if asked else '-'}"
    return ", ".join([*parts, rate, f"{round(stats.seconds_saved, 1) + 0.0:.1f} s saved"])
