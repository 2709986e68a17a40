"""The cold side of a call: trace, lower, find or compile the program, make ready what is to be published."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve import _core, _jax, _patience
from jitserve._audit import Audit, Verdict
from jitserve._built import Build, Plan
from jitserve._generation import generation_dependency
from jitserve._ingredients import ingredients_record
from jitserve._key import CallKey, function_name
from jitserve._libraries import bindings_dependency
from jitserve._lookup import load_executable, scope_of
from jitserve._outcome import BypassReason, Outcome, Refusal
from jitserve._program_key import encode_compilation, program_key
from jitserve._refused import refused_manifest
from jitserve._signals import pass_on
from jitserve.record import _programs, _trees
from jitserve.record._footprints import new_footprints
from jitserve.record._manifest import SCHEMA, new_manifest
from jitserve.record._plain import Unencodable
from jitserve.record._rebindings import encode_rebindings
from jitserve.store._tier import Kind
from jitserve.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitserve._footprint import Footprint
    from jitserve._session import Session
    from jitserve.store._tier import Store


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace that has just been made.

    Attributes:
        traced: the trace.
        seconds: that it took.
        audit: what listens to it; None where nothing is to be published under a call key.
        listening: to be left when the program is lowered: the audit has heard all then.
    """

    traced: _jax.Traced
    seconds: float
    audit: Audit | None
    listening: contextlib.ExitStack


def build(session: Session, store: Store, call: _jax.Call, plan: Plan, trace: Trace) -> Build:
    """Lowers and compiles a call that was traced. Afterwards the ordinary call finds everything in JAX's caches.

    Must run, together with the trace and the ordinary call, inside one ``_jax.own_context``, if there is a key.

    Raises:
        what XLA raises when it compiles.
    """
    key, audit = plan.key, trace.audit
    result = Build(call_key=b"" if key is None else key.digest, generation=plan.generation)
    result.costs.trace_s = trace.seconds
    try:
        with trace.listening:
            trace.traced.check()
            lowered = _lower(trace.traced, result)
        if lowered is not None:
            if len(lowered.processes()) > 1:
                _compile_together(session, lowered, result)
            else:
                result.generation = b""
                find_or_compile(session, store, lowered, result)
            if audit is not None and result.program_key:
                with session.guard("the audit of a trace"):
                    _make_manifests(session, call, audit, trace.traced, plan.known, result)
    except Refusal as refusal:
        result.refusal = refusal.without_frames()
        if audit is not None and not result.program_key:
            with session.guard("the note of a refusal"):
                result.refused = refused_manifest(refusal, audit.dependencies)
    except BaseException:
        release(result)
        raise
    if result.generation and not result.manifests:
        result.program = None  # one of a set is found through a manifest only
    return result


def _lower(traced: _jax.Traced, result: Build) -> _jax.Lowered | None:
    started = time.perf_counter()
    try:
        lowered = traced.lower()
    except Exception as error:  # noqa: BLE001
        pass_on(error)
        # The user's error, for example arguments on different devices. The ordinary call, for which the trace is
        # cached, meets it again and raises it with JAX's own words.
        return None
    result.costs.lower_s = time.perf_counter() - started
    result.warnings = lowered.warnings
    lowered.check()
    _jax.check_targets(lowered.targets())
    return lowered


def find_or_compile(session: Session, store: Store, lowered: _jax.Lowered, result: Build) -> None:
    """Takes the executable from the store, or compiles; exactly one process compiles a program at a time."""
    with session.guard("the program key"):
        compilation = encode_compilation(lowered)
        result.program_key = program_key(session, lowered, compilation)
    if not result.program_key or _adopt_stored(session, store, lowered, result):
        return
    with session.guard("the lease of a program"):
        result.lease = _patience.acquire(session, store, result.program_key, lowered.name)
    # Whoever held the lease may have published. Loading needs no lease: those who waited load side by side.
    if _is_published(session, store, result) and _adopt_stored(session, store, lowered, result):
        return
    _compile(session, lowered, compilation, result)


def _compile_together(session: Session, lowered: _jax.Lowered, result: Build) -> None:
    """Compiles a program that several processes run: no lease and no look into the store: all must do the same."""
    if not result.generation:
        detail = "it runs on devices of other processes, which neither its arguments nor its options name"
        raise Refusal(BypassReason.MULTI_PROCESS, "program", detail)
    compilation = encode_compilation(lowered)
    with session.guard("the program key"):
        result.program_key = program_key(session, lowered, compilation)
    _compile(session, lowered, compilation, result)


def _compile(session: Session, lowered: _jax.Lowered, compilation: pb.Compilation, result: Build) -> None:
    started = time.perf_counter()
    try:
        executable = lowered.compile()
    except BaseException:
        release(result)
        raise
    result.costs.compile_s = time.perf_counter() - started
    with session.guard("the record of a program"):
        result.stablehlo = lowered.stablehlo()
        result.program = _program(lowered, compilation, executable, result)


