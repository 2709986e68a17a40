"""From a key to a loaded executable: manifest, variant, program, blob (steps 4 to 7 of ``docs/architecture.md``)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitserve import _jax, fingerprint
from jitserve._errors import RecordError
from jitserve._key import CallKey
from jitserve._libraries import KIND as BINDINGS
from jitserve._libraries import Bound, libraries
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._repair import republish
from jitserve.record import _programs, _trees
from jitserve.record._manifest import read_manifest
from jitserve.record._rebindings import Properties, Rebindings, decode_filled, decode_rebindings
from jitserve.record._values import Scope
from jitserve.store._tier import Digest, Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Store


@dataclass(frozen=True, slots=True)
class Loaded:
    """An executable that is ready to be called.

    Attributes:
        executable: JAX's ``MeshExecutable``.
        outcome: how it came to be.
        compile_s: seconds that compiling it takes: spared by a direct hit, spent by a program hit.
    """

    executable: Any
    outcome: Outcome
    compile_s: float


@dataclass(frozen=True, slots=True)
class Direct:
    """What a call key led to: a loaded executable and the structure of the call's result. Times in seconds.

    ``warnings`` are those that lowering gave the user of the process that published, ``rebindings`` what its trace did
    to captured variables, ``filled`` the properties that it has computed.
    """

    loaded: Loaded
    out_tree: Any
    load_s: float
    saved_s: float
    warnings: list[_jax.Warned]
    rebindings: Rebindings
    filled: Properties
    variant: pb.Variant

    @property
    def program_key(self) -> bytes:
        """The key of the program that was loaded."""
        return self.variant.program_key


def look_up(session: Session, store: Store, key: CallKey) -> Direct | None:
    """Looks a call key up and loads what it leads to; None for a miss. What breaks on the way is counted.

    Raises:
        Refusal: MEMO_PREWARMED, there is an entry, and a trace would be answered from what a memo remembers.
    """
    try:
        with session.guard("the lookup"):
            return _look_up(session, store, key)
    except Refusal as refusal:
        if refusal.reason is BypassReason.MEMO_PREWARMED:
            raise
        # This process lacks something that the program needs; the cold side finds out and says so.
    return None


def _look_up(session: Session, store: Store, key: CallKey) -> Direct | None:
    started = time.perf_counter()
    payload = store.lookup(Kind.MANIFEST, key.digest)
    if payload is None:
        return None
    for variant in read_manifest(payload).variants:
        if not all(holds(store, item, key.parts.bound) for item in variant.dependencies):
            continue
        refused = prewarmed(key, variant)
        if refused is not None:
            raise refused
        found = load_program(session, store, variant.program_key)
        if found is not None:
            return direct_of(key, variant, found, started)
    return None


def direct_of(key: CallKey, variant: pb.Variant, found: Loaded, started: float) -> Direct:
    """What the call needs besides the executable. ``started``: ``time.perf_counter()`` when the lookup began."""
    scope = scope_of(key)
    out_tree = _trees.decode_tree(variant.out_tree, scope)
    rebindings = decode_rebindings(variant.rebindings, scope)
    filled = decode_filled(variant.filled, scope)
    saved_s = variant.costs.trace_s + variant.costs.lower_s + found.compile_s
    load_s = time.perf_counter() - started
    return Direct(found, out_tree, load_s, saved_s - load_s, _warned(variant), rebindings, filled, variant)


def _warned(variant: pb.Variant) -> list[_jax.Warned]:
    lines = variant.warning_lines or [1] * len(variant.warnings)  # older entries have none
    return list(zip(variant.warnings, lines, strict=True))


def prewarmed(key: CallKey, variant: pb.Variant) -> Refusal | None:
    """Why an entry does not do for a call: a memo that its trace may have asked is filled here; None where none is.

    Raises:
        RecordError: the walk of the call has no such memo.
    """
    try:
        refusals = [fingerprint.prewarmed(key.walk, number) for number in variant.memos]
    except IndexError as error:
        raise RecordError(f"the memos of an entry: {error}") from None
    return next(filter(None, refusals), None)


def holds(store: Store, item: pb.Dependency, bound: Bound | None = None) -> bool:
    """Whether what the trace read from outside would be read again. False for kinds of a later jitserve.

    Args:
        store: holds records of what was read.
        item: what was read.
        bound: what is bound inside the libraries of this process; None: what is bound there now.

    Raises:
        StoreFault, RecordError: a record of what was read is damaged.
    """
    if item.kind == BINDINGS:
        return not libraries.changed(store, item, bound or libraries.bound())
    try:
        kind = fingerprint.DependencyKind(item.kind)
    except ValueError:
        return False
    return fingerprint.Dependency(kind, item.name, item.digest).holds()


def scope_of(key: CallKey) -> Scope:
    """What values of this call's record are encoded and decoded against."""
    digests: dict[int, tuple[type, bytes]] = {}  # with the class, so that its id stays its own

    def class_digest(cls: type) -> bytes:
        if id(cls) not in digests:
            digests[id(cls)] = cls, fingerprint.walk(cls, deferred=True).digest
        return digests[id(cls)][1]

    return Scope(walk=key.walk, class_digest=class_digest, devices=_jax.devices_by_id(None))


