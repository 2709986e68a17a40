"""Blobs over a stream, without ever holding a whole one in memory."""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections.abc import AsyncIterator
from typing import IO

from jitserve import _core
from jitserve.daemon._input import InvalidInput, digest_of
from jitserve.store._disk import DiskStore
from jitserve.store._faults import writing
from jitserve.store._tier import Digest
from jitserve.store._wire import CHUNK_BYTES
from jitserve.v1 import cache_pb2 as pb


async def send(store: DiskStore, digest: Digest) -> AsyncIterator[pb.FetchBlobReply]:
    """The parts of a blob. The client's flow control decides how fast they are made."""
    view = await asyncio.to_thread(store.fetch, digest)
    for start in range(0, len(view), CHUNK_BYTES):
        yield pb.FetchBlobReply(data=bytes(view[start : start + CHUNK_BYTES]))


async def receive(store: DiskStore, parts: AsyncIterator[pb.PutBlobRequest]) -> None:
    """Stores what a client sends, once size and digest are what it announced.

    Raises:
        InvalidInput: they are not, or the stream does not follow the protocol.
        StoreFault: it cannot be stored.
    """
    first = await anext(parts, None)
    if first is None or first.WhichOneof("part") != "header":
        raise InvalidInput("the first message of PutBlob is the header")
    digest = digest_of(first.header)
    with writing("an incoming blob"), tempfile.TemporaryFile(dir=store.layout.tmp) as spool:
        await _spool(parts, digest, spool)
        await asyncio.to_thread(_store, store, spool, digest.size)


async def _spool(parts: AsyncIterator[pb.PutBlobRequest], digest: Digest, spool: IO[bytes]) -> None:
    hasher = _core.Hasher()
    received = 0
    async for part in parts:
        received += len(part.data)
        if received > digest.size:
            raise InvalidInput(f"{digest.size} bytes were announced, more are coming")
        hasher.update(part.data)
        await asyncio.to_thread(spool.write, part.data)
    if received != digest.size or hasher.digest() != digest.hash:
        raise InvalidInput(f"{received} bytes came that are not the blob announced, {digest}")


def _store(store: DiskStore, spool: IO[bytes], size: int) -> None:
    if not size:
        store.put(b"")
        return
    spool.flush()
    with mmap.mmap(spool.fileno(), size, access=mmap.ACCESS_READ) as data:
        store.put(data)
