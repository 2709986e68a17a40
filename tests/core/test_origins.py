"""Where code comes from is decided in Python and, for what is asked most, again in C++: both must say the same."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import equinox
import flax.linen
import numpy as np
import optax
import pytest

from jitserve import _core
from jitserve.fingerprint import _origin
from jitserve.fingerprint._origin import Origin
from jitserve.fingerprint._walk import Limits, Walker


def _classes() -> list[type]:
    modules = [module for module in list(sys.modules.values()) if type(module) is types.ModuleType]
    found = {id(value): value for module in modules for value in list(vars(module).values()) if isinstance(value, type)}
    return list(found.values())


@pytest.fixture
def walker() -> Walker:
    return Walker(Limits(), _core.Tokens())


def test_modules_have_one_origin(walker: Walker) -> None:
    names = [*sys.modules, "jax._src.nowhere", "nowhere", "flax.nowhere", "", "jax..core"]
    differ = [name for name in names if walker.is_opaque_module(name) != (_origin.of_module(name) is Origin.OPAQUE)]
    assert len(names) > 500
    assert differ == []


@pytest.mark.parametrize("name", [None, 1, b"jax"])
def test_what_is_no_name_is_no_opaque_module(walker: Walker, name: Any) -> None:
    assert not walker.is_opaque_module(name)


def test_classes_have_one_origin(walker: Walker) -> None:
    class Local(flax.linen.Module):
        pass

    class Stranger(equinox.Module):
        pass

    Stranger.__module__, Stranger.__qualname__ = "optax", "GradientTransformation"
    classes = [*_classes(), Local, Stranger]
    differ = [cls for cls in classes if walker.is_opaque_class(cls) != (_origin.of_class(cls) is Origin.OPAQUE)]
    assert len(classes) > 2000
    assert differ == []


def test_home_of_an_object_is_one(walker: Walker) -> None:
    def elsewhere() -> None:
        pass

    elsewhere.__module__, elsewhere.__qualname__ = "optax", "adam"
    objects: list[Any] = [optax.adam, elsewhere, len, *_classes()]
    differ = [
        value
        for value in objects
        if walker.is_at_home(value, value.__module__, value.__qualname__)
        != _origin.is_at_home(value, value.__module__, value.__qualname__)
    ]
    assert differ == []
    assert walker.is_at_home(optax.adam, optax.adam.__module__, "adam")
    assert not walker.is_at_home(elsewhere, "optax", "adam")
    assert not walker.is_at_home(optax.adam, None, "adam")


def test_state_that_is_kept_in_c_is_hidden() -> None:
    class Plain:
        __slots__ = ("left", "right")

    class WithDict(Plain):
        pass

    assert not any(map(_core.hides_state, (object, Plain, WithDict, equinox.Module, flax.linen.Module)))
    assert all(map(_core.hides_state, (io.TextIOWrapper, dict, np.ndarray)))
    assert [name for name, _ in _core.slot_descriptors(WithDict)] == ["left", "right"]
