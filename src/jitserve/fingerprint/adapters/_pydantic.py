"""Pydantic: what it compiles of a model's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _origin, _raw
from ._adapter import Adapter

TABLE = {
    "pydantic._internal._decorators.Decorator": Adapter(
        reason="cls_ref is the name of the class that has the decorator, with its address",
        ignored=frozenset(("cls_ref",)),
    ),
    "pydantic_core._pydantic_core.PydanticUndefinedType": Adapter(
        reason="the one object that stands for what was not given", inert=True, class_by_name=True
    ),
}

_COMPILED = "made of the fields, the validators and the configuration of the model, which are walked"

CLASS_ATTRIBUTES = {
    "__pydantic_core_schema__": _COMPILED,
    "__pydantic_validator__": _COMPILED,
    "__pydantic_serializer__": _COMPILED,
    "__pydantic_setattr_handlers__": "how to set the fields that have been set, a memo",
}


def is_compiled(namespace: Mapping[str, Any]) -> bool:
    """Whether pydantic has compiled a class: the validator says so, which nobody but pydantic can make."""
    kind = type(namespace.get("__pydantic_validator__"))
    by_pydantic = _raw.module_name(kind).partition(".")[0] in ("pydantic", "pydantic_core")
    return by_pydantic and _origin.of_class(kind) is not _origin.Origin.USER
