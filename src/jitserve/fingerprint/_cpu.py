"""The CPU that programs are compiled for and run on: XLA compiles for the features of the machine it runs on."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
# Per-core lines that say what the core can do; the others (MHz, bogomips, core ids) change from moment to moment.
_FIELDS = frozenset(
    ("flags", "features", "model name", "vendor_id", "cpu family", "model", "cpu implementer", "cpu part")
)


def parse(cpuinfo: str) -> tuple[tuple[str, str], ...]:
    """Model and features of the first core in the text of ``/proc/cpuinfo``; features sorted."""
    found: dict[str, str] = {}
    for line in cpuinfo.split("\n\n", 1)[0].splitlines():
        name, _, value = line.partition(":")
        key = name.strip().lower()
        if key in _FIELDS:
            is_list = key in ("flags", "features")
            found[key] = " ".join(sorted(value.split())) if is_list else value.strip()
    return tuple(sorted(found.items()))


@functools.cache
def describe() -> tuple[tuple[str, str], ...]:
    """Architecture, model and features of this machine's CPU. Read once a process: it does not change."""
    try:
        text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    fallback = () if text else (("processor", platform.processor()),)
    return (("machine", platform.machine()), *parse(text), *fallback)
