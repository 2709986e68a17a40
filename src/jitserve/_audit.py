"""The audit of a cold call: may its program be found by the call key from now on, and under which keys?"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitserve import _core, _jax, fingerprint
from jitserve._footprint import WHOLE, Footprint
from jitserve._key import CallKey, call_key, function_name
from jitserve._libraries import Digests, libraries
from jitserve._outcome import BypassReason, Refusal
from jitserve._program_key import encode_compilation, program_key
from jitserve._signals import pass_on
from jitserve._users import users_own
from jitserve.record._footprints import choose

if TYPE_CHECKING:
    from jitserve._session import Session


@dataclass(frozen=True, slots=True)
class Verdict:
    """A key that leads to the program, and what has to hold besides.

    Attributes:
        key: the key, by the footprint of the trace where that is possible.
        whole: the key by the walk that is not pruned.
        dependencies: what the trace read from outside of the walk, to be read again before every hit.
        bindings: what was bound inside the libraries, as a blob, to be compared before every hit.
        memos: those that the trace may have asked.
        rebound: captured variables that the trace has bound anew, by their numbers in the walk of ``key``.
        filled: properties that the trace has computed, by the numbers of their objects.
        left: where there are such, the digest of the key, by the walk that is not pruned, after the trace.
    """

    key: CallKey
    whole: CallKey
    dependencies: tuple[fingerprint.Dependency, ...]
    bindings: bytes
    memos: tuple[object, ...]
    rebound: tuple[tuple[int, int, object], ...] = ()
    filled: tuple[tuple[int, str], ...] = ()
    left: bytes = b""


class Audit:
    """Listens to the trace and the lowering of a call, and judges afterwards.

    Args:
        call: the call.
        key: its key, by a walk that is not pruned, computed before the trace.
        earlier: code that ran in earlier traces, of which this one may find parts in JAX's caches; by id.

    Attributes:
        ran: after the verdicts, the code that ran; None where a later trace must not rely on this one.
        changing: the functions of which every trace changes what they have captured.
    """

    def __init__(self, call: _jax.Call, key: CallKey, earlier: Mapping[int, types.CodeType] | None = None) -> None:
        self.ran: Mapping[int, types.CodeType] | None = None
        self.changing: Sequence[types.FunctionType] = ()
        self._call = call
        self._key = key
        self._before = fingerprint.Snapshot(key.walk)
        self._bindings = libraries.digests()
        self._settings = dict(_jax.config_states())
        self._state = fingerprint.process_state()
        self._recording = fingerprint.record(key.walk, earlier)

    def begin(self, base: types.FrameType) -> None:
        """Begins to listen to what happens on behalf of a frame; to be left as a context manager."""
        self._recording.begin(base)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        self._recording.__exit__(kind, error, traceback)

    @property
    def dependencies(self) -> tuple[fingerprint.Dependency, ...]:
        """What the trace read from outside of the walk."""
        return self._recording.dependencies

    def verdicts(self, session: Session, program: bytes, known: Sequence[Footprint] | None) -> list[Verdict]:
        """The keys that lead to the program: one, or two where the trace changed what it reads, and came to rest.

        Args:
            session: of this process.
            program: the key of the program that the trace gave.
            known: the footprints that calls of the function are stored under; None where nothing is to be pruned.

        Raises:
            Refusal: TRACE_SIDE_EFFECT, naming what changed, or LAZY_IMPORT; or what the recorder found that no key
                covers.
        """
        self._recording.verdict()
        self._check_settings(session)
        # In this order: what the pruned walk has seen is the state of the trace if the whole one still has that, too.
        pruned = self._pruned(self._recording, known)
        now = call_key(self._key.parts)
        if now.digest == self._key.digest:
            self.ran = self._recording.repeatable()
            return [_verdict(self._recording, pruned or now, now, self._bindings)]
        effect = self._before.side_effect()
        if effect is not None:
            self._recording.check_imports()
            advice = "it changed while the function was traced; pass it as an argument, or make it constant"
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, effect, advice)
        # The state before the trace is gone, so that no pruned walk can be made of it.
        first = _verdict(self._recording, self._key, self._key, self._bindings)
        rebound, filled = tuple(self._before.rebound()), tuple(self._before.filled())
        first = dataclasses.replace(first, rebound=rebound, filled=filled, left=now.digest if filled else b"")
        if self._before.is_filled_in() and not self._recording.coverage.is_introspective():
            return [first, _verdict(self._recording, pruned or now, now, self._bindings)]
        return [first, self._at_rest(session, now, program, known)]

    def repeatable(self, session: Session) -> Mapping[int, types.CodeType] | None:
        """The code that ran, where a later trace may rely on this one although it led to no program; None if not.

        Args:
            session: of this process.

        Raises:
            Refusal: as ``verdicts``.
        """
        self._recording.verdict()
        self._check_settings(session)
        unchanged = call_key(self._key.parts).digest == self._key.digest
        return self._recording.repeatable() if unchanged else None

    def _check_settings(self, session: Session) -> None:
        """A setting of JAX, or of the process, that the trace changed would not be changed by a hit."""
        now = dict(_jax.config_states())
        changed = [
            name for name, value in self._settings.items() if now.get(name) is not value and now.get(name) != value
        ]
        parts = zip(self._state, fingerprint.process_state(), strict=True)
        changed += [before[0] for before, after in parts if not _core.is_same(before, after)]
        if not changed and session.environment().changing()[-1] != self._key.parts.surroundings.ingredients[-1].digest:
            changed = ["process state"]  # an object in it, which is still that object
        if changed:
            advice = "the trace changed it; set it before the call, or within a context manager"
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, changed[0], advice)

    def _at_rest(self, session: Session, now: CallKey, program: bytes, known: Sequence[Footprint] | None) -> Verdict:
        """Traces once more, from what the first trace left behind: nothing may change, and the program be the same."""
        left_behind = fingerprint.Snapshot(now.walk)
        bindings = libraries.digests()
        recording = fingerprint.record(now.walk)
        try:
            again, differs = self._trace_again(session, recording)
            pruned = self._pruned(recording, known)
            rests = again == program and call_key(now.parts).digest == now.digest
        except BaseException:
            left_behind.put_back()
            raise
        if not rests:
            self.changing = left_behind.rebinding()
            left_behind.put_back()  # a counter of the user's has counted one trace, as it would without us
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, function_name(self._call), differs)
        recording.verdict()
        return _verdict(recording, pruned or now, now, bindings)

    def _trace_again(self, session: Session, recording: fingerprint.Recording) -> tuple[bytes, str]:
        """The program key that another trace gives, empty where it fails; and what to say if it is another one."""
        with _jax.own_context(object()), recording:
            try:
                lowered = _jax.trace(self._call).lower(quietly=True)  # the first one has warned
            except BaseException as error:  # noqa: BLE001 - plain JAX traces once: nobody is to meet it
                pass_on(error)
                users_own.forget()
                return b"", f"it raises {type(error).__name__} when it is traced again"
            again = program_key(session, lowered, encode_compilation(lowered))
            return again, "every trace changes what the function reads"

    def _patches(self) -> list[object]:
        """What somebody has put into JAX. It may run when XLA compiles, which nobody records."""
        return [value for label, value in self._key.roots if label.startswith("patched ")]

    def _pruned(self, recording: fingerprint.Recording, known: Sequence[Footprint] | None) -> CallKey | None:
        """The key by the footprint of a trace; None where pruning to that is not sound."""
        footprint = WHOLE if known is None else choose(list(known), recording.coverage.footprint(self._patches()))
        while footprint.functions is not None:
            try:
                key = call_key(self._key.parts, footprint)
            except Refusal:
                return None
            if recording.covered_by(key.walk):
                return key
            more = recording.coverage.leading_to_rest(key.walk) | footprint.functions
            if more == footprint.functions:
                return None
            footprint = Footprint(more, footprint.unread)
        return None


def _verdict(recording: fingerprint.Recording, key: CallKey, whole: CallKey, bindings: Digests) -> Verdict:
    return Verdict(key, whole, recording.dependencies, libraries.record(bindings), tuple(recording.asked()))
