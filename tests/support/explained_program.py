"""The program that is explained, and how its versions differ."""

from __future__ import annotations

from dataclasses import dataclass, field

BASE = {
    "main.py": """
import functools
import jitserve
import numpy as np
from net import layers, model

NET = model.Net(width=4)
shift = model.make_shift(2.0)

@functools.partial(jitserve.jit, static_argnames=("n",))
def step(x, n=3):
    return layers.norm(NET.apply(shift(x))) * n

def calls():
    return [(step, (np.ones((8, 4), np.float32),), {"n": 3})]
""",
    "net/__init__.py": "",
    "net/layers.py": """
import array
import jax.numpy as jnp
import jitserve

EPS = 0.001
TABLE = array.array("d", [1.0])

@jitserve.pure(version=1)
def table(n):
    return eval("n + 1")

def norm(x, scale=2.0):
    return x / (jnp.std(x) + 1e-05) * scale + EPS * table(1)
""",
    "net/model.py": """
class Net:
    units = 3

    def __init__(self, width):
        self.width = width

    def apply(self, x):
        return x * self.units + self.width

def make_shift(scale):
    def shift(x):
        return x * scale
    return shift
""",
}


@dataclass(frozen=True)
class Version:
    """One change to the program.

    Attributes:
        file, old, new: which text of which file is replaced.
        differences: what ``explain`` says, all of it.
    """

    file: str
    old: str
    new: str
    differences: list[str] = field(default_factory=list)

    def files(self) -> dict[str, str]:
        assert self.old in BASE[self.file]
        return {**BASE, self.file: BASE[self.file].replace(self.old, self.new)}


DIFFERENT = {
    "constant": Version(
        "net/layers.py", "1e-05", "1e-06", ["helper `net.layers.norm` changed: constant 1e-05 -> 1e-06"]
    ),
    "name": Version(
        "net/layers.py",
        "jnp.std(x)",
        "jnp.var(x)",
        [
            "helper `net.layers.norm` changed: name jnp.std -> jnp.var",
            "global `jnp.var` of `net.layers.norm`: new, jax.numpy.var",
            "global `jnp.std` of `net.layers.norm`: gone, was jax.numpy.std",
        ],
    ),
    "root": Version("main.py", "* n\n", "* n * 7\n", ["function `main.step` changed: constant 7 is new"]),
    "static": Version("main.py", '"n": 3', '"n": 4', ["static argument `n`: 3 -> 4"]),
    "shape": Version("main.py", "(8, 4)", "(16, 4)", ["argument `x`: float32[8,4] -> float32[16,4]"]),
    "dtype": Version("main.py", "np.float32", "np.int32", ["argument `x`: float32[8,4] -> int32[8,4]"]),
    "global": Version(
        "net/layers.py", "EPS = 0.001", "EPS = 0.002", ["global `EPS` of `net.layers.norm`: 0.001 -> 0.002"]
    ),
    "closure": Version(
        "main.py",
        "make_shift(2.0)",
        "make_shift(3.0)",
        ["closure value `scale` of `net.model.make_shift.<locals>.shift`: 2.0 -> 3.0"],
    ),
    "default": Version(
        "net/layers.py", "scale=2.0", "scale=4.0", ["default of `scale` in `net.layers.norm`: 2.0 -> 4.0"]
    ),
    "class-attribute": Version(
        "net/model.py", "units = 3", "units = 5", ["attribute `units` of `net.model.Net`: 3 -> 5"]
    ),
    "instance": Version("main.py", "Net(width=4)", "Net(width=8)", ["global `NET.width` of `main.step`: 4 -> 8"]),
    "option": Version(
        "main.py",
        'static_argnames=("n",)',
        'static_argnames=("n",), keep_unused=True',
        ["option keep_unused: False -> True"],
    ),
    "waiver": Version(
        "net/layers.py",
        "version=1",
        "version=2",
        [
            "global `table` of `net.layers.norm`: pure function net.layers.table, version 1 -> "
            "pure function net.layers.table, version 2"
        ],
    ),
}

HITTING = {
    "unchanged": Version("main.py", "", ""),
    "comment": Version("net/layers.py", "EPS =", "# eps\n\nEPS ="),
    "below-pure": Version("net/layers.py", '"n + 1"', '"1 + n"'),
}

RENAMED = Version("main.py", "step", "stride")
REFUSED = Version("net/layers.py", "    return x /", "    scale = 1.0\n    scale = TABLE[0]\n    return x /")
