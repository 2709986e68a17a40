"""Typed values, and references to objects of the call: the auxiliary data of output trees.

An output node's auxiliary data must be what *this* call would have produced: an equinox sentinel compares by
identity, a flax ``TrainState`` carries closures. What the walk of the call has visited is therefore stored as its
index in the walk; equal digests mean that the same index is the same object of this process. The rest is stored by
value with its exact type, or refused.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from jitserve import _core
from jitserve._errors import RecordError
from jitserve._jax import types as jt
from jitserve.record import _places
from jitserve.record._identities import Identities, is_nan
from jitserve.record._plain import Unencodable, decode_plain, encode_scalar
from jitserve.v1 import record_pb2 as pb


class Walked(Protocol):
    """The objects of a call in the order of its walk."""

    @property
    def objects(self) -> list[Any]: ...

    def index_of(self, obj: object) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What values are encoded and decoded against.

    Attributes:
        walk: the walk of the call.
        class_digest: the digest of a class by content; refuses (any exception) what it cannot digest.
        devices: the devices of this process by id.
        identities: of the values that are not of the walk.
    """

    walk: Walked
    class_digest: Callable[[type], bytes]
    devices: _places.Devices
    identities: Identities = field(default_factory=Identities)

    def afresh(self) -> Scope:
        """The same for another record."""
        return dataclasses.replace(self, identities=Identities())


def encode_value(value: Any, scope: Scope, path: str) -> pb.Value:
    """Encodes one value.

    Raises:
        Unencodable: with the access path of the part that has no safe encoding.
    """
    scalar = None if is_nan(value) else encode_scalar(value)
    if scalar is not None:
        return scalar
    index = scope.walk.index_of(value)
    if index is not None:
        return pb.Value(walked=index)
    number = scope.identities.number_of(value)
    if number is not None:
        return pb.Value(walked=len(scope.walk.objects) + number)
    try:
        if not scope.identities.enter():
            raise Unencodable(path, value)
        return _encode_new(value, scope, path)
    finally:
        scope.identities.leave()


def _encode_new(value: Any, scope: Scope, path: str) -> pb.Value:
    if type(value) in _CHANGEABLE or is_nan(value):
        scope.identities.add(value)
    scalar = encode_scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, type):
        return _encode_class(value, scope, path)
    encoder = _CONTAINERS.get(type(value))
    if encoder is not None:
        return encoder(value, scope, path)
    return _encode_object(value, scope, path)


def _items(values: Any, scope: Scope, path: str) -> pb.Values:
    return pb.Values(items=[encode_value(item, scope, f"{path}[{i}]") for i, item in enumerate(values)])


def _encode_dict(value: dict[Any, Any], scope: Scope, path: str) -> pb.Value:
    keys = [encode_value(key, scope, f"{path} key") for key in value]
    values = [encode_value(item, scope, f"{path}[{key!r}]") for key, item in value.items()]
    return pb.Value(dict=pb.Pairs(keys=keys, values=values))


def _encode_frozenset(value: frozenset[Any], scope: Scope, path: str) -> pb.Value:
    known = len(scope.identities.values)
    items = [encode_value(item, scope, f"{path} element") for item in value]
    if len(scope.identities.values) != known and len(value) > 1:
        raise Unencodable(path, value)  # in which order they are numbered, the other process cannot know
    items.sort(key=lambda item: item.SerializeToString(deterministic=True))
    return pb.Value(frozenset=pb.Values(items=items))


_CHANGEABLE = (list, dict)
_CONTAINERS: dict[type, Callable[[Any, Scope, str], pb.Value]] = {
    tuple: lambda value, scope, path: pb.Value(tuple=_items(value, scope, path)),
    list: lambda value, scope, path: pb.Value(list=_items(value, scope, path)),
    dict: _encode_dict,
    frozenset: _encode_frozenset,
}


def _encode_object(value: Any, scope: Scope, path: str) -> pb.Value:
    kind = type(value)
    if jt.is_named_dtype(value):
        return pb.Value(dtype=jt.dtype_name(value))
    if isinstance(value, enum.Enum):
        if kind._member_map_.get(value._name_) is not value:  # a combination of flags, or made up by `_missing_`
            raise Unencodable(path, value)
        return pb.Value(enum_member=pb.EnumMember(enum_class=encode_value(kind, scope, path), name=value.name))
    if isinstance(value, tuple) and kind.__bases__ == (tuple,) and "_fields" in kind.__dict__ and not _state(value):
        fields = [encode_value(kind, scope, path), *_items(value, scope, path).items]
        return pb.Value(named_tuple=pb.Values(items=fields))
    if isinstance(value, jt.PyTreeDef):
        from jitserve.record import _trees  # a tree holds values, and a value may be a tree

        return pb.Value(treedef=_trees.encode_nested(value, scope, path))
    place = _encode_place(value)
    if place is not None:
        return place
    if dataclasses.is_dataclass(kind):
        return _encode_instance(value, [field.name for field in dataclasses.fields(value)], scope, path)
    if f"{kind.__module__}.{kind.__qualname__}" in _LIKE_DATACLASSES:
        return _encode_instance(value, _LIKE_DATACLASSES[f"{kind.__module__}.{kind.__qualname__}"], scope, path)
    raise Unencodable(path, value)


def _encode_place(value: Any) -> pb.Value | None:
    if type(value) is jt.PartitionSpec:
        return pb.Value(partition_spec=_places.encode_spec(value))
    if type(value) in (jt.Mesh, jt.AbstractMesh):
        return pb.Value(mesh=_places.encode_mesh(value))
    if isinstance(value, jt.Sharding):
        return pb.Value(sharding=_places.encode_sharding(value))
    return None


