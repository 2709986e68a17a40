"""SHA-256: against ``hashlib`` and against known vectors."""

from __future__ import annotations

import array
import hashlib
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitserve import _core

# From the examples that NIST publishes with FIPS 180-4.
_VECTORS = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    b"a" * 1_000_000: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}


@pytest.mark.parametrize(("data", "expected"), _VECTORS.items(), ids=["empty", "abc", "two-blocks", "a-million"])
def test_sha256_of_a_known_vector_is_the_published_digest(data: bytes, expected: str) -> None:
    assert _core.sha256(data).hex() == expected


@given(st.binary(max_size=10_000))
def test_sha256_agrees_with_hashlib(data: bytes) -> None:
    assert _core.sha256(data) == hashlib.sha256(data).digest()


@given(st.lists(st.binary(max_size=6000), max_size=8))
def test_hasher_fed_in_pieces_agrees_with_hashlib(pieces: list[bytes]) -> None:
    hasher, oracle = _core.Hasher(), hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
        oracle.update(piece)
        assert hasher.digest() == oracle.digest()


@pytest.mark.parametrize(
    "data",
    [bytearray(b"some bytes"), memoryview(b"some bytes"), array.array("d", [1.5, 2.5]), np.arange(5000)],
    ids=["bytearray", "memoryview", "array", "numpy"],
)
def test_sha256_takes_any_contiguous_buffer(data: memoryview) -> None:
    assert _core.sha256(data) == hashlib.sha256(data).digest()


def test_sha256_of_something_without_a_buffer_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="str"):
        _core.sha256("text")  # type: ignore[arg-type]


def test_sha256_of_a_strided_view_is_a_buffer_error() -> None:
    with pytest.raises(BufferError):
        _core.sha256(memoryview(b"0123456789")[::2])


def test_threads_that_hash_large_buffers_get_their_own_digests() -> None:
    buffers = [bytes([n]) * 3_000_000 for n in range(4)]
    digests: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda n=n, b=b: digests.update({n: _core.sha256(b)})) for n, b in enumerate(buffers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == {n: hashlib.sha256(b).digest() for n, b in enumerate(buffers)}
