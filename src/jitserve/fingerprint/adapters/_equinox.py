"""Equinox: code that it writes for classes, and what it prepares for messages of errors."""

from __future__ import annotations

from jitserve._outcome import BypassReason

from ._harmless import Harmless

# Names of generated files: what is generated follows from the class alone, and the class is walked.
GENERATED = {
    "<generated_flatten_with_keys_": "takes a module apart, by the names of its fields",
    "<generated_flatten_": "takes a module apart, by the names of its fields",
    "<generated_unflatten_": "puts a module together, by the names of its fields",
}

HARMLESS = {
    "equinox._jit._call": Harmless(
        reason="a random name of this call, by which the message of a run-time error finds where to stop; and filters "
        "of the log and of warnings for as long as the call lasts",
        does=frozenset((BypassReason.RNG_READ, BypassReason.TRACE_SIDE_EFFECT)),
        variable="__equinox_jit_id__",
    ),
    "equinox._errors.branched_error_if_impl": Harmless(
        reason="the lines of the stack, for a message that a host callback shows; no program with one is stored",
        does=frozenset((BypassReason.FILE_READ_UNTRACKED,)),
        variable="stack",
    ),
}