def release(result: Build) -> None:
    """Lets other processes compile the program."""
    if result.lease is not None:
        result.lease.release()


def _is_published(session: Session, store: Store, result: Build) -> bool:
    with session.guard("the lookup of a program"):
        if store.lookup(Kind.PROGRAM, result.program_key) is not None:
            release(result)
            return True
    return False


def _adopt_stored(session: Session, store: Store, lowered: _jax.Lowered, result: Build) -> bool:
    started = time.perf_counter()
    with session.guard("the lookup of a program"):
        found = load_executable(session, store, result.program_key)
        if found is not None:
            lowered.adopt(found.executable)
            result.costs.load_s = time.perf_counter() - started
            result.costs.compile_s = found.compile_s
            result.outcome = Outcome.LOWERED_HIT
            return True
    return False


def _program(lowered: _jax.Lowered, compilation: pb.Compilation, executable: object, result: Build) -> pb.Program:
    try:
        convention = _programs.encode_convention(_jax.convention_parts(executable))
    except Unencodable as error:
        raise Refusal(BypassReason.CONVENTION_UNSERIALIZABLE, error.path, str(error)) from None
    if _jax.serializes_later(executable, result.stablehlo):
        result.later = _jax.serializer(executable)
    else:
        with contextlib.suppress(Refusal):  # a program hit will compile it from its StableHLO
            result.executable = _jax.serialize(executable)
    return pb.Program(
        schema=SCHEMA,
        convention=convention,
        compilation=compilation,
        targets=lowered.targets(),
        compile_s=result.costs.compile_s,
    )


def _make_manifests(
    session: Session,
    call: _jax.Call,
    audit: Audit,
    traced: _jax.Traced,
    known: Sequence[Footprint] | None,
    result: Build,
) -> None:
    verdicts = audit.verdicts(session, result.program_key, known)
    result.ingredients = ingredients_record(session, call, verdicts[-1].key)
    keys = []
    for verdict in verdicts:
        key, variant = _variant(call, verdict, traced, result)
        keys.append(key)
        result.manifests[key.digest] = new_manifest(variant)
    # A lowering that is not made again warns of nothing: what its own would say, an entry has to have.
    result.ran = None if result.warnings else audit.ran
    if known is not None:
        result.root_key = keys[0].parts.root_key
        result.footprints = new_footprints(key.footprint for key in keys)


def _out_tree(verdict: Verdict, traced: _jax.Traced) -> tuple[CallKey, pb.Tree]:
    """The structure of the result, and the key whose walk its record refers to: the pruned one, if that has it all."""
    try:
        return verdict.key, _trees.encode_tree(traced.out_tree, scope_of(verdict.key))
    except Unencodable:
        pass
    try:
        return verdict.whole, _trees.encode_tree(traced.out_tree, scope_of(verdict.whole))
    except Unencodable as error:
        raise Refusal(BypassReason.OUT_TREE_UNSERIALIZABLE, error.path, str(error)) from None


def _variant(call: _jax.Call, verdict: Verdict, traced: _jax.Traced, result: Build) -> tuple[CallKey, pb.Variant]:
    key, out_tree = _out_tree(verdict, traced)
    dependencies = [
        pb.Dependency(kind=item.kind.value, name=item.name, digest=item.digest) for item in verdict.dependencies
    ]
    dependencies.append(bindings_dependency(verdict.bindings))
    result.bindings.append(verdict.bindings)
    if result.generation:
        dependencies.append(generation_dependency(result.generation))
    return key, pb.Variant(
        dependencies=dependencies,
        program_key=result.stored_key,
        out_tree=out_tree,
        costs=result.costs,
        ingredients=_blob(result.ingredients) if result.ingredients else None,
        function=function_name(call),
        warnings=[message for message, _ in result.warnings],
        warning_lines=[line for _, line in result.warnings],
        whole_key=verdict.whole.digest,
        memos=[_number(memo, key) for memo in verdict.memos],
        filled=[pb.Filled(object=number, name=name) for number, name in verdict.filled],
        left_key=verdict.left,
        rebindings=encode_rebindings(verdict.rebound, scope_of(verdict.key)),
    )


def _number(memo: object, key: CallKey) -> int:
    number = key.walk.index_of(memo)
    if number is None:
        detail = "a memo was replaced while the function was traced; replace it before"
        raise Refusal(BypassReason.TRACE_SIDE_EFFECT, key.walk.path_of(0), detail)
    return number


def _blob(data: bytes) -> pb.Blob:
    return pb.Blob(sha256=_core.sha256(data), size=len(data))
