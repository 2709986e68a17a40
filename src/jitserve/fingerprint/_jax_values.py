"""Encoders of JAX's own objects that a program may capture: devices, meshes, shardings, trees, jitted functions.

Placement is an immutable value: JAX interns some of it, so none of it is numbered.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from jitserve import _jax
from jitserve._outcome import BypassReason, Refusal

from . import _functions, _instances, _jax_traces, _names, _raw, _rules
from ._arrays import encode_jax_array, encode_key_array
from ._beside import beside, check_class
from ._path import ATTR, ITEM, Path, render

if TYPE_CHECKING:
    from ._walker import Walker


def _emit(walker: Walker, tag: str, path: Path, trusted: bool, **parts: Any) -> None:
    """A value by its parts, in the order given."""
    walker.tokens.begin(tag, len(parts))
    walker.push([(value, (path, ATTR, name), trusted) for name, value in parts.items()])


def encode_device(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    kind, process = obj.device_kind, obj.process_index
    walker.processes.add(process)
    _emit(walker, "device", path, trusted, platform=obj.platform, id=obj.id, kind=kind, process=process)


def encode_mesh(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    check_class(walker, obj, path)
    devices = obj.devices
    _emit(
        walker,
        "mesh",
        path,
        trusted,
        axis_names=obj.axis_names,
        axis_types=_type_names(obj),
        shape=tuple(devices.shape),
        devices=tuple(devices.flat),
    )


def encode_abstract_mesh(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    check_class(walker, obj, path)
    device = obj.abstract_device
    described = device and (device.device_kind, device.num_cores, getattr(device, "platform", None))
    names, sizes = obj.axis_names, obj.axis_sizes
    _emit(walker, "abstract mesh", path, trusted, names=names, sizes=sizes, types=_type_names(obj), device=described)


def _type_names(mesh: Any) -> tuple[str, ...] | None:
    return None if mesh.axis_types is None else tuple(kind.name for kind in mesh.axis_types)


def encode_spec(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    kind = getattr(obj, "unreduced_kind", None)
    _emit(
        walker,
        "partition spec",
        path,
        trusted,
        partitions=tuple("<unconstrained>" if part is type(obj).UNCONSTRAINED else part for part in obj.partitions),
        unconstrained=tuple(part is type(obj).UNCONSTRAINED for part in obj.partitions),
        unreduced=obj.unreduced,
        reduced=obj.reduced,
        kind=getattr(kind, "name", None),
    )


def encode_named_sharding(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    check_class(walker, obj, path)
    parts = {"mesh": obj.mesh, "spec": obj.spec, "memory": obj.memory_kind, "logical_ids": obj._logical_device_ids}
    _emit_sharding(walker, "named sharding", obj, path, trusted, parts)


def encode_single_sharding(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    check_class(walker, obj, path)
    parts = {"devices": tuple(obj.device_set), "memory": obj.memory_kind}
    _emit_sharding(walker, "single sharding", obj, path, trusted, parts)


def _emit_sharding(walker: Walker, tag: str, obj: Any, path: Path, trusted: bool, parts: dict[str, Any]) -> None:
    attributes = beside(obj)
    if attributes is None:
        _emit(walker, tag, path, trusted, **parts)
    elif walker.number(obj, path):  # what somebody has set attributes on may be among them
        _emit(walker, tag, path, trusted, **parts, attributes=attributes)


def encode_tree(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A tree structure: node classes and auxiliary data, top down. Never its text, and never ``==``."""
    children = obj.children()
    data = obj.node_data()
    if data is None:
        walker.tokens.begin("tree leaf", 0)
        return
    walker.tokens.begin("tree", 2 + len(children))
    walker.tokens.int_(len(children))
    walker.push(
        [
            (data[0], (path, ATTR, "node_type"), trusted),
            (data[1], (path, ATTR, "node_data"), trusted),
            *((child, (path, ITEM, i), trusted) for i, child in enumerate(children)),
        ]
    )


# What a jitted function says about itself that depends on where its source is, or that its code implies.
_JIT_DESCRIPTIONS = frozenset(("fun_sourceinfo", "fun_signature"))
_JIT_OWN = frozenset(("_fun", "_jit_info", "__wrapped__", "__annotations__"))


