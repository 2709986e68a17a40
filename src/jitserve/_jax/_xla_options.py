"""What XLA has made of ``XLA_FLAGS``: it reads them once, and later changes of the variable come to nothing."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet
from jaxlib import _jax

# Where they are in the serialised form of the options that a compilation begins with (``compile_options.proto``).
_BUILD_OPTIONS = 3
_DEBUG_OPTIONS = 3
# Of the options (``xla.proto``, whose numbers are never used again), those about what is written for people to read.
_INERT = frozenset(
    (
        *(9, 109, 110, 111, 112, 113, 114, 115, 116, 118, 131, 132, 144, 149, 151, 153, 154, 155, 164, 182, 185, 222),
        *(232, 290, 292, 381, 405, 433, 445, 454, 466, 495, 498, 502, 540),
    )
)


def xla_options() -> tuple[tuple[int, object], ...]:
    """Number and value of each option that can shape a program, as XLA has it in this process.

    Not before a backend has been started: whatever asks first makes XLA read the flags.
    """
    build_options = _part(_jax.CompileOptions().SerializeAsString(), _BUILD_OPTIONS)
    return tuple(field for field in _fields(_part(build_options, _DEBUG_OPTIONS)) if field[0] not in _INERT)


def _part(data: bytes, number: int) -> bytes:
    return b"".join(value for field, value in _fields(data) if field == number and isinstance(value, bytes))


def _fields(data: bytes) -> list[tuple[int, object]]:
    return [(field.field_number, field.data) for field in UnknownFieldSet(Empty.FromString(data))]
