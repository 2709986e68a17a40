"""Where jitserve cannot work with the installed JAX, ``jit`` is ``jax.jit``, and says so once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jitserve._settings import Settings
from jitserve._warn import warn


def select_jit() -> Callable[..., Any]:
    """``jitserve.jit`` on a supported JAX, else ``jax.jit``."""
    import jax

    if Settings.usable()[0].disabled:  # the session says what cannot be used
        return jax.jit
    try:
        from jitserve._jit import jit
    except (ImportError, AttributeError) as error:
        from jitserve._jax._support import supported_lines

        message = (
            f"jitserve does not work with JAX {jax.__version__} ({error}); jitserve.jit is plain jax.jit. "
            f"Supported are JAX {supported_lines()}."
        )
        warn(message)
        return jax.jit
    return jit
