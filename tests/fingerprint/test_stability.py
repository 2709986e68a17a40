"""Category L of the catalogue: what must not change a digest from one process to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_MODEL = """
import dataclasses, enum, functools
import flax.linen as nn, jax, jax.numpy as jnp, optax

class Kind(enum.Enum):
    RELU = "relu"
    GELU = "gelu"

@dataclasses.dataclass(frozen=True)
class Config:
    width: int = 8
    kind: Kind = Kind.RELU
    allowed: frozenset = frozenset(("relu", "gelu", "tanh"))

class Model(nn.Module):
    config: Config
    @nn.compact
    def __call__(self, x):
        if self.config.kind.value in self.config.allowed:
            x = nn.relu(nn.Dense(self.config.width)(x))
        return nn.Dense(1)(x)

model = Model(Config())
optimizer = optax.adamw(optax.cosine_decay_schedule(1e-3, 1000))

def step(params, state, x):
    loss, grads = jax.value_and_grad(lambda p: model.apply(p, x).sum())(params)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss
"""
_REPORT = "from jitserve import fingerprint\nprint(fingerprint.walk(model.step).digest.hex())\n"
_MAIN = "import model\n" + _REPORT
_PRIOR_USE = (
    """
import jax, jax.numpy as jnp
import model
params = model.model.init(jax.random.key(0), jnp.ones((2, 4)))
state = model.optimizer.init(params)
other = model.optax.adamw(1e-3)
for _ in range(3):
    jax.jit(lambda p, x: model.model.apply(p, x))(params, jnp.ones((2, 4)))
    other.update(params, other.init(params), params)
"""
    + _REPORT
)
_OTHER_IMPORTS = "import flax.nnx, flax.training.train_state, scipy.linalg, numpy.random, json, xml.dom\n" + _MAIN
_PROFILED = "import sys\nsys.setprofile(lambda *event: None)\n" + _MAIN


def _run(directory: Path, source: str, **settings: str) -> str:
    script = directory / "main.py"
    script.write_text(source)
    (directory / "model.py").write_text(_MODEL)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **settings}
    done = subprocess.run(
        [sys.executable, script], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _run(tmp_path_factory.mktemp("first"), _MAIN, PYTHONHASHSEED="0")


@pytest.mark.parametrize(
    ("source", "settings"),
    [
        pytest.param(_MAIN, {"PYTHONHASHSEED": "1"}, id="L213-another-hash-seed"),
        pytest.param(_MAIN, {"PYTHONHASHSEED": "random"}, id="L213-random-hash-seed"),
        pytest.param(_MAIN, {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}, id="L214-another-home"),
        pytest.param(_OTHER_IMPORTS, {}, id="L215-other-imports"),
        pytest.param(_PRIOR_USE, {}, id="L219-after-use"),
        pytest.param(_PROFILED, {}, id="L219-under-a-profiler"),
    ],
)
def test_digest_of_a_train_step_is_the_same_in_another_process(
    expected: str, tmp_path: Path, source: str, settings: dict[str, str]
) -> None:
    assert _run(tmp_path, source, **settings) == expected


def test_compiled_and_zipped_sources_agree_L218(expected: str, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("model.py", _MODEL)
    main = "import sys\nsys.path.insert(0, 'model.zip')\nimport model\nassert 'model.zip' in model.__file__\n" + _REPORT
    assert _run(tmp_path, main) == expected
    compiled = "import py_compile, sys\npy_compile.compile('model.py', 'model.pyc')\n"
    assert _run(tmp_path, compiled + _MAIN) == expected
