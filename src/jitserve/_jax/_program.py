"""From a call to a program: trace, lower, compile, in steps, so that the cache can stand between them.

Each step goes through the caches of JAX that the ordinary call consults again afterwards. After ``Lowered.adopt``, the
ordinary callback of JAX finds everything done and only executes; nothing of its own work is repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jax._src import pjit
from jax._src.interpreters import mlir, pxla
from jaxlib import _jax
from jaxlib.mlir import ir, passmanager

from jitserve._jax._adapter import adapter
from jitserve._jax._call import Call
from jitserve._jax._cluster import processes_owning
from jitserve._jax._compilation_cache import without_jax_cache
from jitserve._jax._targets import named_targets
from jitserve._jax._warnings import Warned, heard_warnings
from jitserve._outcome import BypassReason, Refusal
from jitserve._users import users_own


@dataclass(frozen=True, slots=True)
class CompilationParts:
    """What is needed besides the StableHLO to compile a program (``UnloadedMeshExecutable.from_hlo``)."""

    name: str
    platform: str
    device_ids: tuple[int, ...]
    in_avals: Sequence[Any]
    in_shardings: Sequence[Any]
    in_layouts: Sequence[Any]
    out_avals: Sequence[Any]
    out_shardings: Sequence[Any]
    out_layouts: Sequence[Any]
    tuple_args: bool
    kept_args: tuple[int, ...]
    committed: bool
    num_devices: int
    intermediate_shardings: Sequence[Any]
    context_mesh: Any
    compiler_options: tuple[tuple[str, Any], ...]


# JAX's own function that traces a call. Errors of the user's function come from there, exactly as JAX raises them.
infer_params = pjit._infer_params


def trace(call: Call) -> Traced:
    """Traces a call."""
    with users_own:
        return Traced(infer_params(call.fun, call.info, call.args, call.kwargs))


class Traced:
    """A traced call. ``out_tree`` is the structure of its result.

    Args:
        inferred: what ``infer_params`` returned.
    """

    def __init__(self, inferred: tuple[Any, list[Any]]) -> None:
        self._params, self._args = inferred
        self.out_tree = self._params.out_tree

    def check(self) -> None:
        """Stands aside for programs that are more than a function of their arguments.

        Raises:
            Refusal: EFFECTS, REFS or CLOSED_OVER_TRACER.
        """
        jaxpr = self._params.params["jaxpr"]
        if adapter.is_high(jaxpr):
            raise Refusal(BypassReason.EFFECTS, "program", "it works on hijax types")
        if jaxpr.effects:
            names = ", ".join(sorted(type(effect).__name__ for effect in jaxpr.effects))
            refs = any("Ref" in name or "Array" in name for name in names.split(", "))
            raise Refusal(BypassReason.REFS if refs else BypassReason.EFFECTS, "program", f"it has effects: {names}")
        if self._params.consts:
            raise Refusal(BypassReason.CLOSED_OVER_TRACER, "program", "it closes over tracers or mutable arrays")

    def lower(self, *, quietly: bool = False) -> Lowered:
        """Lowers to StableHLO. ``quietly``: without a word to the user of what there is to warn about."""
        kinds = [pjit.convert_to_metaty(arg) for arg in self._args]
        with heard_warnings(quietly=quietly) as heard:
            jaxpr = adapter.without_hijax(self._params.params["jaxpr"])
            computation = pjit._resolve_and_lower(
                kinds,
                **{**self._params.params, "jaxpr": jaxpr},
                lowering_platforms=None,
                lowering_parameters=mlir.LoweringParameters(),
                pgle_profiler=None,
            )
        return Lowered(computation, heard)


class Lowered:
    """A lowered program, not yet compiled. ``warnings`` are those that the user has been given."""

    def __init__(self, computation: Any, heard: list[Warned]) -> None:
        self._computation = computation
        self.warnings = heard
        self.name: str = computation._name

    @property
    def executable(self) -> Any:
        """JAX's executable, once it was compiled or adopted; None before."""
        return self._computation._executable

    def check(self) -> None:
        """Stands aside for programs that hold pointers into this process.

        Raises:
            Refusal: HOST_CALLBACK, EFFECTS, REFS or UNSUPPORTED_CONTEXT.
        """
        args = self._computation.compile_args
        if args["host_callbacks"] or args["keepalive"]:
            raise Refusal(BypassReason.HOST_CALLBACK, "program", "it calls back into Python")
        if args["ordered_effects"] or args["unordered_effects"]:
            raise Refusal(BypassReason.EFFECTS, "program", "it has effects")
        if args["mut"] is not None and (args["mut"].in_mut or any(i is not None for i in args["mut"].out_mut)):
            raise Refusal(BypassReason.REFS, "program", "it updates mutable arrays")
        if self._computation.const_args:
            raise Refusal(BypassReason.UNSUPPORTED_CONTEXT, "program", "jax_use_simplified_jaxpr_constants is on")
        if args["shape_poly_state"] is not None and args["shape_poly_state"].uses_dim_vars:
            raise Refusal(BypassReason.UNSUPPORTED_CONTEXT, "program", "it has symbolic dimensions")
        if self._computation._device_list is None:
            raise Refusal(BypassReason.UNSUPPORTED_CONTEXT, "program", "it has no devices, only an abstract mesh")

    def parts(self) -> CompilationParts:
        """The plain data that a later compilation of the same program needs."""
        args = self._computation.compile_args
        mesh = args["context_mesh"]
        return CompilationParts(
            name=self._computation._name,
            platform=args["backend"].platform,
            device_ids=tuple(device.id for device in self._computation._device_list),
            in_avals=args["global_in_avals"],
            in_shardings=args["in_shardings"],
            in_layouts=args["in_layouts"],
            out_avals=args["global_out_avals"],
            out_shardings=args["out_shardings"],
            out_layouts=args["out_layouts"],
            tuple_args=args["tuple_args"],
            kept_args=tuple(sorted(args["kept_var_idx"])),
            committed=args["committed"],
            num_devices=args["num_devices"],
            intermediate_shardings=tuple(args["intermediate_shardings"] or ()),
            context_mesh=None if mesh is None or mesh.empty else mesh,
            compiler_options=tuple(self._computation._compiler_options_kvs),
        )

    def processes(self) -> frozenset[int]:
        """The processes whose devices run the program."""
        return processes_owning(self._computation._device_list or ())

    def stablehlo(self) -> bytes:
        """The program as MLIR bytecode, with source locations (profilers show operations by them)."""
        return bytes(mlir.module_to_bytecode(self._computation.stablehlo()))

    def canonical_stablehlo(self) -> bytes:
        """The program as MLIR bytecode without source locations: equal for equal programs, wherever written."""
        module = self._computation.stablehlo()
        with module.context:
            clone = ir.Module.parse(mlir.module_to_bytecode(module))
            passmanager.PassManager.parse("builtin.module(strip-debuginfo)").run(clone.operation)
            return bytes(mlir.module_to_bytecode(clone))

    def targets(self) -> list[str]:
        """The custom-call targets that the program names."""
        return named_targets(self._computation.stablehlo())

    def compile(self) -> Any:
        """Compiles. The ordinary call finds the executable afterwards."""
        with without_jax_cache(), users_own:
            return self._computation.compile()

    def adopt(self, executable: Any) -> None:
        """Makes the ordinary call use an executable that was loaded instead of compiled."""
        executable._all_args_info = self._computation.compile_args["all_args_info"]  # for checks and error messages
        self._computation._executable = executable


def compile_stored(stablehlo: bytes, parts: CompilationParts, devices: Sequence[Any], client: Any) -> Any:
    """Compiles a stored program: neither a trace nor a lowering."""
    with mlir.make_ir_context():
        module = ir.Module.parse(stablehlo)
    with without_jax_cache():
        return pxla.UnloadedMeshExecutable.from_hlo(
            parts.name,
            module,
            global_in_avals=list(parts.in_avals),
            global_out_avals=list(parts.out_avals),
            in_shardings=tuple(parts.in_shardings),
            out_shardings=tuple(parts.out_shardings),
            tuple_args=parts.tuple_args,
            unordered_effects=[],
            ordered_effects=[],
            host_callbacks=[],
            keepalive=[],
            kept_var_idx=set(parts.kept_args),
            backend=client,
            device_list=_jax.DeviceList(tuple(devices)),
            committed=parts.committed,
            in_layouts=tuple(parts.in_layouts),
            out_layouts=tuple(parts.out_layouts),
            compiler_options_kvs=parts.compiler_options,
            num_devices=parts.num_devices,
            intermediate_shardings=list(parts.intermediate_shardings),
            context_mesh=parts.context_mesh,
        )
