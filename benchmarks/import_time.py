"""What ``from jitserve import jit`` costs beyond ``import jax``: ``python benchmarks/import_time.py``.

Fresh processes, the variants taking turns; milliseconds inside the process, medians over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

CLOCK = "import time; t = time.perf_counter(); {}; print(1e3 * (time.perf_counter() - t))"
VARIANTS = {
    "import jax": CLOCK.format("import jax"),
    "import jitserve": CLOCK.format("import jitserve"),
    "import jitserve, jax imported": "import jax; " + CLOCK.format("import jitserve"),
    "from jitserve import jit, jax imported": "import jax; " + CLOCK.format("from jitserve import jit"),
}


def milliseconds(program: str) -> float:
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(__doc__)
    measured: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name, program in VARIANTS.items():
            measured[name].append(milliseconds(program))
    for name, values in measured.items():
        print(f"{name:40s} {statistics.median(values):8.1f} ms   (fastest {min(values):.1f})")


if __name__ == "__main__":
    main()
