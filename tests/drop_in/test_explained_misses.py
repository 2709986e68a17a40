"""JAX explains on request why it traces: what it says must not depend on jitserve, cold or warm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import logging, sys
import jax, jax.numpy as jnp

if sys.argv[1] == "jitserve":
    import jitserve
    jax.jit = jitserve.jit

said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("jax").addHandler(handler)

@jax.jit
def scale(x):
    return x * 2

one, other, integers = jnp.ones(3), jnp.ones(4), jnp.arange(3)
with jax.explain_cache_misses(True):
    for argument in (one, one, other, integers):
        scale(argument)
print("\\n".join(said))
"""


def explanations(mode: str, path: Path) -> list[str]:
    script = path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # The function is named with its address.
    return [line.split(" id=")[0] for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("store_dir")
def test_explanations_are_those_of_plain_jax_cold_and_warm(tmp_path: Path) -> None:
    plain = explanations("plain", tmp_path)
    assert sum("CACHE MISS" in line for line in plain) == 3
    assert any("different input types" in line for line in plain)
    assert explanations("jitserve", tmp_path) == plain
    assert explanations("jitserve", tmp_path) == plain
