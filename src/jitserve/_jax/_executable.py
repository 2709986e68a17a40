"""Executables: to bytes and plain data before their first execution, back from them, and calling them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from jax._src import pjit, util
from jax._src.interpreters import pxla
from jaxlib import _jax

from jitserve._outcome import BypassReason, Refusal


@dataclass(frozen=True, slots=True)
class ConventionParts:
    """What a loaded executable is besides its bytes (the plain fields of ``UnloadedMeshExecutable``)."""

    name: str
    platform: str
    device_ids: tuple[int, ...]
    in_avals: Sequence[Any]
    in_shardings: Sequence[Any]
    in_layouts: Sequence[Any]
    out_avals: Sequence[Any]
    out_shardings: Sequence[Any]
    out_layouts: Sequence[Any]
    committed: bool
    kept_args: tuple[int, ...]


def convention_parts(executable: Any) -> ConventionParts:
    """Reads the calling convention off an executable that was just compiled."""
    unloaded = executable._unloaded_executable
    return ConventionParts(
        name=unloaded.name,
        platform=unloaded.backend.platform,
        device_ids=tuple(device.id for device in unloaded.device_list),
        in_avals=unloaded.input_avals,
        in_shardings=unloaded.input_shardings,
        in_layouts=unloaded.xla_in_layouts,
        out_avals=unloaded.output_avals,
        out_shardings=unloaded.output_shardings,
        out_layouts=unloaded.xla_out_layouts,
        committed=unloaded.committed,
        kept_args=tuple(sorted(unloaded.kept_var_idx)),
    )


# Operations that XLA's CPU runtime forgets how to serialise once it has run them (a sort), or that may come to such.
_FORGOTTEN = (b"sort", b"top_k", b"TopK", b"custom_call")


def serializes_later(executable: Any, stablehlo: bytes) -> bool:
    """Whether ``serialize`` gives the same bytes at any time, while the executable runs, too.

    Args:
        executable: JAX's ``MeshExecutable``.
        stablehlo: its program as MLIR bytecode, in which the names of operations are plain text.
    """
    on_cpu = executable.xla_executable.client.platform == "cpu"
    return on_cpu and not any(name in stablehlo for name in _FORGOTTEN)


def serialize(executable: Any) -> bytes:
    """The PJRT bytes. Must come before the first execution, unless ``serializes_later``.

    Raises:
        Refusal: EXECUTABLE_UNSERIALIZABLE, with XLA's own message.
    """
    return _serialize(executable.xla_executable)


def serializer(executable: Any) -> Callable[[], bytes]:
    """``serialize`` for later, without what JAX's executable knows of the call."""
    return functools.partial(_serialize, executable.xla_executable)


def _serialize(loaded: Any) -> bytes:
    try:
        return bytes(loaded.client.serialize_executable(loaded))
    except (_jax.JaxRuntimeError, NotImplementedError) as error:
        message = str(error).splitlines()[0]
        raise Refusal(BypassReason.EXECUTABLE_UNSERIALIZABLE, "executable", message) from None


def deserialize(data: bytes, parts: ConventionParts, devices: Sequence[Any], client: Any) -> Any:
    """An executable from its bytes and its calling convention; behaves as freshly compiled.

    Raises:
        jaxlib's runtime error where the bytes cannot be loaded.
    """
    device_list = _jax.DeviceList(tuple(devices))
    loaded = client.deserialize_executable(data, executable_devices=device_list)
    in_layouts = list(parts.in_layouts)
    unloaded = pxla.UnloadedMeshExecutable(
        xla_executable=loaded,
        device_list=device_list,
        backend=client,
        input_avals=list(parts.in_avals),
        input_shardings=list(parts.in_shardings),
        output_avals=list(parts.out_avals),
        output_shardings=list(parts.out_shardings),
        committed=parts.committed,
        name=parts.name,
        unordered_effects=[],
        ordered_effects=[],
        keepalive=[],
        host_callbacks=[],
        kept_var_idx=set(parts.kept_args),
        mut=None,
        xla_in_layouts=in_layouts,
        dispatch_in_layouts=pxla.get_dispatch_layouts(in_layouts, parts.in_shardings, parts.in_avals),
        xla_out_layouts=list(parts.out_layouts),
        all_args_info=None,
        pgle_profiler=None,
    )
    return unloaded.load()


def execute(executable: Any, leaves: list[Any], out_tree: Any) -> tuple[Any, Any]:
    """Runs an executable on the leaves of a call.

    Returns:
        The result, and what the dispatcher needs to run later calls without us (None: it must ask again).
    """
    util.test_event("jit_cpp_cache_miss")  # as JAX counts the calls that its dispatcher has not seen
    out_flat = executable.unsafe_call(*leaves)
    out = jax.tree_util.tree_unflatten(out_tree, out_flat)
    fastpath = pjit._get_fastpath_data(executable, out_tree, leaves, out_flat, frozenset(), [], None, [])
    return out, fastpath
