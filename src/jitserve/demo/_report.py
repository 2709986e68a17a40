"""What one fresh process says about its first call, and how it travels to the parent: JSON, one object a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Phase:
    """How often JAX did one kind of work inside the call, and how many seconds of the call it took."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """One first call in a fresh process. Times are in seconds, from entering the call to finished outputs."""

    total_s: float
    trace: Phase
    lower: Phase
    compile: Phase
    load_s: float
    outcome: str
    outputs_sha256: str
    platform: str

    @property
    def work_count(self) -> int:
        """Traces, lowerings and compiles together: 0 for a process that only loaded."""
        return self.trace.count + self.lower.count + self.compile.count

    def write(self, path: Path) -> None:
        """Writes the report to ``path``."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Reads what ``write`` wrote.

        Raises:
            OSError: there is no report at ``path``.
            ValueError, KeyError, TypeError: ``path`` holds something else.
        """
        fields = json.loads(path.read_text(encoding="utf-8"))
        for name in ("trace", "lower", "compile"):
            fields[name] = Phase(**fields[name])
        return cls(**fields)
