"""Reading of stored messages: whatever is damaged, or of another schema, is an error that says so."""

from __future__ import annotations

from typing import Protocol, TypeVar

from jitserve._errors import RecordError

# Raised when the meaning of a stored message changes. It is part of every key: records of another schema are not found.
SCHEMA = 2


class _Message(Protocol):
    schema: int

    def ParseFromString(self, serialized: bytes, /) -> int: ...


M = TypeVar("M", bound=_Message)


def parse(message: M, payload: bytes, what: str) -> M:
    """Fills an empty message from stored bytes, and returns it.

    Args:
        message: an empty one of the type that is expected.
        payload: the bytes.
        what: they are, for the error.

    Raises:
        RecordError: they are something else, or of another schema.
    """
    try:
        message.ParseFromString(payload)
    except Exception as error:  # noqa: BLE001 - protobuf's DecodeError; its class differs between implementations
        raise RecordError(f"not a {what}: {error}") from None
    if message.schema != SCHEMA:
        raise RecordError(f"{what} of schema {message.schema}, this jitserve reads {SCHEMA}")
    return message
