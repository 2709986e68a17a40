"""When jitserve was imported, and what had been by then. What is loaded later is as its files are at that time."""

from __future__ import annotations

import sys
import time

AT = time.time()
LOADED = frozenset(sys.modules)
