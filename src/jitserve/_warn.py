"""What jitserve warns the user about. Never an error: where warnings are made errors, it goes into the log."""

from __future__ import annotations

import logging
import sys
import types
import warnings
from pathlib import Path


def warn(message: str) -> None:
    """Warns at the line of the user's that has led here."""
    frame = _frame_of_users()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__")
    try:
        warnings.warn_explicit(message, RuntimeWarning, frame.f_code.co_filename, frame.f_lineno, str(module), registry)
    except RuntimeWarning:
        logging.getLogger("jitserve").warning("%s", message)


def _frame_of_users() -> types.FrameType:
    jax = getattr(sys.modules.get("jax"), "__file__", None)
    homes = tuple(f"{Path(file).parent}/" for file in (__file__, jax) if file)
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((*homes, "<frozen ")):
        frame = frame.f_back
    return frame
