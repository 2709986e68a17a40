"""The handlers of ``cache.proto``. No policy: they check the input, call what does the work, and word the reply."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from jitserve._errors import StoreFault
from jitserve.daemon import _blobs
from jitserve.daemon._input import InvalidInput, digest_of, key_of, keys_of, kind_of, payload_of, record_of, why_of
from jitserve.daemon._janitor import Janitor
from jitserve.daemon._leases import LeasesClosed, LeaseTable, TooManyLeases
from jitserve.daemon._tally import Tally
from jitserve.store._disk import DiskStore
from jitserve.store._tier import RECORD_LIMIT, Kind
from jitserve.store._wire import FAULT_KIND_METADATA, PROTOCOL
from jitserve.v1 import cache_pb2 as pb

Reply = TypeVar("Reply")
Context = grpc.aio.ServicerContext[Any, Any]
_Handler = Callable[["CacheService", Any, Context], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the daemon says it is. ``started`` is on the monotonic clock."""

    version: str
    started: float
    metrics_address: str


def _answering(handler: _Handler[Reply]) -> _Handler[Reply]:
    """Turns our exceptions into status codes: the only place that does."""

    @functools.wraps(handler)
    async def answer(self: CacheService, request: Any, context: Context) -> Reply:
        try:
            return await handler(self, request, context)
        except InvalidInput as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except StoreFault as fault:
            metadata = ((FAULT_KIND_METADATA, fault.kind),)
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, fault.message, metadata)
        except LeasesClosed:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the daemon is stopping")
        except TooManyLeases as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        raise AssertionError("abort() raises")

    return answer


class CacheService:
    """One daemon's answers. File work is done in threads, so that a slow disk does not hold up leases."""

    def __init__(
        self, store: DiskStore, leases: LeaseTable, tally: Tally, janitor: Janitor, identity: Identity
    ) -> None:
        self._store = store
        self._leases = leases
        self._tally = tally
        self._janitor = janitor
        self._identity = identity

    @_answering
    async def Hello(self, request: pb.HelloRequest, context: Context) -> pb.HelloReply:
        return pb.HelloReply(
            protocol=PROTOCOL, version=self._identity.version, pid=os.getpid(), store=str(self._store.layout.root)
        )

    @_answering
    async def Lease(self, requests: AsyncIterator[pb.LeaseRequest], context: Context) -> None:
        first = await anext(requests, None)
        key = key_of(first.key if first is not None else b"")

        async def queued() -> None:
            await context.write(pb.LeaseReply(queued=pb.LeaseReply.Queued()))

        async with self._leases.hold(key, queued):
            await context.write(pb.LeaseReply(granted=pb.LeaseReply.Granted()))
            async for _ in requests:  # ends when the client half-closes; is cancelled when it cancels or dies
                pass

    @_answering
    async def Lookup(self, request: pb.LookupRequest, context: Context) -> pb.LookupReply:
        kind, keys = kind_of(request.kind), keys_of(request)
        return await asyncio.to_thread(self._lookup, kind, keys)

    @_answering
    async def FetchBlob(self, request: pb.FetchBlobRequest, context: Context) -> None:
        async for part in _blobs.send(self._store, digest_of(request.digest)):
            await context.write(part)

    @_answering
    async def PutBlob(self, requests: AsyncIterator[pb.PutBlobRequest], context: Context) -> pb.PutBlobReply:
        await _blobs.receive(self._store, requests)
        return pb.PutBlobReply()

    @_answering
    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishReply:
        kind, key = record_of(request.record)
        await asyncio.to_thread(self._store.publish, kind, key, payload_of(request))
        self._janitor.touched()
        return pb.PublishReply()

    @_answering
    async def Quarantine(self, request: pb.QuarantineRequest, context: Context) -> pb.QuarantineReply:
        kind, key = record_of(request.record)
        await asyncio.to_thread(self._store.quarantine, kind, key, why_of(request))
        self._janitor.touched()
        return pb.QuarantineReply()

    @_answering
    async def Report(self, request: pb.ReportRequest, context: Context) -> pb.ReportReply:
        self._tally.add(request)
        return pb.ReportReply()

    @_answering
    async def Stats(self, request: pb.StatsRequest, context: Context) -> pb.StatsReply:
        totals = self._tally.totals()
        return pb.StatsReply(
            version=self._identity.version,
            pid=os.getpid(),
            store=str(self._store.layout.root),
            uptime_seconds=time.monotonic() - self._identity.started,
            outcomes=totals.outcomes,
            bypasses=totals.bypasses,
            faults=totals.faults,
            seconds_saved=totals.seconds_saved,
            published=totals.published,
            loads=sum(totals.load_buckets),
            load_seconds=totals.load_seconds,
            leases_held=self._leases.held,
            leases_waiting=self._leases.waiting,
            metrics_address=self._identity.metrics_address,
        )

    def _lookup(self, kind: Kind, keys: list[bytes]) -> pb.LookupReply:
        reply = pb.LookupReply()
        size = 0
        for key in keys:
            result = self._look_up_one(kind, key)
            size += len(result.payload)
            if reply.results and size > RECORD_LIMIT:
                break  # the rest does not fit into one message; the client asks again
            reply.results.append(result)
        return reply

    def _look_up_one(self, kind: Kind, key: bytes) -> pb.LookupResult:
        try:
            payload = self._store.lookup(kind, key)
        except StoreFault as fault:
            return pb.LookupResult(fault_kind=fault.kind)
        return pb.LookupResult() if payload is None else pb.LookupResult(payload=payload)
