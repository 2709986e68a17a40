"""The RPCs, asked by hand: what a client may send, and what comes back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from actors import PATIENCE_S, Daemon, key, short_directory

from jitserve.store._disk import DiskStore
from jitserve.store._tier import Digest, Kind
from jitserve.v1 import cache_pb2 as pb
from jitserve.v1 import cache_pb2_grpc

MANIFEST, PROGRAM = pb.RECORD_KIND_MANIFEST, pb.RECORD_KIND_PROGRAM


class Client:
    """The generated client, with a bound on every call."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = cache_pb2_grpc.CacheStub(channel)

    def __getattr__(self, method: str) -> Any:
        return lambda request: getattr(self._stub, method)(request, timeout=PATIENCE_S)

    def refusal(self, method: str, request: Any) -> tuple[grpc.StatusCode, str]:
        """Status and text with which a call is refused."""
        with pytest.raises(grpc.RpcError) as caught:
            self._exhaust(method, request)
        assert isinstance(caught.value, grpc.Call)
        return caught.value.code(), caught.value.details() or ""

    def _exhaust(self, method: str, request: Any) -> None:
        answer = getattr(self, method)(request)
        if isinstance(answer, grpc.Call):  # a stream
            list(answer)


@contextlib.contextmanager
def client_of(daemon: Daemon) -> Iterator[Client]:
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"unix:{daemon.socket}", options) as channel:
        yield Client(channel)


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    with client_of(daemon) as client:
        yield client


@pytest.fixture(scope="module")
def refused_client() -> Iterator[Client]:
    """For requests that change nothing: one daemon for all of them."""
    with (
        short_directory() as directory,
        Daemon(directory / "store", directory / "daemon.sock") as daemon,
        client_of(daemon) as client,
    ):
        yield client


def parts(data: bytes, digest: bytes, size: int, step: int = 1000) -> Iterator[pb.PutBlobRequest]:
    yield pb.PutBlobRequest(header=pb.BlobDigest(sha256=digest, size=size))
    for start in range(0, len(data), step):
        yield pb.PutBlobRequest(data=data[start : start + step])


def test_hello_says_who_is_there(client: Client, daemon: Daemon) -> None:
    reply = client.Hello(pb.HelloRequest(protocol=1))
    assert (reply.protocol, reply.pid, reply.store) == (1, daemon.process.pid, str(daemon.store))


def test_lookup_answers_many_keys_in_order_with_misses_and_faults(client: Client, store: DiskStore) -> None:
    store.publish(Kind.PROGRAM, key(1), b"one")
    store.publish(Kind.PROGRAM, key(3), b"three")
    store.layout.record(Kind.PROGRAM, key(3)).write_bytes(b"rubbish")
    store.publish(Kind.PROGRAM, key(4), b"")
    keys = [key(number) for number in (1, 2, 3, 4)]
    results = client.Lookup(pb.LookupRequest(kind=PROGRAM, keys=keys)).results
    seen = [(result.payload if result.HasField("payload") else None, result.fault_kind) for result in results]
    assert seen == [(b"one", ""), (None, ""), (None, "corrupt_record"), (b"", "")]


def test_lookup_of_more_than_one_message_holds_answers_the_first_keys(client: Client, store: DiskStore) -> None:
    payload = bytes(40 * 1024 * 1024)
    for number in (1, 2, 3):
        store.publish(Kind.PROGRAM, key(number), payload)
    reply = client.Lookup(pb.LookupRequest(kind=PROGRAM, keys=[key(1), key(2), key(3)]))
    assert [len(result.payload) for result in reply.results] == [len(payload)]


@pytest.mark.parametrize("size", [0, 1, 2_500_000])
def test_blob_goes_there_and_back(client: Client, store: DiskStore, size: int) -> None:
    data = bytes(range(250)) * (size // 250) or bytes(size)
    digest = sha256(data).digest()
    client.PutBlob(parts(data, digest, len(data)))
    assert store.fetch(Digest(digest, len(data))) == data
    request = pb.FetchBlobRequest(digest=pb.BlobDigest(sha256=digest, size=len(data)))
    assert b"".join(part.data for part in client.FetchBlob(request)) == data


def test_big_blobs_are_never_whole_in_the_daemons_memory(client: Client, daemon: Daemon) -> None:
    data = bytes(range(256)) * (1 << 19)  # 128 MiB
    digest = sha256(data).digest()

    def anonymous_memory() -> int:
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))

    before = anonymous_memory()
    client.PutBlob(parts(data, digest, len(data), 1 << 20))
    request = pb.FetchBlobRequest(digest=pb.BlobDigest(sha256=digest, size=len(data)))
    for part in client.FetchBlob(request):
        assert len(part.data) <= 1 << 20
    assert anonymous_memory() - before < len(data) / 2


