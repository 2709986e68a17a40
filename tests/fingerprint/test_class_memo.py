"""What was found out about a class is forgotten when it changes, and with it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from jitserve import _core
from jitserve.fingerprint._class_memo import ClassMemo


class Base:
    factor = 1


class Derived(Base):
    pass


@pytest.fixture
def found() -> list[type]:
    return []


@pytest.fixture
def memo(found: list[type]) -> ClassMemo[int]:
    def find(cls: type) -> int:
        found.append(cls)
        return int(getattr(cls, "factor", 0))

    return ClassMemo(find)


def test_class_that_stays_as_it_is_is_looked_at_once(memo: ClassMemo[int], found: list[type]) -> None:
    assert [memo.of(cls) for cls in (Base, Derived, int) * 3] == [1, 1, 0] * 3
    assert found == [Base, Derived, int]


@pytest.mark.parametrize(
    "change",
    [
        lambda cls: setattr(cls, "factor", 2),
        lambda cls: setattr(cls.__base__, "factor", 2),
        lambda cls: setattr(cls, "__bases__", (type("Other", (Base,), {"factor": 2}),)),
        lambda cls: type.__setattr__(cls, "factor", 2),
    ],
    ids=["class", "base", "bases", "past the metaclass"],
)
def test_change_of_a_class_or_of_a_base_is_seen_at_once(memo: ClassMemo[int], change: Callable[[type], None]) -> None:
    cls = type("Derived", (type("Base", (Base,), {}),), {})
    assert memo.of(cls) == 1
    change(cls)
    assert memo.of(cls) == 2


def test_change_while_it_is_looked_at_is_seen_the_next_time() -> None:
    cls = type("Changing", (), {"factor": 1})

    def find(kind: type) -> int:
        factor: int = kind.factor  # type: ignore[attr-defined]
        kind.factor = 2  # type: ignore[attr-defined]
        return factor

    memo = ClassMemo(find)
    assert [memo.of(cls), memo.of(cls)] == [1, 2]


def test_class_that_is_asked_about_is_freed(memo: ClassMemo[int], found: list[type]) -> None:
    cls = type("Short", (), {})
    memo.of(cls)
    gone = weakref.ref(cls)
    del cls
    found.clear()
    gc.collect()
    assert gone() is None


def test_metaclass_is_not_asked_for_its_hash(memo: ClassMemo[int]) -> None:
    class Meta(type):
        def __hash__(cls) -> int:
            raise AssertionError

        def __eq__(cls, other: object) -> bool:
            raise AssertionError

    cls = Meta("cls", (), {"factor": 3})
    assert [memo.of(cls), memo.of(cls)] == [3, 3]


def test_version_of_a_class_is_no_other_class_s() -> None:
    versions = [_core.class_version(cls) for cls in (Base, Derived, int, type)]
    assert len(set(versions)) == 4
    assert 0 not in versions
