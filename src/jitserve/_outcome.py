"""What can become of one call: the outcomes, and the reasons to stand aside. The values are the metric labels."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """What became of one lookup (``docs/terms.md``). A fault is never counted as a miss."""

    DIRECT_HIT = "direct_hit"
    PROGRAM_HIT = "program_hit"
    LOWERED_HIT = "lowered_hit"
    MISS = "miss"
    BYPASS = "bypass"
    FAULT = "fault"


class BypassReason(enum.Enum):
    """Why jitserve stood aside by rule. The call itself always runs, through plain JAX."""

    # How the call is made.
    NESTED_TRACE = "nested_trace"
    DISABLE_JIT = "disable_jit"
    DEBUG_MODE = "debug_mode"
    NO_EXECUTION = "no_execution"
    UNSUPPORTED_CONTEXT = "unsupported_context"
    UNSUPPORTED_ARGUMENT = "unsupported_argument"
    UNKNOWN_CONTEXT_VALUE = "unknown_context_value"
    MULTI_PROCESS = "multi_process"
    LEAKED_TRACER = "leaked_tracer"
    TOOLCHAIN_CHANGED = "toolchain_changed"
    # What the program is.
    HOST_CALLBACK = "host_callback"
    EFFECTS = "effects"
    REFS = "refs"
    CLOSED_OVER_TRACER = "closed_over_tracer"
    CUSTOM_CALL_UNKNOWN = "custom_call_unknown"
    OUT_TREE_UNSERIALIZABLE = "out_tree_unserializable"
    CONVENTION_UNSERIALIZABLE = "convention_unserializable"
    EXECUTABLE_UNSERIALIZABLE = "executable_unserializable"
    # What the function is (fingerprint).
    UNKNOWN_OBJECT = "unknown_object"
    OBJECT_ARRAY = "object_array"
    LARGE_CAPTURED_CONST = "large_captured_const"
    STATIC_UNKNOWN = "static_unknown"
    DYNAMIC_SCOPE = "dynamic_scope"
    DYNAMIC_MODULE_ATTR = "dynamic_module_attr"
    OPAQUE_CALLABLE = "opaque_callable"
    GENERATOR_STATE = "generator_state"
    HASH_ORDER = "hash_order"
    LAZY_IMPORT = "lazy_import"
    ENV_READ_UNTRACKED = "env_read_untracked"
    FILE_READ_UNTRACKED = "file_read_untracked"
    TIME_READ = "time_read"
    RNG_READ = "rng_read"
    ID_OR_HASH_READ = "id_or_hash_read"
    LIB_STATE_NO_ADAPTER = "lib_state_no_adapter"
    WALK_TOO_LARGE = "walk_too_large"
    # What the cold side saw (recorder).
    TRACE_SIDE_EFFECT = "trace_side_effect"
    UNREACHED_CODE = "unreached_code"
    MEMO_PREWARMED = "memo_prewarmed"
    RECORDER_UNAVAILABLE = "recorder_unavailable"
    INCOMPLETE_RECORDING = "incomplete_recording"
    # What the store says.
    ENTRY_QUARANTINED = "entry_quarantined"
    STORE_DISABLED = "store_disabled"
    UNSUPPORTED_JAX = "unsupported_jax"


class Refusal(Exception):
    """jitserve stands aside: not an error, and never seen by the user's call.

    Args:
        reason: the rule.
        path: access path from the root to the object concerned, for example ``train_step.__closure__['model'].cfg``.
        detail: what was found there, and what the user can do about it.
    """

    def __init__(self, reason: BypassReason, path: str = "", detail: str = "") -> None:
        super().__init__(f"{reason.value} at {path or '<call>'}: {detail}")
        self.reason = reason
        self.path = path
        self.detail = detail
        self.place = ""  # file:line of the function concerned, where the walk knows it

    def without_frames(self) -> Refusal:
        """The same, without what it holds on to: frames would keep the user's objects alive."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self
