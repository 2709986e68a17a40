"""The train step of ``jitserve demo``: flax linen, value_and_grad, optax.adamw, 12 unrolled layers."""

from __future__ import annotations

from typing import Any

import optax

import train_step  # a copy of the demo's script, which warm_start.py puts on the path


def build() -> tuple[Any, tuple[Any, ...]]:
    size = train_step.Size(layers=12, width=128)
    optimizer = optax.adamw(3e-4, weight_decay=0.01)
    step = train_step.make_train_step(train_step.Transformer(size), optimizer)
    return step, train_step.make_arguments(size, optimizer)
