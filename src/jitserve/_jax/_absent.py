"""Array arguments that are not there: described by ``jax.ShapeDtypeStruct``, and keyed as the array would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
from jax._src import core
from jax._src.interpreters import pxla
from jax._src.layout import Layout
from jax._src.sharding_impls import make_single_device_sharding
from jaxlib import _jax

from jitserve._outcome import BypassReason, Refusal


@dataclass(frozen=True, slots=True)
class Absent:
    """What a key needs to know of an array: abstract value, sharding, whether it is committed to it, layout."""

    aval: Any
    sharding: Any
    committed: bool
    layout: Any


def stand_in(leaf: Any) -> Any:
    """What stands for an argument leaf in a key: ``Absent`` for a ``ShapeDtypeStruct``, everything else for itself.

    A struct without a sharding stands for what ``jnp.zeros`` makes: an array on the default device, not committed to
    it. One with a sharding stands for what ``jax.device_put`` makes.

    Raises:
        Refusal: REFS for a struct that stands for a reference, UNSUPPORTED_ARGUMENT for symbolic dimensions, and for
            memory that JAX tells from the device's in types of arrays, but not in those of structs.
    """
    if not issubclass(type(leaf), jax.ShapeDtypeStruct):
        return leaf
    if leaf.is_ref:
        raise Refusal(BypassReason.REFS, "argument", "mutable arrays are left to JAX")
    if not core.is_constant_shape(leaf.shape):
        detail = f"the shape {leaf.shape} has symbolic dimensions"
        raise Refusal(BypassReason.UNSUPPORTED_ARGUMENT, "argument", detail)
    aval = core.shaped_abstractify(leaf)
    committed = leaf.sharding is not None
    sharding = leaf.sharding if committed else make_single_device_sharding(pxla.get_default_device())
    if core.mem_kind_to_space(sharding.memory_kind) != aval.memory_space:
        detail = f"JAX traces a description in {sharding.memory_kind} memory as if it were on the device: give an array"
        raise Refusal(BypassReason.UNSUPPORTED_ARGUMENT, "argument", detail)
    return Absent(aval, sharding, committed, _layout(leaf.format.layout, aval, sharding))


def without_trace(leaf: Any) -> Any:
    """What stands for an argument leaf of an inner call: ``Absent`` for a tracer, everything else for itself."""
    return Absent(core.shaped_abstractify(leaf), None, False, None) if isinstance(leaf, core.Tracer) else leaf


def _layout(wanted: Any, aval: Any, sharding: Any) -> Any:
    """The layout of such an array as the device would report it."""
    default = default_layout(aval, sharding)
    if wanted is None or default is None:
        return wanted or default
    if wanted.tiling is None and default.tiling == ():  # not given, and the device has none
        return Layout(wanted.major_to_minor, (), wanted.sub_byte_element_size_in_bits)
    return wanted


def default_layout(aval: Any, sharding: Any) -> Any:
    """The layout that the device gives to such an array, or None where it does not say."""
    physical = core.physical_aval(aval)
    # Typed keys have more dimensions in memory than they show; those are not sharded.
    shard = (*sharding.shard_shape(aval.shape), *physical.shape[len(aval.shape) :])
    device = min(sharding.addressable_devices, key=lambda device: device.id, default=None)
    if device is None:
        return None
    try:
        return Layout.from_pjrt_layout(device.client.get_default_layout(physical.dtype, shard, device))
    except _jax.JaxRuntimeError:
        return None  # as for an array: not every plugin knows layouts
