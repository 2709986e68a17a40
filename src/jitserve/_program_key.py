"""The program key: what XLA is given to compile, digested after lowering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitserve import _core, _jax
from jitserve._outcome import BypassReason, Refusal
from jitserve.record import _programs
from jitserve.record._manifest import SCHEMA
from jitserve.record._plain import Unencodable
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session


def encode_compilation(lowered: _jax.Lowered) -> pb.Compilation:
    """What a later compilation of the same program needs besides its StableHLO.

    Raises:
        Refusal: CONVENTION_UNSERIALIZABLE, naming the part that has no encoding.
    """
    try:
        return _programs.encode_compilation(lowered.parts())
    except Unencodable as error:
        raise Refusal(BypassReason.CONVENTION_UNSERIALIZABLE, error.path, str(error)) from None


def program_key(session: Session, lowered: _jax.Lowered, compilation: pb.Compilation) -> bytes:
    """32 bytes over the StableHLO without locations, the compile options, the devices and the environment."""
    parts = lowered.parts()
    tokens = _core.Tokens()
    tokens.begin("jitserve.program", 7)
    tokens.int_(SCHEMA)
    tokens.bytes_(lowered.canonical_stablehlo())
    tokens.bytes_(compilation.SerializeToString(deterministic=True))
    tokens.str_(parts.name)
    tokens.str_(parts.platform)
    tokens.str_(",".join(map(str, parts.device_ids)))
    tokens.digest_(session.environment().now().digest)
    return tokens.finish()
