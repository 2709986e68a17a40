"""Haiku: a counter that tells the frames of one process apart."""

from __future__ import annotations

COUNTERS = {
    ("haiku._src.base", "frame_ids"): "frames are compared by it, and it is nowhere in a program",
}
