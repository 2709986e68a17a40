"""Calls that are made while JAX traces: traced by us, and then made as JAX's own callback makes them."""

from __future__ import annotations

from typing import Any

import jax
from jax._src import core, pjit
from jax._src import linear_util as lu

from jitserve._jax._adapter import adapter
from jitserve._jax._call import Call


def is_remembered(call: Call) -> bool:
    """Whether JAX has traced such a call before, in the context that it is made in now."""
    try:
        return _entry(call).pjit_params is not None
    except (OverflowError, TypeError):
        return True  # JAX takes no such argument, and says so itself


def remember(call: Call, inferred: tuple[Any, list[Any]]) -> None:
    """Has JAX find what a call was traced to, in the context that it is made in now."""
    params = inferred[0]
    if adapter.is_kept(params.params["jaxpr"]):
        _entry(call).pjit_params = params


def bind(call: Call, inferred: tuple[Any, list[Any]]) -> Any:
    """Makes a call of what ``infer_params`` returned. Returns its result."""
    return pjit._run_python_pjit(*inferred, call.fun, call.args, call.kwargs)[0]


def is_plain_data(params: Any) -> bool:
    """Whether nothing in a traced program is code that runs later, as the rules for derivatives of functions do.

    Args:
        params: the first part of what ``infer_params`` returned.
    """
    return not params.consts and _is_inert(params.params["jaxpr"])


def _is_inert(value: Any) -> bool:
    if isinstance(value, adapter.programs):
        return all(_is_inert(part) for eqn in value.eqns for part in eqn.params.values())
    if isinstance(value, tuple | list):
        return all(map(_is_inert, value))
    if isinstance(value, dict):
        return all(map(_is_inert, value.values()))
    if isinstance(value, jax.sharding.Mesh | jax.sharding.AbstractMesh):
        return True  # they are called to be entered
    return not callable(value) and not isinstance(value, lu.WrappedFun)


def entry_of(call: Call, avals: tuple[Any, ...], mesh: Any) -> Any:
    """Where JAX keeps what such a call was traced to in this context; its ``pjit_params`` are None until then."""
    return pjit._infer_params_cached(call.fun, call.info, call.signature, avals, mesh)


def _entry(call: Call) -> Any:
    avals = tuple(map(core.shaped_abstractify, call.leaves))
    return entry_of(call, avals, pjit.get_ctx_mesh(call.info.use_resource_env))
