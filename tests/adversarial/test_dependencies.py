"""A function that reads many things of every kind: each of them by itself must make it miss."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

from jitserve.record._manifest import MAX_VARIANTS

_MODULES = {
    "net/__init__.py": "",
    "net/deep.py": "import os\nK = 1\nTABLE = {'a': 1}\nclass Base:\n    rate = 1\ndef deep(): return K\ndef table(): return TABLE['a']\n"
    "def variable(): return int(os.environ.get('DEEP', '1'))\n",
    "net/helpers.py": "from . import deep\nfrom pathlib import Path\nSIZES = [1, 1]\nclass Layer(deep.Base):\n    scale = 1\n"
    "    def __init__(self): self.width = 1\n    @property\n    def size(self): return self.width * self.scale\n"
    "layer = Layer()\ndef helper(k=1, *, j=1): return k + 100 * j\ndef read(name): return int(Path(name).read_text())\n",
    "site-packages/fastprogress.py": "LEVEL = 1\nclass Shelf:\n    depth = 1\n    def height(self): return self.depth\n"
    "def level(): return LEVEL\ndef rate():\n    from toolz import RATE\n    return RATE\n",
    "site-packages/toolz.py": "RATE = 1\n",
    "net/main.py": "import os\nimport numpy as np\nimport fastprogress as shelf\nfrom . import deep, helpers\nGLOBAL = 1\nARRAY = np.ones(2)\n"
    "def close(cell):\n    def inner(): return cell\n    def change(value):\n        nonlocal cell\n        cell = value\n"
    "    return inner, change\nclosed, change = close(1)\n"
    "def f(x, static, *, named):\n    values = [\n"
    "        int(os.environ.get('ONE', '1')), int(os.environ['TWO']), int(os.getenv('THREE', '1')), deep.variable(),\n"
    "        helpers.read(os.environ['FILE_A']), helpers.read(os.environ['FILE_B']),\n"
    "        GLOBAL, int(ARRAY[1]), deep.deep(), deep.table(), deep.Base.rate, helpers.SIZES[1], helpers.Layer.scale,\n"
    "        helpers.layer.width, helpers.layer.size, helpers.helper(), closed(), shelf.level(), shelf.Shelf.depth,\n"
    "        shelf.Shelf().height(), shelf.rate(), static, named,\n    ]\n    return x[:, None] + np.array(values, 'f4')\n",
}

# What changes one of them, by name: a statement, and the one that takes it back.
_CHANGES = {
    "variable with default": ("os.environ['ONE'] = '2'", "del os.environ['ONE']"),
    "variable": ("os.environ['TWO'] = '2'", "os.environ['TWO'] = '1'"),
    "variable by getenv": ("os.environ['THREE'] = '2'", "del os.environ['THREE']"),
    "variable of a helper": ("os.environ['DEEP'] = '2'", "del os.environ['DEEP']"),
    "file": ("write('FILE_A', 2)", "write('FILE_A', 1)"),
    "second file": ("write('FILE_B', 2)", "write('FILE_B', 1)"),
    "which file": ("os.environ['FILE_B'] += '2'", "os.environ['FILE_B'] = os.environ['FILE_B'][:-1]"),
    "global": ("main.GLOBAL = 2", "main.GLOBAL = 1"),
    "array": ("main.ARRAY[1] = 2", "main.ARRAY[1] = 1"),
    "global of a helper": ("deep.K = 2", "deep.K = 1"),
    "dictionary": ("deep.TABLE['a'] = 2", "deep.TABLE['a'] = 1"),
    "list": ("helpers.SIZES[1] = 2", "helpers.SIZES[1] = 1"),
    "attribute of a base class": ("deep.Base.rate = 2", "deep.Base.rate = 1"),
    "attribute of a class": ("helpers.Layer.scale = 2", "helpers.Layer.scale = 1"),
    "attribute of an instance": ("helpers.layer.width = 2", "helpers.layer.width = 1"),
    "default": ("helpers.helper.__defaults__ = (2,)", "helpers.helper.__defaults__ = (1,)"),
    "keyword default": ("helpers.helper.__kwdefaults__['j'] = 2", "helpers.helper.__kwdefaults__['j'] = 1"),
    "cell": ("main.change(2)", "main.change(1)"),
    "global of a library": ("shelf.LEVEL = 2", "shelf.LEVEL = 1"),
    "what a library imports inside of a function": ("toolz.RATE = 2", "toolz.RATE = 1"),
    "class of a library": ("shelf.Shelf.depth = 2", "shelf.Shelf.depth = 1"),
    "code of a helper": ("deep.deep.__code__ = (lambda: 2).__code__", "deep.deep.__code__ = kept"),
    "static argument": ("static = 2", "static = 1"),
    "named static argument": ("named = 2", "named = 1"),
}

_CHILD = """
import json, os, shutil, sys
import jax, numpy as np
import jitserve
import fastprogress as shelf
import toolz
from net import deep, helpers, main

