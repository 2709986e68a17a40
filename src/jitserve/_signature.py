"""The signature of a call: the abstract values and the placement of its dynamic leaves."""

from __future__ import annotations

from typing import Any

from jitserve import _core, _jax
from jitserve._jax import types as jt
from jitserve.record import _avals, _places
from jitserve.record._plain import Unencodable

from ._outcome import BypassReason, Refusal


def signature(leaves: list[Any], *, placed: bool = True) -> bytes:
    """The digest of the abstract values and the placement of the dynamic leaves, in order.

    Args:
        leaves: the dynamic leaves of a call.
        placed: False for the abstract values alone: that is what a trace can see.

    Raises:
        Refusal: UNSUPPORTED_ARGUMENT for a leaf whose abstract value or placement has no safe encoding.
    """
    tokens = _core.Tokens()
    tokens.begin("signature", len(leaves))
    encoder = _Encoder(placed)
    encoded: list[bytes] = []
    for position, first in enumerate(_jax.leaves_alike(leaves)):
        encoded.append(encoded[first] if 0 <= first < position else encoder.encode(position, leaves[position]))
    tokens.each_bytes(encoded)
    return tokens.finish()


class _Encoder:
    """Encodes the leaves of one call, each sort of them once."""

    __slots__ = ("_alive", "_known", "_placed")

    def __init__(self, placed: bool) -> None:
        self._placed = placed
        self._known: dict[Any, bytes] = {}
        self._alive: list[Any] = []  # whose ids are keys of ``_known``

    def encode(self, position: int, leaf: Any) -> bytes:
        aval = _jax.leaf_aval(leaf)
        sharding, committed, layout = _jax.leaf_placement(leaf) if self._placed else (None, False, None)
        single = type(sharding) is jt.SingleDeviceSharding
        key = (id(aval), sharding if single else id(sharding), committed, layout)
        encoded = self._known.get(key)
        if encoded is None:
            self._alive.append((aval, sharding))
            try:
                encoded = self._known[key] = _encode_once(aval, sharding, committed, layout)
            except Unencodable as error:
                raise Refusal(BypassReason.UNSUPPORTED_ARGUMENT, f"argument leaf {position}", str(error)) from None
        return encoded


_ENCODED = 4096
_encoded: dict[Any, bytes] = {}  # by the parts of leaves that have no others, which those of most calls are


def _encode_once(aval: Any, sharding: Any, committed: bool, layout: Any) -> bytes:
    # As bytes: equal shardings need not be encoded alike, and to keep one would keep the client of its device.
    placed = None if sharding is None else _places.sharding_bytes(sharding)
    parts = _avals.plain_parts(aval)
    if parts is None:
        return _encode(aval, placed, committed, layout)
    key = (parts, placed, committed, layout)
    encoded = _encoded.get(key)
    if encoded is None:
        if len(_encoded) >= _ENCODED:
            _encoded.clear()
        encoded = _encoded[key] = _encode(aval, placed, committed, layout)
    return encoded


def _encode(aval: Any, placed: bytes | None, committed: bool, layout: Any) -> bytes:
    tokens = _core.Tokens()
    tokens.bytes_(_avals.encode_aval(aval).SerializeToString(deterministic=True))
    tokens.bool_(placed is not None)
    if placed is not None:
        tokens.bytes_(placed)
    tokens.bytes_(_places.encode_layout(layout).SerializeToString(deterministic=True))
    tokens.bool_(committed)
    return tokens.finish()
