"""The exception tree of jitserve, and nothing else.

No exception of this tree ever reaches a caller of a jitted function (but ``WrongHitError``, for those who ask for it):
a fault in the cache is counted and the call goes on through plain JAX. They are raised by the command line, by
``jitserve.configure`` and among our own modules.
"""

from __future__ import annotations


class JitserveError(Exception):
    """Base of everything that jitserve raises by itself."""


class SettingsError(JitserveError):
    """A setting (environment variable or argument of ``configure``) has a value that cannot be used.

    Args:
        message: what is wrong with it.
        variable: the environment variable or the argument that holds it; empty where it is neither.
    """

    def __init__(self, message: str, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class StoreFault(JitserveError):
    """A tier could not do its work. Never a miss: the caller goes on without the cache and counts ``kind``.

    Args:
        kind: metric label, snake_case, for example ``corrupt_blob`` or ``no_space``.
        message: what happened, with the path or address concerned.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class RecordError(JitserveError):
    """A stored record cannot be rebuilt in this process (unknown class, missing device, foreign schema)."""


class WrongHitError(JitserveError):
    """Verify mode found a direct hit that a trace contradicts, and ``JITSERVE_STRICT`` is on. Please report it."""


class AgreementError(JitserveError):
    """The processes of a distributed job cannot reach one another through the job's coordinator."""
