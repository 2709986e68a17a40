"""Custom-call targets: which ones a program names, whether they may be stored, and making sure that they are there.

Lowering registers and initialises targets as a side effect. A loaded executable was never lowered in this process, so
we do it: an executable that calls LAPACK without it jumps to a null pointer.
"""

from __future__ import annotations

from typing import Any

from jaxlib import xla_client
from jaxlib.mlir import ir

from jitserve._outcome import BypassReason, Refusal

# Targets that XLA, jaxlib and JAX's plugins own. Their code is part of the toolchain, whose content is in the key.
_OWNED_PREFIXES = (
    "lapack_",
    "tridiagonal_solve_perturbed",
    "cusolver_",
    "cublas_",
    "cusparse_",
    "cudnn",
    "__cublas$",
    "__cudnn$",
    "__gpu$",
    "cu_",
    "hip",
    "rocsolver_",
    "triton_kernel_call",
    "mosaic_gpu",
    "tpu_custom_call",
    "xla.sdy.",
    "xla.gpu.",
    "mhlo.",
    "stablehlo.",
)
_OWNED = frozenset(
    {
        "Sharding",
        "SPMDFullToShardShape",
        "SPMDShardToFullShape",
        "LayoutConstraint",
        "TopK",
        "ApproxTopK",
        "PartialReduce",
        "AllocateBuffer",
        "Eigh",
        "Qr",
        "LuDecomposition",
        "ProductOfElementaryHouseholderReflectors",
        "annotate_device_placement",
        "MoveToHost",
        "MoveToDevice",
        "PinToDevice",
        "dce_sink",
    }
)


def named_targets(module: Any) -> list[str]:
    """The custom-call targets that a StableHLO module names, sorted."""
    found: set[str] = set()

    def visit(operation: Any) -> Any:
        if operation.name == "stablehlo.custom_call":
            found.add(ir.StringAttr(operation.attributes["call_target_name"]).value)
        return ir.WalkResult.ADVANCE

    with module.context:
        module.operation.walk(visit)
    return sorted(found)


def check_targets(targets: list[str]) -> None:
    """Stands aside for programs whose custom calls run code that the key does not cover.

    Raises:
        Refusal: HOST_CALLBACK or CUSTOM_CALL_UNKNOWN, naming the target.
    """
    for target in targets:
        if "callback" in target:
            raise Refusal(BypassReason.HOST_CALLBACK, target, "the program calls back into Python")
        if target not in _OWNED and not target.startswith(_OWNED_PREFIXES):
            advice = "its code is registered by your program and is not part of the key"
            raise Refusal(BypassReason.CUSTOM_CALL_UNKNOWN, target, advice)


def ensure_targets(targets: list[str], platform: str) -> None:
    """Registers and initialises what an executable that was never lowered here is going to call.

    Raises:
        Refusal: CUSTOM_CALL_UNKNOWN where this process cannot provide a target.
    """
    check_targets(targets)
    if platform != "cpu" or not any(target.startswith("lapack_") for target in targets):
        return
    from jaxlib import lapack

    lapack._lapack.initialize()
    registered = xla_client.custom_call_targets("cpu")
    for target in targets:
        if target.startswith("lapack_") and target not in registered:
            raise Refusal(BypassReason.CUSTOM_CALL_UNKNOWN, target, "this jaxlib does not provide it")
