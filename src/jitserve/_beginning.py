"""When jitserve was imported, and what had been by then. What is loaded later is as its files are at that time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_START_FIELD = 19  # of those after the name of the program: in ticks, after the machine has started


def _process_started(stat: Path) -> float | None:
    """When this process was made; None where the system does not tell.

    It may have run another program before this one (``exec python`` at the end of a script).
    """
    try:
        ticks = int(stat.read_text().rpartition(")")[2].split()[_START_FIELD])
        # The end of the tick: the interpreter takes longer to load its first module.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - (ticks + 1) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return time.time() - age if ticks > 0 else None


AT = time.time()
LOADED = tuple(sys.modules)  # in the order in which they were loaded
PROCESS_STARTED = _process_started(Path("/proc/self/stat"))
