"""What loops at the level of JAX's modules leave behind, which nothing reads afterwards, and what is random there."""

from __future__ import annotations

# Through sets of classes, and through the names of what is installed. Who tries again waits for a random time.
LEFT_OVER = frozenset(
    (
        "jax._src.abstract_arrays.t",
        "jax._src.checkify._prim",
        "jax._src.interpreters.pxla._t",
        "jax._src.clusters.k8s_cluster.K8sCluster",
        "jax._src.clusters.k8s_cluster.retry",
        "jax._src.lax.lax.t",
        "jax._src.literals._typ",
        "jax._src.numpy.array_constructors.dist",
        "jax._src.numpy.array_constructors.name",
    )
)
