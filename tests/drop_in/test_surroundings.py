"""What a program has around its calls: event loops, directories that it changes, ... Each in processes of its own."""

from __future__ import annotations

from pathlib import Path

from tests.whole.processes import evaluate

STEP = "function = jitserve.jit(lambda x: x * 5 + 1)\n"
ASYNCIO = """
import asyncio
async def main():
    return float(function(2.0))
answer(value=asyncio.run(main()))
"""


def test_call_in_an_event_loop_is_served(store_dir: Path) -> None:
    first, second = (evaluate(STEP + ASYNCIO) for _ in range(2))
    assert first["value"] == second["value"] == 11.0
    assert first["stats"]["misses"] == second["stats"]["direct_hits"] == 1
    assert first["stats"]["faults"] == second["stats"]["faults"] == {}
