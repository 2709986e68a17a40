"""Whether jax.jit is jitserve's here, in a spawned and in a started process."""

import multiprocessing
import subprocess
import sys

CODE = "import jax, jitserve; print(jax.jit is jitserve.jit)"


def is_served():
    import jax

    import jitserve

    return jax.jit is jitserve.jit


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        spawned = pool.apply(is_served)
    started = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True).stdout
    print([is_served(), spawned, started.strip() == "True"])
