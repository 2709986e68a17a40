"""The audit of a cold call: may its program be found by the call key from now on, and under which keys?"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from jitserve import _jax, fingerprint
from jitserve._key import CallKey, function_name, key_now
from jitserve._outcome import BypassReason, Refusal
from jitserve._program_key import encode_compilation, program_key

if TYPE_CHECKING:
    from jitserve._session import Session


class Audit:
    """Listens to the trace and the lowering of a call, as a context manager, and judges afterwards.

    Args:
        call: the call.
        key: its key, computed before the trace.
    """

    def __init__(self, call: _jax.Call, key: CallKey) -> None:
        self._call = call
        self._key = key
        self._before = fingerprint.Snapshot(key.walk)
        self._settings = _settings()
        self._recording = fingerprint.record(key.walk)

    def __enter__(self) -> Audit:
        self._recording.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._recording.__exit__(kind, error, traceback)

    @property
    def dependencies(self) -> tuple[fingerprint.Dependency, ...]:
        """What the trace read from outside of the walk, to be read again before every hit."""
        return self._recording.dependencies

    def keys(self, session: Session, program: bytes) -> list[CallKey]:
        """The call keys that lead to the program: one, or two where the trace changed what it reads, and came to rest.

        Args:
            session: of this process.
            program: the key of the program that the trace gave.

        Raises:
            Refusal: TRACE_SIDE_EFFECT, naming what changed; or what the recorder found that no key covers.
        """
        self._recording.verdict()
        self._check_settings()
        now = key_now(self._call, self._key)
        if now.digest == self._key.digest:
            return [self._key]
        effect = self._before.side_effect()
        if effect is not None:
            advice = "it changed while the function was traced; pass it as an argument, or make it constant"
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, effect, advice)
        self._check_rest(session, now, program)
        return [self._key, now]

    def _check_settings(self) -> None:
        """A setting of JAX, or of the process, that the trace changed would not be changed by a hit."""
        now = _settings()
        for name, value in self._settings.items():
            if now.get(name) is not value and now.get(name) != value:
                advice = "the trace changed it; set it before the call, or within a context manager"
                raise Refusal(BypassReason.TRACE_SIDE_EFFECT, name, advice)

    def _check_rest(self, session: Session, now: CallKey, program: bytes) -> None:
        """Traces once more, from what the first trace left behind: nothing may change, and the program be the same."""
        left_behind = fingerprint.Snapshot(now.walk)
        with _jax.fresh_context(object()):
            lowered = _jax.Traced(self._call).lower()
            again = program_key(session, lowered, encode_compilation(lowered))
        if again != program or key_now(self._call, now).digest != now.digest:
            left_behind.put_back()  # a counter of the user's has counted one trace, as it would without us
            advice = "every trace changes what the function reads"
            raise Refusal(BypassReason.TRACE_SIDE_EFFECT, function_name(self._call), advice)


def _settings() -> dict[str, object]:
    return dict((*_jax.config_states(), *fingerprint.process_state()))
