"""The demo's main job: one training step of a flax transformer, called once in this process.

``python train_step.py --jit jitserve --report report.json`` makes the first call of the step and writes what it cost.
The step itself knows nothing of jitserve: ``--jit jax`` runs the same under plain ``jax.jit``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import numpy as np
import optax

from jitserve.demo import _child


class Size(NamedTuple):
    """The dimensions of the model and of one batch."""

    layers: int
    width: int
    heads: int = 4
    vocabulary: int = 512
    batch: int = 2
    length: int = 32


class Block(nn.Module):
    """Pre-norm attention and a two-layer perceptron, each with a residual connection."""

    width: int
    heads: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=self.heads)(y, mask=mask)
        y = nn.gelu(nn.Dense(4 * self.width)(nn.LayerNorm()(x)))
        return x + nn.Dense(self.width)(y)


class Transformer(nn.Module):
    """A decoder-only language model with its layers unrolled, as most training code writes it."""

    size: Size

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        size = self.size
        embed = nn.Embed(size.vocabulary, size.width)
        positions = self.param("positions", nn.initializers.normal(0.02), (size.length, size.width))
        x = embed(tokens) + positions
        mask = nn.make_causal_mask(tokens)
        for _ in range(size.layers):
            x = Block(size.width, size.heads)(x, mask)
        return embed.attend(nn.LayerNorm()(x))


def make_train_step(model: Transformer, optimizer: optax.GradientTransformation) -> Any:
    """Returns ``step(params, opt_state, tokens) -> (params, opt_state, loss)``."""

    def loss_of(params: Any, tokens: jax.Array) -> jax.Array:
        logits = model.apply({"params": params}, tokens[:, :-1])
        return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()

    def train_step(params: Any, opt_state: Any, tokens: jax.Array) -> tuple[Any, Any, jax.Array]:
        loss, grads = jax.value_and_grad(loss_of)(params, tokens)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss

    return train_step


def make_params(size: Size, seed: int = 0) -> dict[str, Any]:
    """Parameters drawn with numpy: ``model.init`` would trace the model before the call that we measure."""
    rng = np.random.default_rng(seed)
    width, heads = size.width, size.heads

    def draw(*shape: int) -> np.ndarray:
        return (0.02 * rng.standard_normal(shape)).astype(np.float32)

    def norm() -> dict[str, np.ndarray]:
        return {"scale": np.ones(width, np.float32), "bias": np.zeros(width, np.float32)}

    def dense(kernel: tuple[int, ...], bias: tuple[int, ...]) -> dict[str, np.ndarray]:
        return {"kernel": draw(*kernel), "bias": np.zeros(bias, np.float32)}

    def block() -> dict[str, Any]:
        split = (heads, width // heads)
        attention = {name: dense((width, *split), split) for name in ("query", "key", "value")}
        attention["out"] = dense((*split, width), (width,))
        return {
            "LayerNorm_0": norm(),
            "MultiHeadDotProductAttention_0": attention,
            "LayerNorm_1": norm(),
            "Dense_0": dense((width, 4 * width), (4 * width,)),
            "Dense_1": dense((4 * width, width), (width,)),
        }

    params: dict[str, Any] = {f"Block_{i}": block() for i in range(size.layers)}
    params["Embed_0"] = {"embedding": draw(size.vocabulary, width)}
    params["LayerNorm_0"] = norm()
    params["positions"] = draw(size.length, width)
    return params


def make_arguments(size: Size, optimizer: optax.GradientTransformation) -> tuple[Any, Any, np.ndarray]:
    """The arguments of one step: parameters, optimizer state (zeros), and one batch of tokens."""
    params = make_params(size)
    state_shapes = jax.eval_shape(optimizer.init, params)
    opt_state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), state_shapes)
    tokens = np.random.default_rng(1).integers(0, size.vocabulary, (size.batch, size.length + 1), dtype=np.int32)
    return params, opt_state, tokens


def main() -> None:
    options = _child.parse_options()
    size = Size(layers=options.layers, width=options.width)
    optimizer = optax.adamw(3e-4, weight_decay=0.01)
    step = options.jit(make_train_step(Transformer(size), optimizer), donate_argnums=(0, 1))
    _child.write_report(options.report, step, make_arguments(size, optimizer))


if __name__ == "__main__":
    main()
