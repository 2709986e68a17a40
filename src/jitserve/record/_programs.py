"""Programs: the parts of a compilation and of a calling convention to messages and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jitserve._jax import CompilationParts, ConventionParts
from jitserve.record import _places
from jitserve.record._avals import decode_aval, encode_aval
from jitserve.record._message import parse
from jitserve.record._plain import decode_plain, encode_plain
from jitserve.v1 import record_pb2 as pb


def encode_compilation(parts: CompilationParts) -> pb.Compilation:
    """Encodes what a later compilation needs. Raises Unencodable."""
    mesh = None if parts.context_mesh is None else _places.encode_mesh(parts.context_mesh)
    return pb.Compilation(
        in_avals=[encode_aval(aval) for aval in parts.in_avals],
        in_shardings=[_places.encode_sharding(sharding) for sharding in parts.in_shardings],
        in_layouts=[_places.encode_layout(layout) for layout in parts.in_layouts],
        out_avals=[encode_aval(aval) for aval in parts.out_avals],
        out_shardings=[_places.encode_sharding(sharding) for sharding in parts.out_shardings],
        out_layouts=[_places.encode_layout(layout) for layout in parts.out_layouts],
        tuple_args=parts.tuple_args,
        kept_args=parts.kept_args,
        committed=parts.committed,
        num_devices=parts.num_devices,
        intermediate_shardings=[_places.encode_sharding(sharding) for sharding in parts.intermediate_shardings],
        context_mesh=mesh,
        compiler_options=[
            pb.CompilerOption(name=name, value=encode_plain(value, name)) for name, value in parts.compiler_options
        ],
    )


def decode_compilation(program: pb.Program, devices: _places.Devices) -> CompilationParts:
    """The parts of a compilation, on the devices of this process. Raises RecordError."""
    message, convention = program.compilation, program.convention
    mesh = _places.decode_mesh(message.context_mesh, devices) if message.HasField("context_mesh") else None
    return CompilationParts(
        name=convention.name,
        platform=convention.platform,
        device_ids=tuple(convention.device_ids),
        in_avals=[decode_aval(aval, devices) for aval in message.in_avals],
        in_shardings=_shardings(message.in_shardings, devices),
        in_layouts=[_places.decode_layout(layout) for layout in message.in_layouts],
        out_avals=[decode_aval(aval, devices) for aval in message.out_avals],
        out_shardings=_shardings(message.out_shardings, devices),
        out_layouts=[_places.decode_layout(layout) for layout in message.out_layouts],
        tuple_args=message.tuple_args,
        kept_args=tuple(message.kept_args),
        committed=message.committed,
        num_devices=message.num_devices,
        intermediate_shardings=_shardings(message.intermediate_shardings, devices),
        context_mesh=mesh,
        compiler_options=tuple((option.name, decode_plain(option.value)) for option in message.compiler_options),
    )


def encode_convention(parts: ConventionParts) -> pb.Convention:
    """Encodes a calling convention. Raises Unencodable."""
    return pb.Convention(
        name=parts.name,
        platform=parts.platform,
        device_ids=parts.device_ids,
        in_avals=[encode_aval(aval) for aval in parts.in_avals],
        in_shardings=[_places.encode_sharding(sharding) for sharding in parts.in_shardings],
        in_layouts=[_places.encode_layout(layout) for layout in parts.in_layouts],
        out_avals=[encode_aval(aval) for aval in parts.out_avals],
        out_shardings=[_places.encode_sharding(sharding) for sharding in parts.out_shardings],
        out_layouts=[_places.encode_layout(layout) for layout in parts.out_layouts],
        committed=parts.committed,
        kept_args=parts.kept_args,
    )


def decode_convention(message: pb.Convention, devices: _places.Devices) -> ConventionParts:
    """The calling convention, on the devices of this process. Raises RecordError."""
    return ConventionParts(
        name=message.name,
        platform=message.platform,
        device_ids=tuple(message.device_ids),
        in_avals=[decode_aval(aval, devices) for aval in message.in_avals],
        in_shardings=_shardings(message.in_shardings, devices),
        in_layouts=[_places.decode_layout(layout) for layout in message.in_layouts],
        out_avals=[decode_aval(aval, devices) for aval in message.out_avals],
        out_shardings=_shardings(message.out_shardings, devices),
        out_layouts=[_places.decode_layout(layout) for layout in message.out_layouts],
        committed=message.committed,
        kept_args=tuple(message.kept_args),
    )


def _shardings(messages: Iterable[pb.Sharding], devices: _places.Devices) -> list[Any]:
    # Programs repeat a few shardings over hundreds of arguments: each is built once, which also keeps the identity
    # checks of JAX's dispatch fast.
    built: dict[bytes, Any] = {}
    shardings = []
    for message in messages:
        key = message.SerializeToString(deterministic=True)
        if key not in built:
            built[key] = _places.decode_sharding(message, devices)
        shardings.append(built[key])
    return shardings


def read_program(payload: bytes) -> pb.Program:
    """Parses a program record.

    Raises:
        RecordError: it is not one, or of another schema.
    """
    return parse(pb.Program(), payload, "program record")
