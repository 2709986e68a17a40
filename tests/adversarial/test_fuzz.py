"""The part of the fuzzer that CI has time for. ``python -m tests.adversarial.fuzz`` runs as much as you like."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.adversarial.corpus import PROGRAMS

ROOT = Path(__file__).parents[2]


def test_the_corpus_is_large_enough() -> None:
    assert len(PROGRAMS) >= 30


def test_key_changes_exactly_when_what_is_read_changes(store_dir: Path) -> None:
    # In a process of its own: it takes modules away and sets JAX's options.
    command = [
        sys.executable,
        "-m",
        "tests.adversarial.fuzz",
        "--mutations",
        "2400",
        "--calls",
        "60",
        "--seed",
        "20260",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JITSERVE_DIR": str(store_dir)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "nothing wrong" in done.stdout
    made = re.search(r"^(\d+) mutations", done.stdout, re.MULTILINE)
    assert made is not None
    assert int(made[1]) >= 2000, done.stdout
