"""The context that a trace runs in: configuration, trace context, and a user context of its own."""

from __future__ import annotations

import enum
import operator
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import jax
from jax._src import config, core, layout, mesh
from jaxlib import _jax

# Created on import: a user context that appears later would invalidate what this process has traced before.
_recording = jax.make_user_context(None)

# Part of the trace context that says nothing about the program: whether we are at top level is asked separately.
_STRUCTURAL = frozenset({"axis_env_state"})
# What a context is while nobody has entered one, where that is not nothing; JAX 0.10 has nothing there. That of Pallas
# is there only once somebody has imported Pallas.
_INITIAL: dict[str, object] = {
    "abstract_mesh_context_manager": getattr(mesh, "empty_abstract_mesh", None),
    "layout_tracing_mode": getattr(getattr(layout, "LayoutMode", None), "AUTO", None),
    "pallas_grid_context": None,
}


def own_context(token: object) -> AbstractContextManager[Any]:
    """A context in which JAX's trace caches hold only what was traced under that very token.

    So an inner ``jit``, a scan body or a memo that was traced from older state cannot become part of a program that is
    stored under today's fingerprint (``docs/cache-key.md``).
    """
    context: AbstractContextManager[Any] = _recording(token)
    return context


def at_top_level() -> bool:
    """Whether neither a JAX transformation nor one of our own recorded traces is under way in this thread."""
    return bool(core.trace_ctx.is_top_level()) and _recording.value is None


def is_of_top_level(state: Any) -> bool:
    """Whether a note of the trace that was under way (``get_opaque_trace_state``) says that there was none."""
    return type(state._trace_ref()) is core.EvalTrace


def is_tracing() -> bool:
    """Whether a JAX transformation or a trace is under way in this thread, so that calls become part of it."""
    return not core.trace_state_clean()


def trace_context() -> tuple[object, ...]:
    """JAX's trace context of this thread: by what its caches of traces tell apart calls that are alike."""
    context: tuple[object, ...] = config.trace_context()
    return context


Values = tuple[tuple[str, object], ...]


class _Last:
    """The trace context that was looked at last: from one call to the next, it mostly is the very same objects."""

    context: ClassVar[tuple[tuple[object, ...], Values]] = (), ()


def context_values() -> Values:
    """JAX's trace context of this thread, by name, but for what cannot shape a program."""
    context = config.trace_context()
    before, values = _Last.context
    if len(before) != len(context) or any(map(operator.is_not, before, context)):
        values = tuple(
            (name, _plain(name, value))
            for name, value in zip(config.trace_context_names(), context, strict=True)
            if name not in _STRUCTURAL and not _is_inert(name, value)
        )
        _Last.context = context, values
    return values


def _plain(name: str, value: object) -> object:
    """A member of one of JAX's own enumerations by its name; anything else as it is."""
    return (type(value).__name__, value.name) if isinstance(value, enum.Enum) and name.startswith("jax_") else value


def _is_inert(name: str, value: Any) -> bool:
    if value is False:
        return True  # as if it were not there: the first use of Pallas brings further switches, all of them off
    if name in _INITIAL and value is _INITIAL[name]:
        return True
    if name.endswith("_context_manager") and (value is None or (type(value) is tuple and not value)):
        return True  # nobody has entered one
    # Unused user contexts would make the key depend on which libraries have been imported; the C++ cache object
    # says where dispatch entries live, not what they are.
    return name == "user_context" and (value is None or isinstance(value, _jax.PjitFunctionCache))


def config_states() -> list[tuple[str, object]]:
    """Every configuration state of this JAX with its value in this thread, sorted by name."""
    return [(name, holder.value) for name, holder in config_holders()]


def config_holders() -> list[tuple[str, Any]]:
    """Every configuration state of this JAX, sorted by name; ``value`` of it is that in this thread, now."""
    return sorted({**config.config_states, **config.config._value_holders}.items())


def config_count() -> int:
    """Grows when there are more configuration states, for example with the import of Pallas."""
    return len(config.config_states) + len(config.config._value_holders)


def context_mesh() -> object:
    """The mesh that a call is made under, if any."""
    return concrete_mesh() or mesh.get_abstract_mesh()


def concrete_mesh() -> jax.sharding.Mesh | None:
    """The mesh of ``jax.set_mesh``, if any.

    JAX traces for any mesh of that shape, and tells calls apart by the devices of this one when it compiles.
    """
    found: jax.sharding.Mesh = mesh.get_concrete_mesh()
    return None if found.empty else found


def mesh_text(value: object) -> str:
    """A mesh in a line: axes, types of axes, and devices; nothing for any other value."""
    if type(value) is mesh.AbstractMesh:
        return str(value)
    if type(value) is mesh.Mesh:
        return f"{value} on devices {', '.join(str(device.id) for device in value.devices.flat)}"
    return ""


def forbids_tracing() -> bool:
    """Whether the call would trace where tracing is forbidden: JAX raises, cached or not."""
    return bool(config.no_tracing.value)


def debug_modes() -> list[str]:
    """The switches that are on and that change what a call does beside computing."""
    watched = {
        "jax_debug_nans": config.debug_nans.value,
        "jax_debug_infs": config.debug_infs.value,
        "jax_debug_key_reuse": config.debug_key_reuse.value,
        "jax_check_tracer_leaks": config.check_tracer_leaks.value,
        "jax_no_execution": config.no_execution.value,
        "jax_enable_pgle": config.enable_pgle.value,
        "jax_distributed_debug": config.distributed_debug.value,
        "jax_explain_cache_misses": config.explain_cache_misses.value,  # it explains traces, which a hit does not make
    }
    return [name for name, on in watched.items() if on]
