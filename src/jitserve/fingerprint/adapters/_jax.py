"""Classes of JAX whose state is in the key in another way."""

from __future__ import annotations

from ._adapter import Adapter

TABLE = {
    "jax._src.config.Config": Adapter(reason="every configuration state is an ingredient of the key", inert=True),
    "jax._src.config.State": Adapter(reason="every configuration state is an ingredient of the key", inert=True),
    "jax._src.mesh.Mesh": Adapter(reason="memos of the mesh", ignored=frozenset(("_cached_device_list", "_hash"))),
}
