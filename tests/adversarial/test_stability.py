"""Category L: whatever differs between two honest runs of one program must not change its key."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store

ROOT = Path(__file__).parents[2]

_MODULES = {
    "__init__.py": "",
    "layers.py": "import jax.numpy as jnp\nfrom .config import SIZE\nclass Dense:\n    scale = 2\n"
    "    def __init__(self, k): self.k = k\n    def __call__(self, x): return jnp.tanh(x * self.k * self.scale) + SIZE\n",
    "config.py": "SIZE = 3\nNAMES = {'relu', 'gelu', 'tanh', 'silu'}\n",
    "model.py": "import functools\nfrom . import config\nfrom .layers import Dense\n"
    "def wrap(g):\n    @functools.wraps(g)\n    def inner(x): return g(x) + 1\n    return inner\n"
    "layers = {'a': Dense(2), 'b': Dense(3)}\n"
    "@wrap\ndef f(x):\n    'Applies the layers.'\n    for layer in layers.values(): x = layer(x)\n"
    "    return x * (2 if 'gelu' in config.NAMES else 3)\ndef g(x): return f(x) * 2\n",
    "unrelated.py": "import fractions, decimal, wave\nVALUE = object()\n",
}

# Runs the calls and reports, for each of `f` and `g`, whether it hit and what came out.
_CHILD = """
import json, sys
{before}
import jax, numpy as np
import jitserve
from net import model
{between}
X = np.arange(4, dtype="f4")
report = {{}}
for name in {names}:
    start = jitserve.stats().direct_hits
    out = jitserve.jit(getattr(model, name))(X)
    report[name] = [jitserve.stats().direct_hits - start, np.asarray(out).tolist()]
jitserve.flush()
report["bypasses"] = dict(jitserve.stats().bypasses)
print(json.dumps(report))
"""


def write_package(directory: Path) -> Path:
    package = directory / "net"
    package.mkdir(parents=True)
    for name, text in _MODULES.items():
        (package / name).write_text(text)
    return directory


def run(
    store: Path,
    path: Path,
    *,
    before: str = "",
    between: str = "",
    names: tuple[str, ...] = ("f", "g"),
    cwd: Path | None = None,
    **env: str,
) -> dict[str, Any]:
    """One process that calls the program; ``path`` is where its package is."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(path),
        "JITSERVE_DIR": str(empty_store(store)),
        "PYTHONDONTWRITEBYTECODE": "1",
        **env,
    }
    code = _CHILD.format(before=before, between=between, names=names)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert not report.pop("bypasses")
    return report


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A store that one process has filled, the package, and what that process saw."""
    directory = tmp_path_factory.mktemp("stability")
    path = write_package(directory / "first")
    store = directory / "store"
    report = run(store, path, before="import optax, scipy.signal, numpy.ma")
    assert [hits for hits, _ in report.values()] == [0, 0]
    return store, path, report


def check(filled: tuple[Path, Path, dict[str, Any]], again: dict[str, Any]) -> None:
    expected = {name: [1, filled[2][name][1]] for name in again}
    assert again == expected


_WAYS = {
    "L213-hash-seed": {"PYTHONHASHSEED": "1"},
    "L213-another-hash-seed": {"PYTHONHASHSEED": "2"},
    "L214-home": {"HOME": "/", "LANG": "C.UTF-8", "TZ": "Asia/Tokyo"},
    "L215-import-order": {"before": "import wave, fractions, net.unrelated, net.config, optax, net.layers"},
    "L215-signal": {"before": "import scipy.signal"},
    "L215-yaml-and-signal": {"before": "import yaml, flax.linen, scipy.signal"},
    "L215-stats-and-masked-arrays": {"before": "import numpy.ma, unittest.mock, scipy.stats", "PYTHONHASHSEED": "3"},
    "L215-imports-between": {"between": "import net.unrelated, decimal, email, http.client"},
    "L219-heavy-use": {"between": "for _ in range(3000): model.wrap(abs)(1); model.layers['a'].k; model.f.__name__"},
    "L219-used-by-jax": {"between": "jax.jit(model.g)(np.ones(4, 'f4')); jax.eval_shape(model.f, np.ones(4, 'f4'))"},
    "L219-profile": {"before": "sys.setprofile(lambda *_: None)"},
    "L219-trace": {"before": "sys.settrace(lambda *_: None)"},
    "L221-other-order": {"names": ("g", "f")},
}
_WAYS["L220-reloaded"] = {"between": "import importlib; importlib.reload(model)"}
_WAYS["L220-copied"] = {"between": "import copy; model.layers = copy.deepcopy(model.layers)"}
if importlib.util.find_spec("coverage"):
    _MEASURE = "import coverage\nC = coverage.Coverage(data_file=None, branch=True)\nC.start()"
    _WAYS["L219-coverage"] = {"before": _MEASURE, "COVERAGE_CORE": "ctrace"}
    _WAYS["L219-coverage-by-monitoring"] = {"before": _MEASURE, "COVERAGE_CORE": "sysmon"}
if sys.version_info >= (3, 12):
    _WAYS["L219-monitoring"] = {
        "before": "M = sys.monitoring\nM.use_tool_id(1, 'coverage')\nM.set_events(1, M.events.LINE | M.events.PY_START)\n"
        "M.register_callback(1, M.events.LINE, lambda *_: None)\nM.register_callback(1, M.events.PY_START, lambda *_: None)"
    }


@pytest.mark.parametrize("way", _WAYS)
def test_the_same_program_hits(way: str, filled: tuple[Path, Path, dict[str, Any]]) -> None:
    store, path, _ = filled
    check(filled, run(store, path, **_WAYS[way]))


def test_program_hits_from_another_directory_L214(filled: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    check(filled, run(filled[0], write_package(tmp_path / "somewhere" / "else"), cwd=tmp_path))


def test_program_hits_from_a_zip_file_L218(filled: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    archive = tmp_path / "net.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in _MODULES.items():
            file.writestr(f"net/{name}", text)
    check(filled, run(filled[0], archive))


def test_program_hits_without_its_sources_L218(filled: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    path = write_package(tmp_path / "compiled")
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-b", str(path)], check=True)
    for source in path.rglob("*.py"):
        source.unlink()
    shutil.rmtree(path / "net" / "__pycache__", ignore_errors=True)
    check(filled, run(filled[0], path))


def test_later_function_hits_where_the_earlier_ones_hit_too_L221(filled: tuple[Path, Path, dict[str, Any]]) -> None:
    check(filled, run(filled[0], filled[1], names=("g",)))


def test_script_and_import_of_the_same_program_agree_in_their_results_L217(tmp_path: Path) -> None:
    path = write_package(tmp_path)
    show = "\nimport jax, jitserve, numpy as np\nout = jitserve.jit(f)(np.arange(4, dtype='f4'))\njitserve.flush()\n"
    show += "import json; print(json.dumps([jitserve.stats().direct_hits, np.asarray(out).tolist()]))"
    with (path / "net" / "model.py").open("a") as file:
        file.write(show)
    environment = {**os.environ, "PYTHONPATH": str(path), "JITSERVE_DIR": str(empty_store(tmp_path / "store"))}

    def start(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    (_, cold), (again, script) = start("-m", "net.model"), start("-m", "net.model")
    _, imported = start("-c", "import net.model")
    assert again == 1
    assert cold == script == imported
