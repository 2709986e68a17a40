"""Where arrays live: meshes, partition specs, shardings and layouts, to messages and back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from jitserve._errors import RecordError
from jitserve._jax import types as jt
from jitserve.record._plain import Unencodable, decode_plain, encode_plain
from jitserve.v1 import record_pb2 as pb

Devices = Mapping[int, Any]


def encode_mesh(mesh: Any) -> pb.Mesh:
    """Encodes a concrete or abstract mesh: sizes, names, axis types and the devices in mesh order."""
    message = pb.Mesh(
        abstract=isinstance(mesh, jt.AbstractMesh),
        axis_sizes=mesh.axis_sizes,
        axis_names=[encode_plain(name, "mesh axis") for name in mesh.axis_names],
        axis_types=[kind.name for kind in mesh.axis_types],
    )
    if not message.abstract:
        message.device_ids.extend(device.id for device in mesh.devices.flat)
    elif mesh.abstract_device is not None:
        device = mesh.abstract_device
        kind = pb.AbstractDevice(device_kind=device.device_kind, num_cores=device.num_cores, platform=device.platform)
        message.abstract_device.CopyFrom(kind)
    return message


def decode_mesh(message: pb.Mesh, devices: Devices) -> Any:
    """The mesh, on the devices of this process."""
    names = tuple(decode_plain(name) for name in message.axis_names)
    types = tuple(jt.AxisType[kind] for kind in message.axis_types)
    if message.abstract:
        device = _decode_abstract_device(message.abstract_device) if message.HasField("abstract_device") else None
        return jt.AbstractMesh(tuple(message.axis_sizes), names, axis_types=types, abstract_device=device)
    array = np.empty(len(message.device_ids), dtype=object)
    array[:] = [device_of(devices, number) for number in message.device_ids]
    return jt.Mesh(array.reshape(tuple(message.axis_sizes)), names, axis_types=types)


def _decode_abstract_device(message: pb.AbstractDevice) -> Any:
    cores = message.num_cores if message.HasField("num_cores") else None
    return jt.AbstractDevice(device_kind=message.device_kind, num_cores=cores, platform=message.platform)


def encode_spec(spec: Any) -> pb.PartitionSpec:
    """Encodes a partition spec, unreduced and reduced axes included."""
    if not jt.has_plain_reduction(spec):
        raise Unencodable("partition spec", spec)
    return pb.PartitionSpec(
        entries=[_encode_entry(entry) for entry in spec.partitions],
        unreduced=[encode_plain(axis, "unreduced axis") for axis in sorted(spec.unreduced, key=str)],
        reduced=[encode_plain(axis, "reduced axis") for axis in sorted(spec.reduced, key=str)],
    )


def _encode_entry(entry: Any) -> pb.SpecEntry:
    if entry is None:
        return pb.SpecEntry(none=True)
    if entry is jt.PartitionSpec.UNCONSTRAINED:
        return pb.SpecEntry(unconstrained=True)
    if type(entry) is tuple:
        return pb.SpecEntry(axes=pb.Values(items=[encode_plain(axis, "spec axis") for axis in entry]))
    return pb.SpecEntry(axis=encode_plain(entry, "spec axis"))


def decode_spec(message: pb.PartitionSpec) -> Any:
    """The partition spec."""
    return jt.PartitionSpec(
        *(_decode_entry(entry) for entry in message.entries),
        unreduced=frozenset(decode_plain(axis) for axis in message.unreduced),
        reduced=frozenset(decode_plain(axis) for axis in message.reduced),
    )


def _decode_entry(entry: pb.SpecEntry) -> Any:
    kind = entry.WhichOneof("kind")
    if kind == "none":
        return None
    if kind == "unconstrained":
        return jt.PartitionSpec.UNCONSTRAINED
    if kind == "axes":
        return tuple(decode_plain(axis) for axis in entry.axes.items)
    return decode_plain(entry.axis)


def sharding_bytes(sharding: Any) -> bytes:
    """``encode_sharding``, serialised. Made once for all arrays on a single device, as most are."""
    if not _is_single(sharding) or not jt.is_bare(sharding):
        return encode_sharding(sharding).SerializeToString(deterministic=True)
    return _single_device_bytes(sharding._device_assignment[0].id, sharding.memory_kind)


@functools.lru_cache(1024)
def _single_device_bytes(device_id: int, memory_kind: str | None) -> bytes:
    return _single_device(device_id, memory_kind).SerializeToString(deterministic=True)


def _single_device(device_id: int, memory_kind: str | None) -> pb.Sharding:
    return pb.Sharding(single_device=pb.SingleDevice(device_id=device_id, memory_kind=memory_kind))


def _is_single(sharding: Any) -> bool:
    return type(sharding) is jt.SingleDeviceSharding and not getattr(sharding, "_device_backend", False)


def encode_sharding(sharding: Any) -> pb.Sharding:
    """Encodes an unspecified, single-device, named or GSPMD sharding."""
    if isinstance(sharding, jt.UnspecifiedValue):
        return pb.Sharding(unspecified=True)
    if not jt.is_bare(sharding):
        raise Unencodable("sharding", sharding)
    if _is_single(sharding):
        return _single_device(sharding._device_assignment[0].id, sharding.memory_kind)
    if type(sharding) is jt.NamedSharding:
        return pb.Sharding(named=_encode_named(sharding))
    if type(sharding) is jt.GSPMDSharding:
        assignment: Any = sharding._device_assignment
        ids = [device.id for device in assignment]
        proto = sharding._hlo_sharding.to_proto().SerializeToString()
        return pb.Sharding(gspmd=pb.Gspmd(device_ids=ids, op_sharding=proto, memory_kind=sharding.memory_kind))
    raise Unencodable("sharding", sharding)


def _encode_named(sharding: Any) -> pb.Named:
    logical = sharding._logical_device_ids
    return pb.Named(
        mesh=encode_mesh(sharding.mesh),
        spec=encode_spec(sharding.spec),
        memory_kind=sharding.memory_kind,
        has_logical_device_ids=logical is not None,
        logical_device_ids=logical or (),
    )


def decode_sharding(message: pb.Sharding, devices: Devices) -> Any:
    """The sharding, on the devices of this process."""
    kind = message.WhichOneof("kind")
    if kind == "unspecified":
        return jt.UNSPECIFIED
    if kind == "single_device":
        device = device_of(devices, message.single_device.device_id)
        return jt.SingleDeviceSharding(device, memory_kind=_memory_kind(message.single_device))
    if kind == "named":
        named = message.named
        logical = tuple(named.logical_device_ids) if named.has_logical_device_ids else None
        mesh, spec = decode_mesh(named.mesh, devices), decode_spec(named.spec)
        return jt.NamedSharding(mesh, spec, memory_kind=_memory_kind(named), _logical_device_ids=logical)
    if kind == "gspmd":
        proto = jt.OpSharding()
        proto.ParseFromString(message.gspmd.op_sharding)
        found = tuple(device_of(devices, number) for number in message.gspmd.device_ids)
        return jt.GSPMDSharding(found, jt.HloSharding.from_proto(proto), memory_kind=_memory_kind(message.gspmd))
    raise RecordError("a sharding of no known kind")


def _memory_kind(message: Any) -> str | None:
    return message.memory_kind if message.HasField("memory_kind") else None


def encode_layout(layout: Any) -> pb.Layout:
    """Encodes a layout, ``None`` (default) or ``AUTO``."""
    if layout is None:
        return pb.Layout(none=True)
    if layout is jt.AutoLayout:
        return pb.Layout(automatic=True)
    if type(layout) is not jt.Layout:
        raise Unencodable("layout", layout)
    tiling = layout.tiling
    concrete = pb.ConcreteLayout(
        major_to_minor=layout.major_to_minor,
        has_tiling=tiling is not None,
        tiling=[pb.Tile(dims=tile) for tile in tiling or ()],
        sub_byte_element_size_in_bits=layout.sub_byte_element_size_in_bits,
    )
    return pb.Layout(concrete=concrete)


def decode_layout(message: pb.Layout) -> Any:
    """The layout."""
    kind = message.WhichOneof("kind")
    if kind == "none":
        return None
    if kind == "automatic":
        return jt.AutoLayout
    concrete = message.concrete
    tiling = tuple(tuple(tile.dims) for tile in concrete.tiling) if concrete.has_tiling else None
    return jt.Layout(tuple(concrete.major_to_minor), tiling, concrete.sub_byte_element_size_in_bits)


def device_of(devices: Devices, number: int) -> Any:
    """The device of that id. Raises RecordError where this process has none."""
    try:
        return devices[number]
    except KeyError:
        raise RecordError(f"device {number} is not here (there are {sorted(devices)})") from None
