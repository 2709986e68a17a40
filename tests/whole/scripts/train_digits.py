"""Trains a small convolutional network on pictures of seven-segment digits.

Usage: python train_digits.py [--epochs N] [--batch-size N] [--seed N] [--checkpoint FILE]
"""

import argparse
import functools
import json
import logging
import time
from dataclasses import asdict, dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax import serialization
from flax.training import train_state

logger = logging.getLogger("train_digits")

# Segments of each digit:  0: top, 1: upper left, 2: upper right, 3: middle, 4: lower left, 5: lower right, 6: bottom.
SEGMENTS = {
    0: (0, 1, 2, 4, 5, 6),
    1: (2, 5),
    2: (0, 2, 3, 4, 6),
    3: (0, 2, 3, 5, 6),
    4: (1, 2, 3, 5),
    5: (0, 1, 3, 5, 6),
    6: (0, 1, 3, 4, 5, 6),
    7: (0, 2, 5),
    8: (0, 1, 2, 3, 4, 5, 6),
    9: (0, 1, 2, 3, 5, 6),
}


@dataclass(frozen=True)
class Config:
    """What a run depends on."""

    epochs: int = 2
    batch_size: int = 64
    train_size: int = 512
    test_size: int = 128
    features: int = 16
    dropout: float = 0.1
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    noise: float = 0.3
    seed: int = 0


def draw(digit):
    """A picture of 16 x 16 pixels."""
    picture = np.zeros((16, 16), np.float32)
    strokes = [
        (slice(2, 4), slice(4, 12)),
        (slice(2, 8), slice(3, 5)),
        (slice(2, 8), slice(11, 13)),
        (slice(7, 9), slice(4, 12)),
        (slice(8, 14), slice(3, 5)),
        (slice(8, 14), slice(11, 13)),
        (slice(12, 14), slice(4, 12)),
    ]
    for segment in SEGMENTS[digit]:
        picture[strokes[segment]] = 1.0
    return picture


def make_data(size, noise, rng):
    """Noisy and shifted pictures, and the digits on them."""
    templates = np.stack([draw(digit) for digit in range(10)])
    labels = rng.integers(0, 10, size)
    shifts = rng.integers(-2, 3, (size, 2))
    pictures = np.stack([np.roll(templates[label], shift, (0, 1)) for label, shift in zip(labels, shifts, strict=True)])
    pictures += noise * rng.standard_normal(pictures.shape).astype(np.float32)
    return pictures[..., None], labels


def batches(pictures, labels, size, rng):
    """Shuffled batches of equal size."""
    order = rng.permutation(len(labels))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        yield {"picture": jnp.asarray(pictures[chosen]), "label": jnp.asarray(labels[chosen])}


class Block(nn.Module):
    """Convolution, normalisation, and a way around both."""

    features: int

    @nn.compact
    def __call__(self, x):
        y = nn.Conv(self.features, (3, 3))(x)
        y = nn.GroupNorm(num_groups=4)(y)
        y = nn.gelu(y)
        y = nn.Conv(self.features, (3, 3))(y)
        if x.shape[-1] != self.features:
            x = nn.Conv(self.features, (1, 1))(x)
        return nn.gelu(x + y)


class Network(nn.Module):
    """Two blocks and two dense layers."""

    features: int
    dropout: float

    @nn.compact
    def __call__(self, x, *, training):
        for stage in range(2):
            x = Block(self.features * 2**stage)(x)
            x = nn.avg_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        x = nn.Dense(4 * self.features)(x)
        x = nn.Dropout(self.dropout, deterministic=not training)(nn.gelu(x))
        return nn.Dense(10)(x)


class TrainState(train_state.TrainState):
    """Adds the key of the dropout."""

    key: jax.Array


def create_state(config, steps):
    """Parameters and optimiser state at the beginning."""
    init_key, dropout_key = jax.random.split(jax.random.key(config.seed))
    network = Network(config.features, config.dropout)
    parameters = network.init(init_key, jnp.zeros((1, 16, 16, 1)), training=False)["params"]
    schedule = optax.linear_schedule(config.learning_rate, 0.0, steps)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=config.weight_decay))
    return TrainState.create(apply_fn=network.apply, params=parameters, tx=optimizer, key=dropout_key)


def loss_and_accuracy(logits, labels):
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
    return loss, jnp.mean(jnp.argmax(logits, -1) == labels)


@functools.partial(jax.jit, donate_argnums=0)
def train_step(state, batch):
    """One step of the optimiser."""
    key = jax.random.fold_in(state.key, state.step)

    def loss_of(parameters):
        logits = state.apply_fn({"params": parameters}, batch["picture"], training=True, rngs={"dropout": key})
        return loss_and_accuracy(logits, batch["label"])

    (loss, accuracy), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    return state.apply_gradients(grads=gradients), {"loss": loss, "accuracy": accuracy}


@jax.jit
def eval_step(state, batch):
    """Loss and accuracy without dropout."""
    logits = state.apply_fn({"params": state.params}, batch["picture"], training=False)
    loss, accuracy = loss_and_accuracy(logits, batch["label"])
    return {"loss": loss, "accuracy": accuracy}


def mean_of(metrics):
    """The means of a list of dictionaries of numbers."""
    return {name: float(jnp.mean(jnp.stack([each[name] for each in metrics]))) for name in metrics[0]}


def train(config):
    """Trains, and returns the state and what was measured after each epoch."""
    rng = np.random.default_rng(config.seed)
    train_data = make_data(config.train_size, config.noise, rng)
    test_data = make_data(config.test_size, config.noise, rng)
    state = create_state(config, config.epochs * (config.train_size // config.batch_size))
    count = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    logger.info("%d parameters, %s", count, asdict(config))
    history = []
    for epoch in range(config.epochs):
        started = time.perf_counter()
        train_metrics, test_metrics = [], []
        for batch in batches(*train_data, config.batch_size, rng):
            state, metrics = train_step(state, batch)
            train_metrics.append(metrics)
        for batch in batches(*test_data, config.batch_size, rng):
            test_metrics.append(eval_step(state, batch))
        history.append({"train": mean_of(train_metrics), "test": mean_of(test_metrics)})
        logger.info("epoch %d in %.2f s: %s", epoch, time.perf_counter() - started, history[-1])
    return state, history


def confusion(state, pictures, labels):
    """How often each digit was taken for which other."""
    logits = state.apply_fn({"params": state.params}, jnp.asarray(pictures), training=False)
    guesses = np.asarray(jnp.argmax(logits, -1))
    table = np.zeros((10, 10), int)
    np.add.at(table, (labels, guesses), 1)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    parser.add_argument("--batch-size", type=int, default=Config.batch_size)
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    config = Config(epochs=options.epochs, batch_size=options.batch_size, seed=options.seed)
    state, history = train(config)
    table = confusion(state, *make_data(64, config.noise, np.random.default_rng(1)))
    print(json.dumps({"history": history, "right": int(np.trace(table)), "steps": int(state.step)}))
    if options.checkpoint:
        with open(options.checkpoint, "wb") as file:
            file.write(serialization.to_bytes(state.params))


if __name__ == "__main__":
    main()
