"""JAX types that have no public name, under the names that the rest of jitserve uses."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from jax._src.core import MemorySpace as MemorySpace
from jax._src.core import ShapedArray as ShapedArray
from jax._src.layout import AutoLayout as AutoLayout
from jax._src.layout import Layout as Layout
from jax._src.mesh import AbstractDevice as AbstractDevice
from jax._src.mesh import AbstractMesh as AbstractMesh
from jax._src.mesh import AxisType as AxisType
from jax._src.mesh import Mesh as Mesh
from jax._src.named_sharding import UNSPECIFIED as UNSPECIFIED
from jax._src.named_sharding import UnspecifiedValue as UnspecifiedValue
from jax._src.partition_spec import PartitionSpec as PartitionSpec
from jax._src.sharding import Sharding as Sharding
from jax._src.sharding_impls import GSPMDSharding as GSPMDSharding
from jax._src.sharding_impls import NamedSharding as NamedSharding
from jax._src.sharding_impls import SingleDeviceSharding as SingleDeviceSharding
from jax._src.tree_util import PyTreeDef as PyTreeDef
from jax._src.tree_util import _registry, default_registry, tree_structure, tree_unflatten
from jaxlib.xla_client import HloSharding as HloSharding
from jaxlib.xla_client import OpSharding as OpSharding

from jitserve._jax._adapter import adapter
from jitserve._jax._dtypes import dtype_from_name as dtype_from_name
from jitserve._jax._dtypes import dtype_name as dtype_name
from jitserve._jax._dtypes import is_named_dtype as is_named_dtype

has_plain_layout = adapter.has_plain_layout
has_plain_reduction = adapter.has_plain_reduction
make_aval = adapter.make_aval


def is_bare(sharding: Any) -> bool:
    """Whether nobody has set attributes on a sharding; what it remembers of itself does not count."""
    if type(sharding) not in (NamedSharding, SingleDeviceSharding):
        return True
    kinds = type(sharding).__mro__
    return all(
        name == "_hash" or any(type(vars(kind).get(name)) is functools.cached_property for kind in kinds)
        for name in vars(sharding)
    )


def make_tree(node_data: tuple[type, Any] | None, children: Iterable[Any]) -> Any:
    """A ``PyTreeDef`` from what ``node_data()`` and ``children()`` gave.

    Raises:
        ValueError: a named tuple that is registered as a node of its own cannot be rebuilt.
    """
    children = list(children)
    if node_data is not None and node_data[0] in _registry and hasattr(node_data[0], "_fields"):
        return _make_registered_tuple(*node_data, children)
    return PyTreeDef.from_node_data_and_children(default_registry, node_data, children)


def _make_registered_tuple(node_type: type, aux: Any, children: list[Any]) -> Any:
    """The node of a named tuple with flatten functions of its own, which jaxlib takes for a plain named tuple."""
    parts = [tree_unflatten(child, [object()] * child.num_leaves) for child in children]
    tree = tree_structure(_registry[node_type].from_iter(aux, parts))
    if tree.node_data()[0] is not node_type or tree.children() != children:
        raise ValueError(f"the node {node_type.__qualname__} does not come out of its functions as it went in")
    return tree
