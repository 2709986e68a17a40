"""Steady-state dispatch of ``jitserve.jit`` against ``jax.jit``: ``python benchmarks/dispatch.py``.

Both functions are warm and tiny, so that the time is the dispatcher's. In every round each makes the same number of
calls, in turns and in changing order. Microseconds a call, medians over the rounds; the ratio is the median of the
rounds' own ratios, so that what else the machine does meets both sides. The last case runs on eight CPU devices, in a
process of its own.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

EIGHT_DEVICES = "--xla_force_host_platform_device_count=8"
ROUND_S = 0.02

Case = tuple[str, Callable[[Callable[..., Any]], Callable[[], Any]]]


def leaves_case(count: int) -> Case:
    import jax.numpy as jnp

    tree = [jnp.float32(i) for i in range(count)]

    def make(jit: Callable[..., Any]) -> Callable[[], Any]:
        return functools.partial(jit(lambda tree: sum(tree)), tree)

    return f"{count} leaves", make


def static_case() -> Case:
    import jax.numpy as jnp

    x = jnp.ones(4)

    def make(jit: Callable[..., Any]) -> Callable[[], Any]:
        return functools.partial(jit(lambda x, times, mode: x * times, static_argnums=(1, 2)), x, 3, "mode")

    return "static arguments", make


def method_case() -> Case:
    import jax.numpy as jnp

    x = jnp.ones(4)

    def make(jit: Callable[..., Any]) -> Callable[[], Any]:
        class Scale:
            @functools.partial(jit, static_argnums=0)
            def apply(self, x: Any) -> Any:
                return 2 * x

        scale = Scale()
        return lambda: scale.apply(x)

    return "method, static self", make


def eight_devices_case() -> Case:
    import jax
    import jax.numpy as jnp
    from jax.sharding import NamedSharding, PartitionSpec

    mesh = jax.make_mesh((8,), ("x",))
    x = jax.device_put(jnp.ones((8, 4)), NamedSharding(mesh, PartitionSpec("x")))

    def make(jit: Callable[..., Any]) -> Callable[[], Any]:
        return functools.partial(jit(lambda x: 2 * x), x)

    return "eight devices", make


def cases(eight_devices: bool) -> Iterator[Case]:
    if eight_devices:
        yield eight_devices_case()
        return
    for count in (1, 10, 100, 1000):
        yield leaves_case(count)
    yield static_case()
    yield method_case()


def seconds_a_call(call: Callable[[], Any], calls: int) -> float:
    import jax

    start = time.perf_counter()
    for _ in range(calls):
        out = call()
    jax.block_until_ready(out)
    return (time.perf_counter() - start) / calls


def compare(case: Case, rounds: int) -> None:
    import jax

    import jitserve

    name, make = case
    sides = {"jax": make(jax.jit), "jitserve": make(jitserve.jit)}
    for call in sides.values():
        seconds_a_call(call, 3)
    calls = max(1, int(ROUND_S / seconds_a_call(sides["jax"], 20)))
    measured: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sorted(sides, reverse=bool(number % 2)):
            measured[side].append(seconds_a_call(sides[side], calls))
    ratio = statistics.median(ours / theirs for ours, theirs in zip(measured["jitserve"], measured["jax"], strict=True))
    medians = (1e6 * statistics.median(measured[side]) for side in sides)
    print("{:22s} {:10.2f} {:10.2f} {:8.3f}".format(name, *medians, ratio), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--eight-devices", action="store_true", help="only the case for eight devices, in this process")
    options = parser.parse_args()
    if options.eight_devices:
        for case in cases(eight_devices=True):
            compare(case, options.rounds)
        return
    print(__doc__)
    print("{:22s} {:>10s} {:>10s} {:>8s}".format("us a call", "jax.jit", "jitserve", "ratio"), flush=True)
    with tempfile.TemporaryDirectory(prefix="jitserve-bench-") as directory:
        os.environ |= {"JITSERVE_DIR": directory, "JITSERVE_ADDRESS": "none"}
        for case in cases(eight_devices=False):
            compare(case, options.rounds)
        flags = f"{os.environ.get('XLA_FLAGS', '')} {EIGHT_DEVICES}"
        environment = os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
        again = [sys.executable, __file__, "--eight-devices", "--rounds", str(options.rounds)]
        subprocess.run(again, env=environment, check=True)


if __name__ == "__main__":
    main()