static = named = 1
kept = deep.deep.__code__
x = np.zeros(2, "f4")

def write(variable, value):
    with open(os.environ[variable], "w") as file: file.write(str(value))

def call(jit):
    return np.asarray(jit(main.f, static_argnums=1, static_argnames="named")(x, static, named=named)).tolist()

def judge(directory):
    jax.clear_caches()
    jitserve.configure(directory=directory, address="none")  # a session that knows of no call made before
    before = jitserve.stats().direct_hits
    out = call(jitserve.jit)
    jitserve.flush()
    hits = jitserve.stats().direct_hits - before
    jax.clear_caches()
    return [hits, out == call(jax.jit), dict(jitserve.stats().bypasses)]

report = {}
filled = os.environ["JITSERVE_DIR"]
if not sys.argv[1:]:
    report["filling"] = judge(filled)
for number, (name, change, back) in enumerate(map(json.loads, sys.argv[1:])):
    # A store of its own, so that no change profits from what was published for another.
    shutil.copytree(filled, f"{filled}-{number}")
    exec(change)
    report[name] = judge(f"{filled}-{number}")
    exec(back)
    report["not " + name] = judge(f"{filled}-{number}")
print(json.dumps(report))
"""


def run(child: str, directory: Path, *arguments: str) -> Any:
    """One process, and what it reports."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{directory}:{directory / 'site-packages'}",
        "JITSERVE_DIR": str(empty_store(directory / "store")),
        "FILE_A": str(directory / "a.txt"),
        "FILE_B": str(directory / "b.txt"),
        "TWO": "1",
    }
    command = [sys.executable, "-c", child, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of every change, in a process that did not fill the store."""
    directory = tmp_path_factory.mktemp("dependencies")
    for name, text in _MODULES.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    for name, value in (("a.txt", "1"), ("b.txt", "1"), ("b.txt2", "3")):
        (directory / name).write_text(value)
    assert run(_CHILD, directory) == {"filling": [0, True, {}]}
    report: dict[str, Any] = run(_CHILD, directory, *(json.dumps((name, *both)) for name, both in _CHANGES.items()))
    return report


@pytest.mark.parametrize("name", _CHANGES)
def test_change_of_one_of_many_misses_and_hits_once_it_is_taken_back(name: str, judged: dict[str, Any]) -> None:
    assert judged[name] == [0, True, {}]
    assert judged[f"not {name}"] == [1, True, {}]


_VARIANTS = """
import json, os, sys
import jax, numpy as np
import jitserve

def make():
    def f(x): return x * int(os.environ["SCALE"])
    return f

report = []
for value in sys.argv[1:]:
    os.environ["SCALE"] = value
    before = jitserve.stats().direct_hits
    out = jitserve.jit(make())(np.ones(2, "f4")).tolist()
    jitserve.flush()
    report.append([out == [float(value)] * 2, jitserve.stats().direct_hits - before])
print(json.dumps(report))
"""


def test_no_variant_of_many_is_taken_for_another_M226(tmp_path: Path) -> None:
    published = [str(value) for value in range(1, MAX_VARIANTS + 5)]
    assert run(_VARIANTS, tmp_path, *published) == [[True, 0]] * len(published)
    # The oldest have made room for the newest; whoever asks for one of them gets a result of his own.
    kept = [*published[:3:-1], published[9]]
    assert run(_VARIANTS, tmp_path, *kept) == [[True, 1]] * len(kept)
    assert all(right for right, _ in run(_VARIANTS, tmp_path, "99", *published, "100"))
