"""One process of ``fingerprint.py``: what the first call of a train step costs when nothing is stored.

``python cold_call.py --jit jax`` or ``--jit jitserve``. Prints the milliseconds of the call: by the clock, by the CPU.
"""

from __future__ import annotations

import argparse
import time

import jax
import optax

import jitserve
from jitserve.demo import train_step as demo


def main() -> None:
    """Makes the call, and waits for its results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jit", choices=("jax", "jitserve"), required=True)
    parser.add_argument("--layers", type=int, default=12)
    options = parser.parse_args()
    size, optimizer = demo.Size(layers=options.layers, width=128), optax.adamw(1e-3)
    function = demo.make_train_step(demo.Transformer(size), optimizer)
    arguments = demo.make_arguments(size, optimizer)
    step = {"jax": jax.jit, "jitserve": jitserve.jit}[options.jit](function)
    clock, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(step(*arguments))
    print(1e3 * (time.perf_counter() - clock), 1e3 * (time.process_time() - cpu))


if __name__ == "__main__":
    main()
