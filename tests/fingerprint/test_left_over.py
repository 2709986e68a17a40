"""Names of JAX, NumPy and SciPy that are bound to something else in every process by themselves are left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from jitserve.fingerprint import differing

# Imports all that it can, and tells the digest of each name of each module and class, and those that keys are made of.
_CHILD = """
import importlib, json, pkgutil, random, sys, types, warnings
warnings.simplefilter("ignore")
*first, seed = sys.argv[1:]
chance = random.Random(seed)
layout = [bytearray(chance.randrange(100, 20_000)) for _ in range(chance.randrange(3000))]
for name in first:
    importlib.import_module(name)
NOT = ("test", "conftest", "__main__", "setup", "collect_profile", "cuda", "rocm", "tools", "jax2tf", "roofline")
NOT += ("f2py", "lapack_lite")  # SciPy copies all that is bound in NumPy, modules inside of it included
def load(name):
    try:
        module = importlib.import_module(name)
    except BaseException:
        return
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), name + "."):
        if not any(part in found.name for part in NOT):
            load(found.name)
packages = ["jax", "jaxlib", "numpy", "scipy", "ml_dtypes", "opt_einsum"]
chance.shuffle(packages)
for package in packages:
    load(package)

from jitserve import _core
from jitserve.fingerprint import Bindings
from jitserve.fingerprint._left_over import LEFT_OUT

digests = {name: digest.hex() for name, digest in Bindings().digests().items()}
names = {}
def add(owner, home, namespace):
    for name, value in namespace.items():
        alone = types.ModuleType(home)
        vars(alone).update({key: namespace[key] for key in ("__path__",) if key in namespace}, **{str(name): value})
        names[f"{owner}.{name}"] = _core.names_digest(alone).hex()
for name in set(digests) & set(sys.modules) - {"builtins"}:
    module = sys.modules[name]
    add(name, module.__name__, dict(vars(module)))
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == name:
            add(f"{name}.{value.__qualname__}", name, dict(vars(value)))
print(json.dumps([digests, {name: digest for name, digest in names.items() if name not in LEFT_OUT}]))
"""


def _scan(seed: int, *first: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *first, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": str(seed), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    digests, names = json.loads(done.stdout.splitlines()[-1])
    return tuple({name: bytes.fromhex(digest) for name, digest in part.items()} for part in (digests, names))  # type: ignore[return-value]


def test_names_are_bound_to_the_same_in_all_processes_but_for_those_that_are_left_out() -> None:
    digests, names = _scan(1)
    assert len(names) > 50_000
    for seed, first in ((2, ("yaml", "unittest.mock")), (3, ("numpy.ma", "asyncio", "scipy.signal"))):
        other_digests, other_names = _scan(seed, *first)
        assert differing(names, other_names) == []
        assert differing(digests, other_digests) == []
