"""``register_fingerprint``: plain data stands for objects that the walk cannot read."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import pytest

import jitserve
from jitserve import fingerprint
from jitserve._outcome import BypassReason, Refusal


def contents(value: array.array[float]) -> object:
    return value.tolist()


def reversed_contents(value: array.array[float]) -> object:
    return value.tolist()[::-1]


def digest(value: object) -> bytes:
    return fingerprint.walk(None, [("static argument table", value)]).digest


def digest_under(function: Callable[[Any], object], value: object) -> bytes:
    with jitserve.register_fingerprint(array.array, function):
        return digest(value)


def test_object_that_is_refused_is_fingerprinted_by_its_registered_data() -> None:
    value = array.array("d", [1.0, 2.0])
    with pytest.raises(Refusal):
        digest(value)
    assert digest_under(contents, value) == digest_under(contents, array.array("d", [1.0, 2.0]))
    assert digest_under(contents, value) != digest_under(contents, array.array("d", [1.0, 3.0]))


def test_digest_changes_with_the_registered_function() -> None:
    value = array.array("d", [1.0, 1.0])
    assert digest_under(contents, value) != digest_under(reversed_contents, value)


def test_registration_is_for_exactly_one_type() -> None:
    class Table(array.array):  # type: ignore[type-arg]
        pass

    with pytest.raises(Refusal):
        digest_under(contents, Table("d", [1.0]))


def test_unregistered_type_is_refused_again() -> None:
    registration = jitserve.register_fingerprint(array.array, contents)
    registration.unregister()
    registration.unregister()
    with pytest.raises(Refusal):
        digest(array.array("d", [1.0]))


def test_type_is_registered_once() -> None:
    with (
        jitserve.register_fingerprint(array.array, contents),
        pytest.raises(ValueError, match="has a fingerprint already.*unregister"),
    ):
        jitserve.register_fingerprint(array.array, reversed_contents)


def test_function_that_raises_is_a_refusal_with_its_error() -> None:
    def broken(value: object) -> object:
        raise KeyError("size")

    with pytest.raises(Refusal, match="fingerprint registered for array raised KeyError: 'size'") as refused:
        digest_under(broken, array.array("d", [1.0]))
    assert refused.value.reason is BypassReason.UNKNOWN_OBJECT


@pytest.mark.parametrize(("kind", "function"), [(1, contents), (array.array, 1), (dict, contents)])
def test_registration_of_what_cannot_be_registered_is_refused(kind: Any, function: Any) -> None:
    with pytest.raises(TypeError):
        jitserve.register_fingerprint(kind, function)
