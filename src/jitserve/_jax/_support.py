"""Which JAX lines this jitserve knows. A new line needs one row here, and an adapter file beside this one
where its private API differs."""

from __future__ import annotations

import jax

# JAX line -> the adapter module that knows its private API.
ADAPTERS = {
    (0, 10): "v0_10",
    (0, 11): "v0_11",
    (0, 12): "v0_12",
}


def line(version: str = jax.__version__) -> tuple[int, int]:
    """The line of a JAX version: ``(0, 12)`` for ``"0.12.0.1"``. ``(0, 0)`` for what cannot be read."""
    parts = version.split(".")
    try:
        return int(parts[0]), int(parts[1])
    except (IndexError, ValueError):
        return 0, 0


def supported_lines() -> str:
    """The supported lines for people: ``0.10.x, 0.11.x``."""
    return ", ".join(f"{major}.{minor}.x" for major, minor in sorted(ADAPTERS))
