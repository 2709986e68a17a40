"""The program of an actor: a process with a store of its own, told what to do by JSON lines on its standard input.

Each line is ``{"do": name, ...}``; each answer is ``{"ok": result}`` or ``{"fault": kind, "message": text}``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from jitserve._errors import StoreFault
from jitserve._settings import Settings
from jitserve.store._open import open_store
from jitserve.store._tier import Digest, Kind


class Actor:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self.store = open_store(Settings.from_env(), lambda fault: self.faults.append(fault.kind))
        self.leases: dict[str, Any] = {}

    def acquire(self, key: str, timeout: float) -> bool:
        lease = self.store.acquire(bytes.fromhex(key), timeout)
        if lease is not None:
            self.leases[key] = lease
        return lease is not None

    def release(self, key: str) -> None:
        self.leases.pop(key).release()

    def lookup(self, key: str, kind: str = "MANIFEST") -> str | None:
        payload = self.store.lookup(Kind[kind], bytes.fromhex(key))
        return None if payload is None else payload.hex()

    def publish(self, key: str, payload: str, kind: str = "MANIFEST") -> None:
        self.store.publish(Kind[kind], bytes.fromhex(key), bytes.fromhex(payload))

    def put(self, data: str) -> list[Any]:
        digest = self.store.put(bytes.fromhex(data))
        return [digest.hash.hex(), digest.size]

    def fetch(self, sha256: str, size: int) -> str:
        return self.store.fetch(Digest(bytes.fromhex(sha256), size)).tobytes().hex()

    def quarantine(self, key: str, kind: str = "MANIFEST") -> None:
        self.store.quarantine(Kind[kind], bytes.fromhex(key), "a test says so")

    def report(self, batch: Any) -> None:
        self.store.report(batch)

    def tier(self) -> str:
        return type(self.store).__name__

    def seen_faults(self) -> list[str]:
        return self.faults

    def modules(self) -> list[str]:
        return sorted(sys.modules)

    def close(self) -> None:
        self.store.close()

    def contend(self, key: str, rounds: int, inside: str) -> int:
        """Takes the lease ``rounds`` times; returns how often somebody else was inside as well."""
        intruders = 0
        for _ in range(rounds):
            lease = self.store.acquire(bytes.fromhex(key), 120.0)
            assert lease is not None
            with lease:
                try:
                    os.mkdir(inside)
                except FileExistsError:
                    intruders += 1
                else:
                    os.rmdir(inside)
        return intruders

    def in_fork(self, command: Any) -> Any:
        """Does it in a forked child instead, with the store that this process had opened."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.write(writer, json.dumps(answer(self, command)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            result = json.load(pipe)
        os.waitpid(child, 0)
        return result

    def sleep_in_fork(self) -> int:
        """Leaves a forked child that does nothing; returns its pid."""
        child = os.fork()
        if not child:
            threading.Event().wait()
        return child


def answer(actor: Actor, command: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": getattr(actor, command.pop("do"))(**command)}
    except StoreFault as fault:
        return {"fault": fault.kind, "message": fault.message}


def commands() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def main() -> None:
    actor = Actor()
    print(json.dumps({"ok": actor.tier()}), flush=True)
    for command in commands():
        print(json.dumps(answer(actor, command)), flush=True)


if __name__ == "__main__":
    main()