def encode_jitted(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A jitted function: the function, the options of the jit, and whatever else has been set on it."""
    if not walker.number(obj, path):
        return
    namespace = _raw.instance_dict(obj) or {}
    if _name_only(walker, obj, namespace):
        return
    if not {"_fun", "_jit_info"} <= namespace.keys():
        detail = "a jitted function that was unpickled does not know its options any more; jit it again"
        raise Refusal(BypassReason.OPAQUE_CALLABLE, render(path), detail)
    walker.share_in_part(namespace, obj)
    own = {name: value for name, value in namespace.items() if name not in _JIT_OWN}
    children: list[tuple[Any, Path, bool]] = [(obj._fun, (path, ATTR, "__wrapped__"), trusted)]
    children += _options_of(obj._jit_info, path, trusted)
    if namespace.get("__wrapped__") is not obj._fun:
        children.append((namespace.get("__wrapped__"), (path, ATTR, "__wrapped__"), trusted))
    children += _functions.attributes(walker, own, path, trusted)
    walker.tokens.begin("jitted", len(children))
    walker.push(children)


def _options_of(info: Any, path: Path, trusted: bool) -> list[tuple[Any, Path, bool]]:
    """The options of a jit, as labelled children."""
    children: list[tuple[Any, Path, bool]] = []
    for name in type(info)._fields:
        if name not in _JIT_DESCRIPTIONS:
            value = getattr(info, name)
            children += [(name, path, trusted), (value, (path, ATTR, name), trusted)]
    return children


def encode_jit_options(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """The options of a jit by themselves: ``functools.wraps`` copies them to what is made of a jitted function, as
    ``jax.grad`` and ``jax.vmap`` do.
    """
    children = _options_of(obj, path, trusted)
    walker.tokens.begin("jit options", len(children))
    walker.push(children)


def _name_only(walker: Walker, obj: Any, namespace: dict[str, Any]) -> bool:
    """A jitted function that JAX itself offers by name needs no more than that, and its code."""
    module, name, function = (namespace.get(key) for key in ("__module__", "__qualname__", "__wrapped__"))
    if not walker.is_opaque_module(module) or not walker.is_at_home(obj, module, name):
        return False
    digest = _names.digest_of(function.__code__) if type(function) is types.FunctionType else b"\0" * 32
    walker.tokens.begin("opaque jitted", 3)
    walker.tokens.str_(str(module))
    walker.tokens.str_(str(name))
    walker.tokens.digest_(digest)
    return True


def encode_native_memo(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A memo of JAX around a function that cannot be read from outside; JAX's own contents are in the key."""
    if not trusted:
        raise Refusal(BypassReason.OPAQUE_CALLABLE, render(path), "a memo of JAX whose function cannot be read")
    walker.tokens.begin("native memo", 0)


def encode_tracer(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    raise Refusal(
        BypassReason.LEAKED_TRACER,
        render(path),
        "a value of another trace has been kept; return it instead of storing it",
    )


def encode_primitive(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A primitive. One that does not come with JAX is also what JAX's tables of rules hold for it."""
    rules: list[tuple[str, object, bool | None]] = []
    if not walker.knows(obj):
        if _rules.is_of_others(obj):
            rules = _jax.rules_of(obj)
        else:
            trusted = True  # what JAX makes of the sets in there, no code of the user's can see
    _instances.encode_instance(walker, obj, path, trusted)
    walker.push([(part, (path, ATTR, entry[0]), trusted) for entry in rules for part in entry])


# By name, so that nothing is imported for the sake of the table; ``_dispatch`` checks that the class is JAX's.
BY_NAME = {
    **_jax_traces.BY_NAME,
    "jaxlib._jax.ArrayImpl": encode_jax_array,
    "jaxlib._jax.Device": encode_device,
    "jaxlib._jax.PjitFunction": encode_jitted,
    "jaxlib._jax.pytree.PyTreeDef": encode_tree,
    "jaxlib.weakref_lru_cache.WeakrefLRUCache": encode_native_memo,
    "jax.P": encode_spec,
    "jax.sharding.PartitionSpec": encode_spec,
    "jax.sharding.NamedSharding": encode_named_sharding,
    "jax.sharding.SingleDeviceSharding": encode_single_sharding,
    "jax._src.mesh.Mesh": encode_mesh,
    "jax._src.mesh.AbstractMesh": encode_abstract_mesh,
    "jax._src.random.prng.PRNGKeyArray": encode_key_array,
    "jax._src.prng.PRNGKeyArray": encode_key_array,
    "jax._src.pjit.PjitInfo": encode_jit_options,
    "jax._src.core.Primitive": encode_primitive,
    "jax._src.core.Tracer": encode_tracer,
}
