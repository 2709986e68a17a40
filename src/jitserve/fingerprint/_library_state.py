"""States of the process that libraries keep which the walk does not go into, and that shape what code does.

What everybody has is left out, so that it does not matter who has imported them.
"""

from __future__ import annotations

import sys


def library_state() -> tuple[tuple[str, object], ...]:
    """(name, value) of all that is not as it is when nobody has set it."""
    return (*_scipy(), *_jaxtyping())


def _scipy() -> tuple[tuple[str, object], ...]:
    """How special functions answer errors (``scipy.special.seterr``)."""
    module = sys.modules.get("scipy.special")
    if module is None:
        return ()
    return tuple((kind, action) for kind, action in module.geterr().items() if action != _UNSET.get(kind, "ignore"))


_UNSET = {"memory": "raise"}


def _jaxtyping() -> tuple[tuple[str, object], ...]:
    """Whether annotations are checked; not how the stack of an error is shown."""
    module = sys.modules.get("jaxtyping._config")
    disabled = module is not None and module.config.jaxtyping_disable
    return (("jaxtyping_disable", disabled),) if disabled else ()
