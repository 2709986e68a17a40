"""Abstract values to messages and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitserve._errors import RecordError
from jitserve._jax import types as jt
from jitserve.record import _places
from jitserve.record._plain import Unencodable
from jitserve.v1 import record_pb2 as pb


def encode_aval(aval: Any) -> pb.Aval:
    """Encodes a shaped array: shape, element type, weak type, sharding and memory space.

    Raises:
        Unencodable: for other abstract values, arrays of a manual region, symbolic shapes, unknown element types.
    """
    if type(aval) is not jt.ShapedArray or not aval.manual_axis_type.empty or not jt.has_plain_layout(aval):
        raise Unencodable("abstract value", aval)
    name = jt.dtype_name(aval.dtype)
    if name is None or not all(type(size) is int for size in aval.shape):
        raise Unencodable(f"abstract value {aval}", aval.dtype)
    message = pb.Aval(shape=aval.shape, dtype=name, weak_type=bool(aval.weak_type), memory_space=aval.memory_space.name)
    if not aval.sharding.mesh.empty:
        message.sharding.CopyFrom(_places.encode_sharding(aval.sharding))
    return message


def plain_parts(aval: Any) -> tuple[tuple[int, ...], Any, bool, Any] | None:
    """Shape, element type, weak type and memory space of a shaped array that consists of nothing else; else None.

    ``encode_aval`` encodes shaped arrays of equal parts alike.
    """
    if type(aval) is not jt.ShapedArray or not aval.manual_axis_type.empty or not jt.has_plain_layout(aval):
        return None
    if not aval.sharding.mesh.empty or not isinstance(aval.dtype, np.dtype):
        return None
    shape = aval.shape
    return (shape, aval.dtype, aval.weak_type, aval.memory_space) if all(type(n) is int for n in shape) else None


def decode_aval(message: pb.Aval, devices: _places.Devices) -> Any:
    """The abstract value.

    Raises:
        RecordError: an element type that this process does not know.
    """
    try:
        dtype = jt.dtype_from_name(message.dtype)
    except (KeyError, TypeError) as error:
        raise RecordError(f"element type {message.dtype!r} is not known here: {error}") from None
    sharding = _places.decode_sharding(message.sharding, devices) if message.HasField("sharding") else None
    space = jt.MemorySpace[message.memory_space]
    return jt.make_aval(tuple(message.shape), dtype, message.weak_type, sharding, space)
