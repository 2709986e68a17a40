"""Makes one call and prints what became of it as a line of JSON. Usage: one_call.py [--exit-at-once] [--threads N]"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

events: list[str] = []
jax.monitoring.register_event_duration_secs_listener(lambda name, seconds, **_: events.append(name.rsplit("/", 1)[-1]))
X = jnp.linspace(0.0, 1.0, 64).reshape(8, 8)
events.clear()

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    import jitserve

    @jitserve.jit
    def step(x: Any) -> Any:
        for _ in range(20):
            x = jnp.tanh(x @ x) + jnp.sort(x, axis=0)
        return {"out": x, "norm": jnp.linalg.norm(x)}

    results: list[Any] = []
    if "--threads" in sys.argv:
        count = int(sys.argv[sys.argv.index("--threads") + 1])
        barrier = threading.Barrier(count)

        def work() -> None:
            barrier.wait()
            results.append(step(X))

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        results.append(step(X))

digests = {
    hashlib.sha256(b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(out))).hexdigest() for out in results
}
answer = {
    "digests": sorted(digests),
    "traced": events.count("jaxpr_trace_duration"),
    "lowered": events.count("jaxpr_to_mlir_module_duration"),
    "compiled": events.count("backend_compile_duration"),
    "warnings": [f"{item.category.__name__}: {item.message}" for item in heard if "jitserve" in str(item.message)],
    "is_jax": jitserve.jit is jax.jit,
    "stats": jitserve.stats().as_dict(),
}
print(json.dumps(answer), flush=True)
if "--exit-at-once" in sys.argv:
    os._exit(0)
