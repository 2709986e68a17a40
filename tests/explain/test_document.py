"""docs/explain.md: its console sessions, run from the first line to the last."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from empty_store import empty_store

DOCUMENT = Path(__file__).parents[2] / "docs" / "explain.md"

# What differs from run to run: keys, counts and measured numbers.
_VARIABLE = re.compile(r"\b[0-9a-f]{12,64}\b|\b\d+(\.\d+)? (s|min|MB)\b|\d+ of \d+ ingredients|\S*/net\.py")


def settled(text: str) -> str:
    return re.sub(r" +", " ", _VARIABLE.sub("#", text.replace("net.py:", "/net.py:"))).strip()


def test_examples_print_what_the_document_shows(tmp_path: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, source in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(source)
    environment = {
        **os.environ,
        "JITSERVE_DIR": str(empty_store(tmp_path / "store")),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tmp_path),
    }
    sessions = re.findall(r"^```console\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    steps = [
        step.partition("\n") for session in sessions for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
    ]
    assert len(steps) > 15
    for command, _, shown in steps:
        run = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert settled(run.stdout) == settled(shown), f"$ {command}\n{run.stdout}"
