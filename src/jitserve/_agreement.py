"""How the processes of a distributed job decide the same: all load what they have stored, or all compile.

``docs/distributed.md`` says why it is safe. One *round* is held for every call that devices of several processes
take part in. What it comes to is one key of the job's key-value store, and whoever writes that key first has decided.
"""

from __future__ import annotations

import enum
import secrets
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from jitserve import _core, _jax
from jitserve._errors import AgreementError
from jitserve.record import _places
from jitserve.record._plain import Unencodable


class Verb(enum.Enum):
    """What all processes do with a call."""

    LOAD = "load"
    COMPILE = "compile"
    PLAIN = "plain"  # through plain JAX, as without jitserve


@dataclass(frozen=True, slots=True)
class Decision:
    """What a round came to.

    Attributes:
        verb: what to do.
        generation: the set of entries that is loaded, or that the compilation makes; empty for ``PLAIN``.
    """

    verb: Verb
    generation: bytes = b""

    def encode(self) -> str:
        return f"{self.verb.value}:{self.generation.hex()}"

    @classmethod
    def decode(cls, text: str) -> Decision:
        """The decision that ``encode`` wrote.

        Raises:
            AgreementError: another jitserve wrote it.
        """
        verb, _, generation = text.partition(":")
        try:
            return cls(Verb(verb), bytes.fromhex(generation))
        except ValueError:
            raise AgreementError(f"{text!r} is no decision of this jitserve") from None


@dataclass(frozen=True, slots=True)
class Ready:
    """What a process that can load brings to a round.

    Attributes:
        generation: of the entry that it has loaded.
        processes: that run the executable together.
    """

    generation: bytes
    processes: frozenset[int]


class Rounds:
    """Numbers the rounds of this process, and remembers whether the others come. A job initialised anew begins anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Any = None
        self._counts: Counter[bytes] = Counter()
        self._in_vain = 0

    def next(self, key_values: _jax.KeyValues, subject: bytes) -> str:
        """Where the next round on this subject is held, as a directory of the key-value store."""
        with self._lock:
            if self._client is not key_values.client:
                self._client, self._counts, self._in_vain = key_values.client, Counter(), 0
            self._counts[subject] += 1
            return f"jitserve/{subject.hex()}/{self._counts[subject]}"

    def wait_for(self, key_values: _jax.KeyValues, key: str, timeout_s: float) -> str | None:
        """The value of a key, or None after at most ``timeout_s`` seconds; sooner where earlier waits were in vain.

        A process that never takes part, for example because jitserve is turned off in it, must not cost the time-out
        for every function: all the waits in a row together take no longer than four thirds of it.
        """
        value = key_values.get(key, timeout_s / 4**self._in_vain)
        with self._lock:
            self._in_vain = self._in_vain + 1 if value is None else 0
        return value


# Of the process, not of its session: the others do not see when a session is replaced.
_rounds = Rounds()


def subject(call: _jax.Call, name: str, processes: frozenset[int]) -> bytes:
    """What the processes hold a round on: the same bytes in each of them, whatever else differs.

    It has no part of the fingerprint, so that a process whose fingerprint is refused, or another one, takes part.

    Args:
        call: the call.
        name: of the function.
        processes: that the call names.
    """
    tokens = _core.Tokens()
    tokens.begin("jitserve.round", 2 + len(call.leaves))
    tokens.str_(name)
    tokens.str_(",".join(map(str, sorted(processes))))
    memo: dict[int, str] = {}
    for leaf in call.leaves:
        aval, sharding = _jax.leaf_aval(leaf), _jax.leaf_placement(leaf)[0]
        tokens.str_(f"{aval.dtype}{list(aval.shape)}{aval.weak_type}")
        if id(sharding) not in memo:
            memo[id(sharding)] = _placement(sharding)
        tokens.str_(memo[id(sharding)])
    return tokens.finish()


def _placement(sharding: Any) -> str:
    """A global placement as text. A local one is none of the others' business: its device differs among processes."""
    if sharding is None or sharding.is_fully_addressable:
        return ""
    try:
        return _places.encode_sharding(sharding).SerializeToString(deterministic=True).hex()
    except Unencodable:
        return type(sharding).__name__


def decide(subject: bytes, vote: Ready | Verb, timeout_s: float) -> Decision:
    """Holds a round.

    Args:
        subject: what on.
        vote: ``Ready``, and the others are waited for; or else what all have to do because of this process.
        timeout_s: seconds to wait for the others.

    Returns:
        what every process does.

    Raises:
        AgreementError: the others cannot be reached, and no decision is known.
    """
    key_values = _jax.key_values()
    if key_values is None:
        raise AgreementError("this job was not started by jax.distributed")
    directory = _rounds.next(key_values, subject)
    try:
        return _hold(key_values, directory, vote, timeout_s)
    except AgreementError:
        # The others may have decided, for example because this process did not come in time: follow them if possible.
        text = key_values.get(f"{directory}/decision", 1.0)
        if text is None:
            raise
        return Decision.decode(text)


def _hold(key_values: _jax.KeyValues, directory: str, vote: Ready | Verb, timeout_s: float) -> Decision:
    key = f"{directory}/decision"
    text = None
    if isinstance(vote, Ready):
        proposal = _proposal(key_values, directory, vote)
        text = _rounds.wait_for(key_values, key, timeout_s) if proposal is None else None
        # Nobody has decided in time: from now on nobody can decide anything but this.
        proposal = proposal or _to(Verb.COMPILE)
    else:
        proposal = _to(vote)
    return Decision.decode(text or key_values.put_first(key, proposal.encode()))


def _proposal(key_values: _jax.KeyValues, directory: str, vote: Ready) -> Decision | None:
    """Reports that this process is ready. The last one to do so knows what is to be decided."""
    key_values.put_first(f"{directory}/ready/{_jax.process_index()}", vote.generation.hex())
    if key_values.count(f"{directory}/count") < len(vote.processes):
        return None
    ready = key_values.under(f"{directory}/ready")
    generations = {ready.get(str(process)) for process in vote.processes}
    if None in generations:
        return None  # the count was too high
    return Decision(Verb.LOAD, vote.generation) if len(generations) == 1 else _to(Verb.COMPILE)


def _to(verb: Verb) -> Decision:
    # Whoever compiles now, compiles one set: its entries are only ever loaded together.
    return Decision(verb, secrets.token_bytes(16) if verb is Verb.COMPILE else b"")
