"""Captured variables that a trace has bound anew, and properties that it has filled: a hit has to do so in its stead.

``optax.warmup_cosine_decay_schedule`` turns a captured integer into a float when it is first traced. A call that hits
leaves it as the trace would have, so that the next call finds the function in the state that it was stored for. Of a
``functools.cached_property`` nothing is stored but its name: the object is in the state that the trace met.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

from jitserve._errors import RecordError
from jitserve.record._plain import Unencodable
from jitserve.record._values import Scope, decode_value, encode_value
from jitserve.v1 import record_pb2 as pb

Rebindings = list[tuple[types.CellType, Any]]
Properties = list[tuple[object, str]]


def encode_rebindings(rebound: Iterable[tuple[int, int, object]], scope: Scope) -> list[pb.Rebinding]:
    """The messages of what was bound; none where a value has no safe encoding: all of it is done, or nothing.

    Args:
        rebound: number of the function in the walk, position of the cell in its closure, value.
        scope: of the call, by the walk that has these numbers.
    """
    try:
        return [
            pb.Rebinding(function=function, cell=cell, value=encode_value(value, scope, "captured variable"))
            for function, cell, value in rebound
        ]
    except Unencodable:
        return []


def decode_rebindings(messages: Iterable[pb.Rebinding], scope: Scope) -> Rebindings:
    """The cells of this process, each with what it is to hold.

    Raises:
        RecordError: there is no such cell.
    """
    return [(_cell(message, scope), decode_value(message.value, scope)) for message in messages]


def decode_filled(messages: Iterable[pb.Filled], scope: Scope) -> Properties:
    """The objects of this process, each with the name of a property that it is to have computed.

    Raises:
        RecordError: there is no such object.
    """
    objects = scope.walk.objects
    found = []
    for message in messages:
        if message.object >= len(objects):
            raise RecordError(f"the walk has no object {message.object} with a property {message.name!r}")
        found.append((objects[message.object], message.name))
    return found


def _cell(message: pb.Rebinding, scope: Scope) -> types.CellType:
    objects = scope.walk.objects
    function = objects[message.function] if message.function < len(objects) else None
    closure = (function.__closure__ or ()) if type(function) is types.FunctionType else ()
    if message.cell >= len(closure):
        raise RecordError(f"object {message.function} of the walk has no captured variable {message.cell}")
    return closure[message.cell]
