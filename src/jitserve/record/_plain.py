"""Plain values with their exact types: scalars, strings, and containers of them."""

from __future__ import annotations

from typing import Any

from jitserve._errors import RecordError
from jitserve.v1 import record_pb2 as pb


class Unencodable(Exception):
    """A value has no safe encoding. ``path`` says where it was met."""

    def __init__(self, path: str, value: object) -> None:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        super().__init__(f"{path or 'value'} is of type {kind}")
        self.path = path


def encode_scalar(value: object) -> pb.Value | None:
    """The encoding of a scalar of exactly a builtin type; None for everything else."""
    kind = type(value)
    if value is None:
        return pb.Value(none=True)
    if value is Ellipsis:
        return pb.Value(ellipsis=True)
    if isinstance(value, bool):
        return pb.Value(boolean=value)
    if isinstance(value, int) and kind is int:
        return pb.Value(integer=value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))
    if isinstance(value, float) and kind is float:
        return pb.Value(real=value)
    if isinstance(value, complex) and kind is complex:
        return pb.Value(complex=pb.Complex(real=value.real, imag=value.imag))
    if isinstance(value, str) and kind is str:
        return pb.Value(text=value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes) and kind is bytes:
        return pb.Value(data=value)
    return None


def encode_plain(value: Any, path: str = "") -> pb.Value:
    """Encodes scalars, and tuples of them.

    Raises:
        Unencodable: for everything else.
    """
    scalar = encode_scalar(value)
    if scalar is not None:
        return scalar
    if type(value) is tuple:
        items = [encode_plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
        return pb.Value(tuple=pb.Values(items=items))
    raise Unencodable(path, value)


def decode_plain(message: pb.Value) -> Any:
    """The value that ``encode_plain`` was given.

    Raises:
        RecordError: the message is of a kind that is not plain.
    """
    kind = message.WhichOneof("kind")
    if kind == "none":
        return None
    if kind == "ellipsis":
        return Ellipsis
    if kind == "integer":
        return int.from_bytes(message.integer, "little", signed=True)
    if kind == "text":
        return message.text.decode("utf-8", "surrogatepass")
    if kind == "complex":
        return complex(message.complex.real, message.complex.imag)
    if kind == "tuple":
        return tuple(decode_plain(item) for item in message.tuple.items)
    if kind in ("boolean", "real", "data"):
        return getattr(message, kind)
    raise RecordError(f"a value of kind {kind} stands where a plain one must")
