"""Starting Python in processes of its own, with and without jitserve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).with_name("scripts")
PATIENCE_S = 280.0  # how long a test waits for a process that should end; never how long something may take

# What code given to `evaluate` starts with: `events` is what JAX has done so far, by the last part of its name.
PREAMBLE = """
import json, sys
import jax, jitserve
events = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **_: events.append(name.rsplit("/", 1)[-1]))
STEPS = {"jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"}
def steps(function, *args, **kwargs):
    del events[:]
    function(*args, **kwargs)
    return [event.removesuffix("_duration") for event in events if event in STEPS]
def answer(**values):
    jitserve.flush()
    print(json.dumps(values | {"stats": jitserve.stats().as_dict()}))
"""


def python(*arguments: str, cwd: Path = SCRIPTS, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Runs ``python arguments``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )


def served(*arguments: str, cwd: Path = SCRIPTS, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Runs ``jitserve run --quiet arguments``."""
    return python("-m", "jitserve", "run", "--quiet", *arguments, cwd=cwd, **environ)


def evaluate(code: str, cwd: Path = SCRIPTS, **environ: str) -> dict[str, Any]:
    """Runs ``code`` after ``PREAMBLE`` in a process of its own, and returns what it gave to ``answer``."""
    done = python("-c", PREAMBLE + code, cwd=cwd, **environ)
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
