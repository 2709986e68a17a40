"""Classes of JAX whose state is in the key in another way."""

from __future__ import annotations

from typing import Any

from .._config_policy import IRRELEVANT
from ._adapter import Adapter


def _shown(state: Any) -> tuple[object, ...]:
    """What code that holds a state can ask it for, where the state is in no key. The others are ingredients."""
    if state._name not in IRRELEVANT:
        return ()
    return state._name, state.value, state.get_global()


_CONFIGURATION = "every configuration state is an ingredient of the key, or is shown"
TABLE = {
    "jax._src.config.Config": Adapter(reason="every configuration state is an ingredient of the key", inert=True),
    "jax._src.config.State": Adapter(reason=_CONFIGURATION, inert=True, shown=_shown),
    "jax._src.export._export.Exported": Adapter(
        reason="_get_vjp traces the function again, which the recorder sees; all the rest says what the module is",
        presence_only=frozenset(("_get_vjp",)),
    ),
    "jax._src.mesh.Mesh": Adapter(reason="memos of the mesh", ignored=frozenset(("_cached_device_list", "_hash"))),
}
