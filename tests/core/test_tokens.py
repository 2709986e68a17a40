"""The canonical token stream, against a second implementation that also reads it back."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitserve import _core

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.integers(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.sampled_from([sign * 2**n + d for n in (7, 8, 15, 31, 32, 63, 64, 71) for d in (-1, 0, 1) for sign in (1, -1)]),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=()), max_size=20),  # lone surrogates included
    st.binary(max_size=20),
)


def _payload(value: Any) -> tuple[bytes, bytes]:
    """Tag and payload, written down a second time from the description in cpp/core/tokens.h."""
    match value:
        case None:
            return b"N", b""
        case bool():
            return (b"T" if value else b"F"), b""
        case int():
            return b"i", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        case float():
            return b"f", struct.pack("<d", value)
        case complex():
            return b"c", struct.pack("<dd", value.real, value.imag)
        case str():
            return b"s", value.encode("utf-8", "surrogatepass")
        case bytes():
            return b"b", value
    assert value is ...
    return b"E", b""


def _stream(values: list[Any]) -> bytes:
    return b"".join(tag + struct.pack("<Q", len(data)) + data for tag, data in map(_payload, values))


def _parse(stream: bytes) -> list[tuple[bytes, bytes]]:
    tokens = []
    while stream:
        (size,) = struct.unpack_from("<Q", stream, 1)
        tokens.append((stream[:1], stream[9 : 9 + size]))
        stream = stream[9 + size :]
    return tokens


def _read_back(tag: bytes, data: bytes) -> Any:
    readers = {
        b"N": lambda: None,
        b"T": lambda: True,
        b"F": lambda: False,
        b"E": lambda: ...,
        b"i": lambda: int.from_bytes(data, "little", signed=True),
        b"f": lambda: struct.unpack("<d", data)[0],
        b"c": lambda: complex(*struct.unpack("<dd", data)),
        b"s": lambda: data.decode("utf-8", "surrogatepass"),
        b"b": lambda: data,
    }
    return readers[tag]()


def _same(left: Any, right: Any) -> bool:
    """Equality that sees types, signs of zeros and payloads of NaNs."""
    return type(left) is type(right) and _payload(left) == _payload(right)


def _digest(values: list[Any]) -> bytes:
    tokens = _core.Tokens()
    for value in values:
        assert tokens.scalar(value)
    return tokens.finish()


@given(st.lists(_SCALARS, max_size=10))
def test_the_stream_is_what_its_description_says(values: list[Any]) -> None:
    assert _digest(values) == hashlib.sha256(_stream(values)).digest()


@given(st.lists(_SCALARS, max_size=10))
def test_the_stream_can_be_read_back_so_different_values_have_different_streams(values: list[Any]) -> None:
    back = [_read_back(*token) for token in _parse(_stream(values))]
    assert len(back) == len(values)
    assert all(map(_same, back, values))


@given(st.lists(_SCALARS, max_size=3), st.lists(_SCALARS, max_size=3))
def test_digests_are_equal_exactly_if_the_values_are_the_same(left: list[Any], right: list[Any]) -> None:
    same = len(left) == len(right) and all(map(_same, left, right))
    assert (_digest(left) == _digest(right)) == same


def test_values_that_python_calls_equal_or_alike_have_different_digests() -> None:
    other_nan = struct.unpack("<d", struct.pack("<Q", (0x7FF8 << 48) | 1))[0]
    alike = [1, True, 1.0, 1 + 0j, "1", b"1", 0, False, 0.0, -0.0, 0j, -0j, complex(0.0, -0.0), "", b"", None, ...]
    alike += [math.nan, other_nan, 2**70, 2**70 + 1, -(2**70), "\ud800", "\udfff", "\u00e9", "e\u0301"]
    assert math.isnan(other_nan)
    assert len({_digest([value]) for value in alike}) == len(alike)


@pytest.mark.parametrize(
    ("left", "right"),
    [(["a", "bc"], ["ab", "c"]), ([], [""]), (["", "a"], ["a", ""]), ([1, 2], [12]), ([b"a"], ["a"])],
)
def test_boundaries_between_tokens_count(left: list[Any], right: list[Any]) -> None:
    assert _digest(left) != _digest(right)


class _Int(int):
    pass


class _Str(str):
    pass


@pytest.mark.parametrize("value", [_Int(1), _Str("x"), (1,), [1], {}, frozenset(), bytearray(b"x"), object(), int])
def test_scalar_of_any_other_type_emits_nothing_and_says_so(value: object) -> None:
    tokens = _core.Tokens()
    assert tokens.scalar(value) is False
    assert tokens.finish() == hashlib.sha256(b"").digest()


_TYPED = {"bool_": True, "int_": 1, "float_": 1.0, "complex_": 1j, "str_": "1", "bytes_": b"1"}


@pytest.mark.parametrize("method", _TYPED)
def test_a_typed_method_takes_exactly_its_type(method: str) -> None:
    for other, value in _TYPED.items():
        tokens = _core.Tokens()
        if other == method:
            getattr(tokens, method)(value)
            assert tokens.finish() == _digest([value])
        else:
            with pytest.raises(TypeError, match="expected exactly"):
                getattr(tokens, method)(value)


def test_none_and_ellipsis_have_methods_of_their_own() -> None:
    tokens = _core.Tokens()
    tokens.none()
    tokens.ellipsis()
    assert tokens.finish() == _digest([None, ...])


def test_structure_is_part_of_the_stream() -> None:
    def digest(*calls: tuple[str, Any]) -> bytes:
        tokens = _core.Tokens()
        for method, arguments in calls:
            getattr(tokens, method)(*arguments)
        return tokens.finish()

    one = ("int_", (1,))
    digests = {
        digest(one, one),
        digest(("begin", ("tuple", 2)), one, one),
        digest(("begin", ("list", 2)), one, one),
        digest(("begin", ("tuple", 1)), one, one),
        digest(("tag", ("tuple",)), one, one),
        digest(("str_", ("tuple",)), one, one),
        digest(("digest_", (b"\1" * 32,))),
        digest(("bytes_", (b"\1" * 32,))),
    }
    assert len(digests) == 8


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_digest_of_another_length_is_a_value_error(size: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, not {size}"):
        _core.Tokens().digest_(bytes(size))


def test_finish_can_be_followed() -> None:
    tokens = _core.Tokens()
    tokens.int_(1)
    assert tokens.finish() == _digest([1])
    tokens.int_(2)
    assert tokens.finish() == _digest([1, 2])


@given(st.lists(_SCALARS, max_size=10))
def test_capture_has_one_line_a_token_and_does_not_change_the_digest(values: list[Any]) -> None:
    tokens = _core.Tokens(capture=True)
    for value in values:
        tokens.scalar(value)
    assert tokens.finish() == _digest(values)
    assert tokens.text().count("\n") == len(values)


def test_captured_text_can_be_read() -> None:
    tokens = _core.Tokens(capture=True)
    tokens.begin("tuple", 2)
    tokens.scalar(-7)
    tokens.scalar("caf\u00e9")
    assert tokens.text() == 'begin "tuple" 2\nint -7\nstr "caf\u00e9"\n'


def test_text_without_capture_is_a_value_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="capture=True"):
        _core.Tokens().text()
