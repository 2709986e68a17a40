"""Encoders of what traces of JAX have left behind: captured jaxprs, and in which trace an object was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitserve import _jax
from jitserve._outcome import BypassReason, Refusal

from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker


def encode_trace_state(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """In which trace an object was made (flax.nnx notes it): outside of all of them, or it cannot be told."""
    if not _jax.is_of_top_level(obj):
        detail = "an object that was made in a trace, and kept; make it outside"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), detail)
    walker.tokens.begin("made outside of traces", 0)


def encode_source_info(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """Where an equation comes from: the names, which a program has, and not the traceback, which only errors show."""
    walker.tokens.begin("source info", 1)
    walker.push([(obj.name_stack, (path, ATTR, "name_stack"), trusted)])


def encode_debug_info(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """What a jaxpr knows of its function: names, and not file and line, which only messages show."""
    names = ("traced_for", "func_name", "arg_names", "result_paths")
    walker.tokens.begin("debug info", len(names))
    walker.push([(getattr(obj, name), (path, ATTR, name), trusted) for name in names])


BY_NAME = {
    "jax._src.core.OpaqueTraceState": encode_trace_state,
    "jax._src.linear_util.DebugInfo": encode_debug_info,
    "jax._src.source_info_util.SourceInfo": encode_source_info,
}
