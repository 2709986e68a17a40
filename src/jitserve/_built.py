"""What the cold side of a call goes by, and what it has made."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jitserve import _core, _jax
from jitserve._outcome import Outcome, Refusal
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Mapping, Sequence

    from jitserve._footprint import Footprint
    from jitserve._key import CallKey
    from jitserve.store._tier import Lease


@dataclass(frozen=True, slots=True)
class Plan:
    """What the cold side of a call goes by.

    Attributes:
        key: the call key, of a walk that is not pruned; None for a call that was refused one. Its program is cached
            all the same.
        known: the footprints that calls of the function are stored under; None where nobody looks for footprints.
        generation: what the job's processes agreed to call the set of what they compile; empty for a local call.
    """

    key: CallKey | None
    known: Sequence[Footprint] | None
    generation: bytes = b""


@dataclass(slots=True)
class Build:
    """What a cold call came to, before it runs.

    Attributes:
        outcome: LOWERED_HIT where the executable came from the store, else MISS.
        refusal: why the direct index gets nothing; the call counts as a bypass then.
        call_key: the digest of the call key; empty for a call that was refused one.
        costs: seconds of each step.
        program_key: of the program; empty where the program may not be stored.
        program: the record to store, without its blobs; None where it is stored already.
        executable, stablehlo: the bytes of its blobs.
        later: takes the bytes of the executable on the writer's thread; None where they had to be taken before it runs.
        dispatched: set once the program runs, so that the writer does not keep it waiting.
        warnings: what lowering warned the user about.
        ingredients: the bytes of the record that explains the call keys; empty where it could not be made.
        manifests: the manifests to publish, by call key.
        bindings: blobs that the manifests depend on: what was bound inside the libraries.
        footprints: what they were pruned to, as a record to publish; empty where nobody looks for that.
        root_key: to publish the footprints under.
        ran: the code that ran while it was traced; None where a later trace must not rely on this one.
        refused: the manifest that says instead why there is none; empty where only this process should know.
        lease: of the program key, to be released when all is published.
        generation: the set of entries that this one is part of, where several processes compile together.
    """

    outcome: Outcome = Outcome.MISS
    refusal: Refusal | None = None
    call_key: bytes = b""
    costs: pb.Costs = field(default_factory=pb.Costs)
    program_key: bytes = b""
    program: pb.Program | None = None
    executable: bytes | None = None
    stablehlo: bytes = b""
    later: Callable[[], bytes] | None = None
    dispatched: threading.Event = field(default_factory=threading.Event)
    ingredients: bytes = b""
    manifests: dict[bytes, bytes] = field(default_factory=dict)
    bindings: list[bytes] = field(default_factory=list)
    footprints: bytes = b""
    root_key: bytes = b""
    ran: Mapping[int, types.CodeType] | None = None
    refused: bytes = b""
    warnings: list[_jax.Warned] = field(default_factory=list)
    lease: Lease | None = None
    generation: bytes = b""

    @property
    def stored_key(self) -> bytes:
        """What the program is stored under: executables of one set never stand in for those of another."""
        if not self.generation:
            return self.program_key
        tokens = _core.Tokens()
        tokens.begin("jitserve.program_of_generation", 2)
        tokens.digest_(self.program_key)
        tokens.bytes_(self.generation)
        return tokens.finish()