@pytest.mark.parametrize("announced", [4, 6, 2**62])
def test_blob_of_another_size_than_announced_is_not_stored(client: Client, store: DiskStore, announced: int) -> None:
    code, _ = client.refusal("PutBlob", parts(b"12345", sha256(b"12345").digest(), announced))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert store.usage().blobs == 0
    assert list(store.layout.tmp.iterdir()) == []


def test_blob_that_is_not_what_was_announced_is_not_stored(client: Client, store: DiskStore) -> None:
    code, text = client.refusal("PutBlob", parts(b"12345", sha256(b"54321").digest(), 5))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "not the blob announced" in text
    assert store.usage().blobs == 0


def test_blob_without_a_header_is_refused(refused_client: Client) -> None:
    for requests in ([], [pb.PutBlobRequest(data=b"12345")]):
        code, text = refused_client.refusal("PutBlob", iter(requests))
        assert (code, text) == (grpc.StatusCode.INVALID_ARGUMENT, "the first message of PutBlob is the header")


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Lookup", pb.LookupRequest(kind=PROGRAM)),
        ("Lookup", pb.LookupRequest(kind=PROGRAM, keys=[b"short"])),
        ("Lookup", pb.LookupRequest(kind=PROGRAM, keys=[b"x" * 33])),
        ("Lookup", pb.LookupRequest(kind=PROGRAM, keys=[bytes(32)] * 10_001)),
        ("Lookup", pb.LookupRequest(keys=[bytes(32)])),
        ("Lookup", pb.LookupRequest(kind=77, keys=[bytes(32)])),
        ("Publish", pb.PublishRequest()),
        ("Publish", pb.PublishRequest(record=pb.RecordKey(kind=PROGRAM, key=bytes(32)))),
        ("Publish", pb.PublishRequest(record=pb.RecordKey(kind=PROGRAM, key=b"../../etc/passwd"), payload=b"x")),
        ("Publish", pb.PublishRequest(record=pb.RecordKey(kind=PROGRAM, key=bytes(32)), payload=bytes(2**26 + 1))),
        ("Quarantine", pb.QuarantineRequest(record=pb.RecordKey(kind=MANIFEST, key=b""))),
        ("FetchBlob", pb.FetchBlobRequest()),
        ("FetchBlob", pb.FetchBlobRequest(digest=pb.BlobDigest(sha256=bytes(31)))),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{len(value.SerializeToString())} bytes",
)
def test_input_that_breaks_the_rules_is_refused_as_such(refused_client: Client, method: str, request_: Any) -> None:
    code, text = refused_client.refusal(method, request_)
    assert code is grpc.StatusCode.INVALID_ARGUMENT, text
    assert text


@pytest.mark.parametrize("lease", [b"", b"short", bytes(33)])
def test_lease_on_what_is_not_a_key_is_refused(refused_client: Client, lease: bytes) -> None:
    code, _ = refused_client.refusal("Lease", iter([pb.LeaseRequest(key=lease)]))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_lease_is_freed_when_the_client_half_closes(client: Client, store: DiskStore) -> None:
    replies = list(client.Lease(iter([pb.LeaseRequest(key=key(1))])))
    assert [reply.WhichOneof("event") for reply in replies] == ["granted"]
    lease = store.acquire(key(1), 0.0)
    assert lease is not None
    lease.release()


def test_publish_of_a_manifest_that_is_none_is_a_fault_of_the_record(client: Client, store: DiskStore) -> None:
    record = pb.RecordKey(kind=MANIFEST, key=key(1))
    with pytest.raises(grpc.RpcError) as caught:
        client.Publish(pb.PublishRequest(record=record, payload=b"\xff\xff\xff"))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert ("jitserve-fault-kind", "bad_record") in [tuple(pair) for pair in error.trailing_metadata()]
    assert store.lookup(Kind.MANIFEST, key(1)) is None


def test_published_and_quarantined_records_are_those_of_the_directory(client: Client, store: DiskStore) -> None:
    record = pb.RecordKey(kind=PROGRAM, key=key(1))
    client.Publish(pb.PublishRequest(record=record, payload=b"program"))
    assert store.lookup(Kind.PROGRAM, key(1)) == b"program"
    client.Quarantine(pb.QuarantineRequest(record=record, why="a test says so"))
    assert store.lookup(Kind.PROGRAM, key(1)) is None
