"""The environment of this process as ingredients: toolchain, devices, flags, and JAX's configuration."""

from __future__ import annotations

import operator
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jitserve import _core, _jax, fingerprint
from jitserve._ingredient import XLA_OPTIONS
from jitserve._outcome import Refusal
from jitserve.fingerprint import Ingredient

_VALUE = operator.attrgetter("value")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment at one moment.

    Attributes:
        ingredients: one by one.
        digest: 32 bytes over all of them.
    """

    ingredients: tuple[Ingredient, ...]
    digest: bytes


class Environment:
    """Everything outside of a call that shapes what it compiles to.

    Toolchain and flags are digested once: they cannot change while a process runs; the devices once for each backend,
    since a program may clear it, and start another one. The configuration and the state of the process are read for
    every call, since they can be changed by a context manager around it.

    Args:
        memo: directory for digests of the toolchain's files; None to compute them anew.
    """

    def __init__(self, memo: Path | None) -> None:
        self._refusal: Refusal | None = None
        self._toolchain: tuple[Ingredient, ...] = ()
        try:
            self._toolchain = fingerprint.environment(memo)
        except Refusal as refusal:
            self._refusal = refusal.without_frames()
        # Not the backend itself: a program clears it to have its memory back.
        self._backend: weakref.ref[Any] | None = None
        self._of_backend: tuple[Ingredient, ...] = ()
        self._states: list[tuple[str, Any]] = []
        self._holders: list[Any] = []
        self._count = 0
        # With the values that it is of, in one place: threads have configurations of their own.
        self._config: tuple[list[object], Ingredient] | None = None
        self._process: tuple[tuple[object, ...] | None, Ingredient] | None = None
        # With what it is made of, for the same reason.
        self._now: tuple[tuple[object, ...], Surroundings] | None = None

    def now(self) -> Surroundings:
        """The ingredients as of now. The same object until something changes.

        Raises:
            Refusal: a configuration value cannot be digested, or the toolchain is not that of this process.
        """
        if self._refusal is not None:
            raise Refusal(self._refusal.reason, self._refusal.path, self._refusal.detail)
        devices, *changing = parts = self._devices(), self._configuration(), self._process_state()
        now = self._now
        if now is None or any(map(operator.is_not, now[0], parts)):
            ingredients = (*self._toolchain, *devices, *changing)
            now = self._now = parts, Surroundings(ingredients, _digest(ingredients))
        return now[1]

    def changing(self) -> tuple[bytes, ...]:
        """The digests of those ingredients that can change while JAX keeps its caches.

        Raises:
            Refusal: a configuration value cannot be digested.
        """
        return self._configuration().digest, self._process_state().digest

    def _devices(self) -> tuple[Ingredient, ...]:
        """What the devices are, and the options of XLA, which it has read by the time that there are devices."""
        backend = _jax.client_of(None)
        if self._backend is None or self._backend() is not backend:
            devices = [_ingredient(f"device {name}", value) for name, value in _jax.describe_devices()]
            self._of_backend = (*devices, _options())
            self._backend = weakref.ref(backend)
        return self._of_backend

    def _configuration(self) -> Ingredient:
        if self._count != (count := _jax.config_count()):
            self._states, self._count, self._config = fingerprint.relevant_states(_jax.config_holders()), count, None
            self._holders = [holder for _, holder in self._states]
        values = list(map(_VALUE, self._holders))
        config = self._config
        # The very same objects: cheaper to see than to digest 150 values again.
        if config is None or any(map(operator.is_not, values, config[0])):
            states = [(name, value) for (name, _), value in zip(self._states, values, strict=True)]
            config = self._config = values, _ingredient("config", states)
        return config[1]

    def _process_state(self) -> Ingredient:
        state = fingerprint.process_state()
        before = self._process
        if before is not None and before[0] is not None and _core.is_same(state, before[0]):
            return before[1]
        part = _ingredient("process state", state)
        if before is not None and before[1].digest == part.digest:
            part = before[1]
        # What has an object in it may have changed by the next call, and is still the very same object.
        self._process = state if fingerprint.is_plain(state) else None, part
        return part


def _options() -> Ingredient:
    """What XLA goes by, whatever the environment says of its flags by now."""
    options = _jax.xla_options()
    tokens = _core.Tokens()
    tokens.begin("options", len(options))
    for number, value in options:
        tokens.int_(number)
        tokens.scalar(value)
    return Ingredient(XLA_OPTIONS, tokens.finish(), "as XLA read its flags")


def _digest(parts: tuple[Ingredient, ...]) -> bytes:
    tokens = _core.Tokens()
    tokens.begin("environment", len(parts))
    for part in parts:
        tokens.str_(part.name)
        tokens.digest_(part.digest)
    return tokens.finish()


def _ingredient(name: str, value: object) -> Ingredient:
    return Ingredient(name, fingerprint.walk(None, [(name, value)]).digest, str(value)[:200])
