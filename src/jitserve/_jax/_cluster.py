"""The processes of one JAX job: which of them a call or a program involves, and the key-value store that they share.

JAX keeps that store for itself (``jax.distributed`` starts it), so it is private API.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import jax
from jax._src import config, distributed, mesh
from jax._src.layout import Format
from jaxlib import _jax

from jitserve._errors import AgreementError
from jitserve._jax._call import Call, leaf_placement
from jitserve._jax._pjit import option_fields
from jitserve._jax.types import Mesh, NamedSharding, Sharding

# Seconds within which the coordinator must answer a question that it need not wait for.
_PROMPT_S = 10.0


def process_index() -> int:
    """Which of the job's processes this one is."""
    return int(jax.process_index())


def processes_named(call: Call) -> frozenset[int]:
    """The processes whose devices a call names: by the placement of its arguments, its options and its context.

    Empty where those are devices of this process only: as far as can be seen before tracing, the call is local.
    """
    devices: set[Any] = set()
    seen: dict[int, Any] = {}  # thousands of leaves share a few shardings; the values keep the ids theirs
    for leaf in call.leaves:
        sharding = leaf_placement(leaf)[0]
        if id(sharding) not in seen:
            seen[id(sharding)] = sharding
            devices.update(_devices_in(sharding))
    for _, value in option_fields(call.info):
        devices.update(_devices_in(value))
    for value in (mesh.get_concrete_mesh(), mesh.thread_resources.env.physical_mesh, config.default_device.value):
        devices.update(_devices_in(value))
    processes = frozenset(device.process_index for device in devices)
    return frozenset() if processes <= {process_index()} else processes


def _devices_in(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for item in value:
            yield from _devices_in(item)
    elif isinstance(value, Format):
        yield from _devices_in(value.sharding)
    elif isinstance(value, NamedSharding):
        yield from _devices_in(value.mesh)
    elif isinstance(value, Mesh):
        yield from () if value.empty else value.devices.flat
    elif isinstance(value, Sharding):
        yield from value.device_set
    elif isinstance(value, jax.Device):
        yield value


def processes_of(executable: Any) -> frozenset[int]:
    """The processes that run an executable together."""
    return processes_owning(executable._unloaded_executable.device_list)


def processes_owning(devices: Iterable[Any]) -> frozenset[int]:
    """The processes that these devices belong to."""
    return frozenset(device.process_index for device in devices)


class KeyValues:
    """The key-value store of the job. Keys are paths; nothing is ever overwritten or removed.

    Args:
        client: JAX's connection to the coordinator.
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def put_first(self, key: str, value: str) -> str:
        """Stores ``value`` unless something is stored under ``key``; returns what is stored now."""
        try:
            self.client.key_value_set(key, value, allow_overwrite=False)
        except _jax.JaxRuntimeError as error:
            if not str(error).startswith("ALREADY_EXISTS"):
                raise AgreementError(_first_line(error)) from None
        else:
            return value
        found = self.get(key, _PROMPT_S)
        if found is None:
            raise AgreementError(f"the coordinator does not answer within {_PROMPT_S} s")
        return found

    def get(self, key: str, timeout_s: float) -> str | None:
        """What is stored under ``key``, as soon as it is; None after ``timeout_s`` seconds."""
        try:
            return str(self.client.blocking_key_value_get(key, max(1, round(timeout_s * 1000))))
        except _jax.JaxRuntimeError as error:
            if str(error).startswith("DEADLINE_EXCEEDED"):
                return None
            raise AgreementError(_first_line(error)) from None

    def under(self, directory: str) -> dict[str, str]:
        """Everything stored under ``directory``, by the last part of its key."""
        try:
            entries = self.client.key_value_dir_get(directory)
        except _jax.JaxRuntimeError as error:
            raise AgreementError(_first_line(error)) from None
        return {key.rsplit("/", 1)[-1]: value for key, value in entries}

    def count(self, key: str) -> int:
        """Adds one to a counter, and returns what it is now. It can be too high: a lost answer is asked for again."""
        try:
            return int(self.client.key_value_increment(key, 1))
        except _jax.JaxRuntimeError as error:
            raise AgreementError(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def key_values() -> KeyValues | None:
    """The key-value store of the job; None where its processes found each other without ``jax.distributed``."""
    client = distributed.global_state.client
    return None if client is None else KeyValues(client)