def load_program(session: Session, store: Store, program_key: bytes) -> Loaded | None:
    """Loads the program of that key: deserialised, or else compiled from its StableHLO. None where it is not stored.

    Raises:
        Refusal: this process cannot provide what the program calls.
        StoreFault, RecordError: something is damaged.
    """
    program = _read(store, program_key)
    if program is None:
        return None
    return _load(session, store, program_key, program) or _compile_again(session, store, program_key, program)


def load_executable(session: Session, store: Store, program_key: bytes) -> Loaded | None:
    """Loads the executable of a program; None where none is stored, or none that loads. Raises as ``load_program``."""
    program = _read(store, program_key)
    return None if program is None else _load(session, store, program_key, program)


def _read(store: Store, program_key: bytes) -> pb.Program | None:
    payload = store.lookup(Kind.PROGRAM, program_key)
    if payload is None:
        return None
    program = _programs.read_program(payload)
    _jax.ensure_targets(list(program.targets), program.convention.platform)
    return program


def _load(session: Session, store: Store, program_key: bytes, program: pb.Program) -> Loaded | None:
    if not program.HasField("executable"):
        return None
    with session.guard("loading an executable"):
        return Loaded(_deserialize(store, program), Outcome.DIRECT_HIT, program.compile_s)
    with session.guard("setting a program aside"):
        store.quarantine(Kind.PROGRAM, program_key, "the executable does not load")
    return None


def _compile_again(session: Session, store: Store, program_key: bytes, program: pb.Program) -> Loaded:
    started = time.perf_counter()
    executable = _compile_stored(store, program)
    # As long as it took now it would have taken without us: no second of it is counted as saved, or as lost.
    compile_s = time.perf_counter() - started
    if program.HasField("executable"):
        republish(session, store, program_key, program, executable)
    return Loaded(executable, Outcome.PROGRAM_HIT, compile_s)


def _deserialize(store: Store, program: pb.Program) -> Any:
    devices, client = _devices(program)
    parts = _programs.decode_convention(program.convention, devices)
    data = store.fetch(Digest(program.executable.sha256, program.executable.size))
    return _jax.deserialize(bytes(data), parts, [devices[number] for number in parts.device_ids], client)


def _compile_stored(store: Store, program: pb.Program) -> Any:
    devices, client = _devices(program)
    parts = _programs.decode_compilation(program, devices)
    data = store.fetch(Digest(program.stablehlo.sha256, program.stablehlo.size))
    return _jax.compile_stored(bytes(data), parts, [devices[number] for number in parts.device_ids], client)


def _devices(program: pb.Program) -> tuple[dict[int, Any], Any]:
    platform = program.convention.platform
    return _jax.devices_by_id(platform), _jax.client_of(platform)
