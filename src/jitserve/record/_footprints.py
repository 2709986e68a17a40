"""Footprints: under which of them the calls of a function are stored. Free of JAX: the daemon merges them too."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from jitserve._errors import RecordError
from jitserve._footprint import WHOLE, Footprint
from jitserve.record._message import SCHEMA, parse
from jitserve.v1 import record_pb2 as pb

# Each one that does not match costs a lookup a walk. Beyond them, calls share one that fits them all.
MAX_FOOTPRINTS = 8


def encode_footprint(footprint: Footprint) -> pb.Footprint:
    """The message of one footprint."""
    if footprint.functions is None:
        return pb.Footprint(whole=True)
    return pb.Footprint(functions=sorted(footprint.functions), unread=sorted(footprint.unread))


def decode_footprint(message: pb.Footprint) -> Footprint:
    """The footprint of a message."""
    return WHOLE if message.whole else Footprint(frozenset(message.functions), frozenset(message.unread))


def new_footprints(footprints: Iterable[Footprint]) -> bytes:
    """A record of footprints, oldest first."""
    message = pb.Footprints(schema=SCHEMA, footprints=map(encode_footprint, footprints))
    return message.SerializeToString(deterministic=True)


def read_footprints(payload: bytes) -> list[Footprint]:
    """Parses a record of footprints, oldest first.

    Raises:
        RecordError: it is not one, or of another schema.
    """
    message = parse(pb.Footprints(), payload, "record of footprints")
    return list(map(decode_footprint, message.footprints))


def merge(old: bytes | None, new: bytes) -> bytes:
    """What to store when ``new`` is published and ``old`` is there: both, at most ``MAX_FOOTPRINTS``, the newest.

    An ``old`` that cannot be read is replaced.
    """
    incoming = read_footprints(new)
    if old is None:
        return new
    try:
        known = read_footprints(old)
    except RecordError:
        return new
    added = [footprint for footprint in incoming if footprint not in known]
    return new_footprints((known + added)[-MAX_FOOTPRINTS:]) if added else old


def choose(known: list[Footprint], ran: Footprint) -> Footprint:
    """The footprint to publish a trace under.

    Args:
        known: those that the function's calls are stored under, oldest first.
        ran: that of the trace itself.

    Returns:
        ``ran`` where there is room for it. A function whose calls run ever other code, for example a helper for each of
        a hundred modes, comes to rest at one footprint that has them all.
    """
    if ran in known or len(known) < MAX_FOOTPRINTS or ran.functions is None:
        return ran
    wide = [one for one in known if one.functions is not None and _fits(one, ran)]
    return min(wide, key=_size) if wide else functools.reduce(_both, known, ran)


def _fits(one: Footprint, ran: Footprint) -> bool:
    """Whether a walk that is pruned to one footprint has what a trace of another one ran and read."""
    return one.functions is not None and one.functions >= (ran.functions or frozenset()) and one.unread <= ran.unread


def _size(footprint: Footprint) -> tuple[int, int]:
    return len(footprint.functions or ()), -len(footprint.unread)


def _both(one: Footprint, other: Footprint) -> Footprint:
    """The footprint of what either ran and read, where it is one."""
    if one.functions is None or other.functions is None:
        return other if one.functions is None else one
    return Footprint(one.functions | other.functions, one.unread & other.unread)