# Classes of libraries that are no dataclasses and are nothing but their attributes, either.
_LIKE_DATACLASSES = {"flax.typing.HashableMapping": ["_mapping"]}


def _encode_instance(value: Any, names: list[str], scope: Scope, path: str) -> pb.Value:
    state = _state(value)
    # A slot or an attribute beside the fields would be lost, and so would what a base in C holds (a list, an integer).
    if set(state) != set(names) or any(map(_core.hides_state, type(value).__mro__)):
        raise Unencodable(path, value)
    scope.identities.add(value)
    cls = encode_value(type(value), scope, path)
    values = [encode_value(item, scope, f"{path}.{name}") for name, item in state.items()]
    return pb.Value(dataclass=pb.Instance(class_=cls, names=list(state), values=values))


def _state(value: Any) -> dict[str, Any]:
    """Everything that an instance holds: attributes and slots. An empty slot is none of it."""
    state = dict(getattr(value, "__dict__", None) or {})
    for base in type(value).__mro__:
        for name, descriptor in vars(base).items():
            if isinstance(descriptor, types.MemberDescriptorType) and hasattr(value, name):
                state[name] = descriptor.__get__(value)
    return state


def _encode_class(cls: type, scope: Scope, path: str) -> pb.Value:
    if find_class(cls.__module__, cls.__qualname__) is not cls:
        raise Unencodable(path, cls)
    try:
        digest = scope.class_digest(cls)
    except Exception:  # noqa: BLE001 - a class that has no digest cannot be recognised later
        raise Unencodable(path, cls) from None
    return pb.Value(class_ref=pb.ClassRef(module=cls.__module__, qualname=cls.__qualname__, digest=digest))


def find_class(module: str, qualname: str) -> type | None:
    """The class of that name among those that this process has loaded. Nothing is imported, no user code runs."""
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        if found is None:
            return None
        found = vars(found).get(name) if hasattr(found, "__dict__") else None
    return found if isinstance(found, type) else None


def decode_value(message: pb.Value, scope: Scope) -> Any:
    """The value, with the objects of this call where the record refers to them.

    Raises:
        RecordError: a class is not loaded here or has another content, an index is out of range, and the like.
    """
    kind = message.WhichOneof("kind") or ""
    decoder = _DECODERS.get(kind)
    if decoder is not None:
        return decoder(message, scope)
    value = decode_plain(message)
    if is_nan(value):
        scope.identities.add(value)
    return value


def _all(values: pb.Values, scope: Scope) -> list[Any]:
    return [decode_value(item, scope) for item in values.items]


def _decode_walked(message: pb.Value, scope: Scope) -> Any:
    number = message.walked - len(scope.walk.objects)
    if number < 0:
        return scope.walk.objects[message.walked]
    if number >= len(scope.identities.values):
        raise RecordError(f"object {message.walked} of a walk that has {len(scope.walk.objects)}")
    return scope.identities.values[number]


def _decode_class(message: pb.Value, scope: Scope) -> type:
    reference = message.class_ref
    cls = find_class(reference.module, reference.qualname)
    if cls is None:
        raise RecordError(f"class {reference.module}.{reference.qualname} is not loaded in this process")
    if scope.class_digest(cls) != reference.digest:
        raise RecordError(f"class {reference.module}.{reference.qualname} has changed")
    return cls


def _decode_named_tuple(message: pb.Value, scope: Scope) -> Any:
    cls, *fields = _all(message.named_tuple, scope)
    return tuple.__new__(cls, fields)


def _decode_list(message: pb.Value, scope: Scope) -> list[Any]:
    made: list[Any] = []
    scope.identities.add(made)
    made.extend(_all(message.list, scope))
    return made


def _decode_dict(message: pb.Value, scope: Scope) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    scope.identities.add(made)
    keys = [decode_value(key, scope) for key in message.dict.keys]
    values = [decode_value(value, scope) for value in message.dict.values]
    made.update(zip(keys, values, strict=True))
    return made


def _decode_dataclass(message: pb.Value, scope: Scope) -> Any:
    cls = decode_value(message.dataclass.class_, scope)
    instance = object.__new__(cls)
    scope.identities.add(instance)
    for name, value in zip(message.dataclass.names, message.dataclass.values, strict=True):
        object.__setattr__(instance, name, decode_value(value, scope))
    return instance


def _decode_enum(message: pb.Value, scope: Scope) -> Any:
    cls = decode_value(message.enum_member.enum_class, scope)
    member = cls._member_map_.get(message.enum_member.name)
    if member is None:
        raise RecordError(f"{cls.__qualname__} has no member {message.enum_member.name}")
    return member


def _decode_tree(message: pb.Value, scope: Scope) -> Any:
    from jitserve.record import _trees  # see _encode_object

    return _trees.decode_nested(message.treedef, scope)


_DECODERS: dict[str, Callable[[pb.Value, Scope], Any]] = {
    "walked": _decode_walked,
    "class_ref": _decode_class,
    "tuple": lambda message, scope: tuple(_all(message.tuple, scope)),
    "list": _decode_list,
    "frozenset": lambda message, scope: frozenset(_all(message.frozenset, scope)),
    "dict": _decode_dict,
    "named_tuple": _decode_named_tuple,
    "enum_member": _decode_enum,
    "dataclass": _decode_dataclass,
    "dtype": lambda message, scope: jt.dtype_from_name(message.dtype),
    "treedef": _decode_tree,
    "partition_spec": lambda message, scope: _places.decode_spec(message.partition_spec),
    "mesh": lambda message, scope: _places.decode_mesh(message.mesh, scope.devices),
    "sharding": lambda message, scope: _places.decode_sharding(message.sharding, scope.devices),
}
