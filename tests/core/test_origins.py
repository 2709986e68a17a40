"""Where code comes from is decided in Python and, for what is asked most, again in C++: both must say the same."""

from __future__ import annotations

import abc
import collections.abc
import functools
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
from jitserve.fingerprint._walker import Limits, Walker


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
    assert [cls for cls in classes if _core.origin_of_class(cls) is not _origin.of_class(cls)] == []


def made_in(source: str, name: Any) -> types.FunctionType:
    """A generated function whose module claims to have that name."""
    namespace: dict[str, Any] = {"__name__": name}
    exec(source, namespace)
    function: types.FunctionType = namespace["made"]
    return function


def test_functions_have_one_origin() -> None:
    held = [value for cls in _classes() for value in list(vars(cls).values()) if type(value) is types.FunctionType]
    made = [made_in("def made(): pass", name) for name in ("jax", "__main__", "nowhere", "jax.nowhere", "", None, 1)]
    in_jax: dict[str, Any] = vars(sys.modules["jax"])
    exec("def _made_for_a_test(): pass", in_jax)
    functions = [*held, *made, in_jax.pop("_made_for_a_test"), pytest.importorskip]
    generated = [function for function in functions if function.__code__.co_filename.startswith("<")]
    assert len(functions) > 5000
    assert len(generated) > 100
    assert [each for each in functions if _core.origin_of_function(each) is not _origin.of_function(each)] == []
    assert {_origin.of_function(function) for function in generated} == set(Origin)


@pytest.mark.parametrize("value", [len, int, None, functools.partial(len)])
def test_what_is_no_function_has_no_origin_of_one(value: Any) -> None:
    with pytest.raises(TypeError, match="expected a function"):
        _core.origin_of_function(value)


def test_home_of_an_object_is_one(walker: Walker) -> None:
    def elsewhere() -> None:
        pass

    elsewhere.__module__, elsewhere.__qualname__ = "optax", "adam"
    held = [value for cls in _classes() for value in list(vars(cls).values())]
    methods = [value for value in held if type(value) in (types.FunctionType, types.MethodDescriptorType, type)]
    objects: list[Any] = [optax.adam, elsewhere, len, *_classes(), *methods]
    differ = [
        value
        for value in objects
        for module in (getattr(value, "__module__", "builtins"),)
        if walker.is_at_home(value, module, value.__qualname__) != _origin.is_at_home(value, module, value.__qualname__)
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


def test_abstract_classes_made_from_one_are_found_once_and_with_it() -> None:
    class Left(collections.abc.Sized):
        pass

    class Right(collections.abc.Sized):
        pass

    class Both(Left, Right):
        pass

    class Meta(abc.ABCMeta):
        def __subclasses__(cls) -> list[type]:
            raise AssertionError("the walk runs no code of the user's")

    class Last(Both, metaclass=Meta):
        pass

    told = made_from(Left, known={id(Both): (Both, "before")})
    assert dict(told.values()) == {Left: "Left", Both: "before", Last: "Last"}
    assert {Left, Right, Both, Last, collections.abc.Sequence} < {
        cls for cls, _ in made_from(collections.abc.Sized).values()
    }
    assert list(made_from(Last).values()) == [(Last, "Last")]


def made_from(cls: type, known: dict[int, tuple[type, str]] | None = None) -> dict[int, tuple[type, str]]:
    found: dict[int, tuple[type, str]] = {}
    _core.add_abstract_classes_from(cls, found, known if known is not None else {}, lambda kind: kind.__name__)
    return found
