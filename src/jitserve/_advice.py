"""What a user can do about each reason to stand aside."""

from __future__ import annotations

from jitserve._outcome import BypassReason as R

_VOUCH = "If its result depends on its arguments alone, vouch for it with jitserve.pure(version=...)"
_OUTSIDE = "Read it before the call and pass it as an argument"
_PART_OF_PROGRAM = "Such programs are left to JAX; split that part off into a function of its own"
_NOTHING = "Nothing needs to be done: the call runs through plain JAX"

_ADVICE = {
    R.NESTED_TRACE: "Nothing needs to be done: the call becomes part of the program that is being traced",
    R.DISABLE_JIT: "Turn jax_disable_jit off",
    R.DEBUG_MODE: "Turn the debugging mode off to use the cache",
    R.NO_EXECUTION: "Turn jax_no_execution and jax_check_tracer_leaks off to use the cache",
    R.UNSUPPORTED_CONTEXT: "Make the call outside that context to use the cache",
    R.UNSUPPORTED_ARGUMENT: "Pass arrays or numbers, or make the argument static",
    R.UNKNOWN_CONTEXT_VALUE: "Leave that context or setting at its default, or read the value outside and pass it in",
    R.MULTI_PROCESS: "Give an argument or an option of the jit a sharding over the job's devices, in every process",
    R.LEAKED_TRACER: "Return values from a traced function; do not store them in objects or globals",
    R.TOOLCHAIN_CHANGED: "Restart the process, so that it runs what is installed",
    R.HOST_CALLBACK: f"{_PART_OF_PROGRAM}, and remove debug prints and runtime checks",
    R.EFFECTS: _PART_OF_PROGRAM,
    R.REFS: "Pass arrays and return new ones, instead of mutable references",
    R.CLOSED_OVER_TRACER: "Pass the value as an argument",
    R.CUSTOM_CALL_UNKNOWN: "Import the library that registers the custom call before the first call",
    R.OUT_TREE_UNSERIALIZABLE: "Return tuples, dictionaries, or classes whose auxiliary data is plain",
    R.CONVENTION_UNSERIALIZABLE: "Use mesh axis names, shardings and layouts that are made of plain data",
    R.EXECUTABLE_UNSERIALIZABLE: _NOTHING,
    R.UNKNOWN_OBJECT: "Say what stands for such objects with jitserve.register_fingerprint(type, function), "
    "or pass what is needed of it as an argument",
    R.OBJECT_ARRAY: "Use a list or a tuple, or an array of numbers",
    R.LARGE_CAPTURED_CONST: "Pass the array as an argument; as a constant it bloats the program, too",
    R.STATIC_UNKNOWN: "Use plain data, dataclasses or functions as static arguments, or register a fingerprint",
    R.DYNAMIC_SCOPE: f"Name what it reads, or pass it in. {_VOUCH}",
    R.DYNAMIC_MODULE_ATTR: "Import the module and name the attribute in the code",
    R.OPAQUE_CALLABLE: _VOUCH,
    R.GENERATOR_STATE: "Make it a list or a tuple before the call",
    R.HASH_ORDER: "Sort it, or use a tuple or a dictionary",
    R.LAZY_IMPORT: "Import the module at the top of the file",
    R.ENV_READ_UNTRACKED: "Read the variable at import time into a constant, or pass it as an argument",
    R.FILE_READ_UNTRACKED: f"{_OUTSIDE}, or read it through jitserve.File, which puts its contents into the key",
    R.TIME_READ: _OUTSIDE,
    R.RNG_READ: f"Use jax.random. {_OUTSIDE}",
    R.ID_OR_HASH_READ: "Use names or numbers of your own to tell objects apart",
    R.LIB_STATE_NO_ADAPTER: "Please report the library; until then its calls run through plain JAX",
    R.WALK_TOO_LARGE: "Pass large structures as arguments instead of capturing them",
    R.TRACE_SIDE_EFFECT: "Do not change objects or globals while tracing; pass values in and return them",
    R.UNREACHED_CODE: f"Call functions by names that the code shows. {_VOUCH}",
    R.MEMO_PREWARMED: "Do not call the memoised function before the trace, or compute without a memo",
    R.RECORDER_UNAVAILABLE: "Another tool uses the interpreter's tracing; run without it to fill the cache",
    R.INCOMPLETE_RECORDING: "Run once without debuggers and profilers to fill the cache",
    R.ENTRY_QUARANTINED: "Run `jitserve check`; the next miss publishes the entry anew",
    R.STORE_DISABLED: "Unset JITSERVE_DISABLE, and set JITSERVE_DIR to a directory that you can write",
    R.UNSUPPORTED_JAX: "Install a version of JAX that this jitserve supports, or a newer jitserve",
}


# What to do about code of a library that nobody can name, or that it imports late, by the directory of its files.
_OF_LIBRARIES = {
    "/omegaconf/": "Resolve interpolations before: OmegaConf.to_container(cfg, resolve=True), outside of the function",
}
_OF_CODE = (R.UNREACHED_CODE, R.LAZY_IMPORT)


def advice_for(reason: R, where: str = "") -> str:
    """One sentence about what to do, without a full stop. ``where``: the path and the detail of the refusal."""
    known = _OF_LIBRARIES.items() if reason in _OF_CODE else ()
    return next((advice for place, advice in known if place in where), _ADVICE[reason])
