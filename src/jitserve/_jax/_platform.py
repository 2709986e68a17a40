"""The devices that this process computes on, as far as they shape a program."""

from __future__ import annotations

from typing import Any

import jax
from jax._src import xla_bridge

# Variables of JAX's that hold texts for errors only: why a platform could not be used that nobody has asked for.
SAID_ONLY = frozenset(("jax._src.xla_bridge._backend_errors",))


def has_backend() -> bool:
    """Whether a backend has been started in this process."""
    return xla_bridge.backends_are_initialized()


def describe_devices() -> list[tuple[str, object]]:
    """Name and value of everything that tells this process's accelerators from others. Starts the backend."""
    client = xla_bridge.get_backend()
    devices = client.devices()
    return [
        ("platform", client.platform),
        ("platform_version", client.platform_version),
        ("process", (jax.process_index(), jax.process_count())),
        ("devices", tuple((device.id, device.device_kind, device.process_index) for device in devices)),
        ("topology", _topology(client)),
        ("other platforms", _others(client)),
    ]


def _others(client: Any) -> tuple[tuple[object, ...], ...]:
    """The devices that a function can ask for by the name of their platform, beside those of the default one."""
    others = sorted((name, other) for name, other in xla_bridge.backends().items() if other is not client)
    return tuple((name, *((device.id, device.device_kind) for device in other.devices())) for name, other in others)


def _topology(client: Any) -> object:
    try:
        topology = client.get_topology_for_devices(client.devices())
        fingerprint: object = topology.fingerprint()
    # The CPU client and older plugins do not offer one, each in its own way; kinds and ids are in the key anyway.
    except Exception:  # noqa: BLE001
        return None
    return fingerprint if isinstance(fingerprint, int | str | bytes) else None


def devices_by_id(platform: str | None) -> dict[int, Any]:
    """The devices of one platform (None: the default one). Raises RuntimeError when this process has none."""
    return {device.id: device for device in xla_bridge.get_backend(platform).devices()}


def client_of(platform: str | None) -> Any:
    """The PJRT client of a platform (None: the default one). Starts it; RuntimeError when this process has none."""
    return xla_bridge.get_backend(platform)
