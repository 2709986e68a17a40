"""One process fills the store; others, with other versions of the program, explain what their calls would come to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store
from explained_program import DIFFERENT, HITTING, REFUSED, RENAMED, Version

MAIN = Path(__file__).parents[1] / "support" / "explain_main.py"
Explained = dict[str, Any]


def write(directory: Path, version: Version) -> Path:
    for name, text in version.files().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def run(mode: str, store: Path, *directories: Path, **environment: str) -> dict[str, Any]:
    output = store.parent / f"{mode}.json"
    command = [sys.executable, "-B", str(MAIN), mode, str(output), *map(str, directories)]
    env = {**os.environ, "JITSERVE_DIR": str(store), **environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explain")


@pytest.fixture(scope="module")
def store(place: Path) -> Path:
    """A store that one process has filled."""
    filled = run("fill", empty_store(place / "store"), write(place / "unchanged", HITTING["unchanged"]))
    assert filled["stats"]["published"] == 1, filled["stats"]
    return place / "store"


@pytest.fixture(scope="module")
def explained(store: Path, place: Path) -> dict[str, list[Explained]]:
    """What a second process says about each version."""
    versions = {**DIFFERENT, **HITTING, "renamed": RENAMED, "refused": REFUSED}
    return run("explain", store, *(write(place / name, version) for name, version in versions.items()))


@pytest.fixture
def explain_elsewhere(store: Path, place: Path) -> Callable[..., Explained]:
    """Explains the unchanged program in a process with another environment."""

    def explain(**environment: str) -> Explained:
        return run("explain", store, place / "unchanged", **environment)["unchanged"][0]

    return explain


@pytest.mark.parametrize("name", DIFFERENT)
def test_change_is_named(explained: dict[str, list[Explained]], name: str) -> None:
    found = explained[name][0]
    assert found["outcome"] == "miss"
    assert found["differences"] == DIFFERENT[name].differences
    assert found["trouble"] == []
    assert f"  - {found['differences'][0]}\n" in f"{found['text']}\n"


@pytest.mark.parametrize("name", HITTING)
def test_what_would_hit_is_said_to_hit(explained: dict[str, list[Explained]], name: str) -> None:
    assert explained[name][0]["outcome"] == "direct_hit"


def test_waiver_is_visible_on_a_hit_and_on_a_miss(explained: dict[str, list[Explained]]) -> None:
    waived = "global `table` of `net.layers.norm`: pure function net.layers.table, version"
    assert explained["unchanged"][0]["waived"] == [f"{waived} 1"]
    assert explained["waiver"][0]["waived"] == [f"{waived} 2"]
    assert f"  waived: {waived} 1" in explained["unchanged"][0]["text"]


def test_function_of_which_nothing_is_stored_is_said_to_be_new(explained: dict[str, list[Explained]]) -> None:
    found = explained["renamed"][0]
    assert found["outcome"] == "miss"
    assert found["summary"] == "nothing of main.stride is stored"
    assert found["nearest"] == ""


def test_refusal_names_reason_path_line_and_advice(explained: dict[str, list[Explained]], place: Path) -> None:
    found = explained["refused"][0]
    assert (found["outcome"], found["reason"]) == ("bypass", "unknown_object")
    assert found["path"] == "step.__globals__['layers'].norm.__globals__['TABLE']"
    assert found["place"] == f"{place / 'refused' / 'net' / 'layers.py'}:15"
    assert "jitserve.register_fingerprint" in found["advice"]


def test_explaining_neither_traces_nor_compiles_nor_counts(explained: dict[str, list[Explained]]) -> None:
    assert all(each["work"] == [] for name, found in explained.items() if name != "stats" for each in found)
    stats: Any = explained["stats"]
    assert stats["lookups"] == stats["published"] == 0
    assert stats["bypasses"] == {}


def test_entry_with_most_in_common_is_the_nearest(place: Path) -> None:
    store = empty_store(place / "two")
    both = Version("main.py", '{"n": 3})', '{"n": 3}), (step, (np.ones((2, 4), np.float32),), {"n": 5})')
    run("fill", store, write(place / "both", both))
    near = Version("main.py", '(8, 4), np.float32),), {"n": 3}', '(2, 4), np.float32),), {"n": 6}')
    found = run("explain", store, write(place / "near", near))["near"][0]
    assert found["differences"] == ["static argument `n`: 5 -> 6"]


def test_xla_flag_is_named(explain_elsewhere: Callable[..., Explained]) -> None:
    found = explain_elsewhere(XLA_FLAGS="--xla_cpu_enable_fast_math=true --xla_dump_to=/nowhere")
    assert found["differences"] == ["XLA_FLAGS changed: now has --xla_cpu_enable_fast_math=true"]


def test_configuration_comes_before_what_follows_from_it(explain_elsewhere: Callable[..., Explained]) -> None:
    found = explain_elsewhere(JAX_ENABLE_X64="1")
    assert found["differences"] == ["config jax_enable_x64: False -> True"]


def test_toolchain_package_is_named(explain_elsewhere: Callable[..., Explained], tmp_path: Path) -> None:
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("VERSION = 1")
    found = explain_elsewhere(PYTHONPATH=str(tmp_path))
    assert found["differences"] == [f"triton changed: not installed -> 1 files in {tmp_path / 'triton'}"]


def test_optimisation_level_is_named(explain_elsewhere: Callable[..., Explained]) -> None:
    found = explain_elsewhere(PYTHONOPTIMIZE="1")
    assert found["differences"][0].startswith("python changed: ('cpython', 3, ")


def test_damaged_records_of_ingredients_are_trouble_and_no_error(store: Path, place: Path) -> None:
    damaged = place / "damaged"
    shutil.copytree(store, damaged)
    for blob in damaged.glob("blobs/*/*"):
        blob.write_bytes(blob.read_bytes()[:-1])
    found = run("explain", damaged, place / "static")["static"][0]
    assert found["outcome"] == "miss"
    assert found["differences"] == []
    assert "is damaged and was quarantined" in found["trouble"][0]


def test_store_that_cannot_be_used_is_said_so(place: Path) -> None:
    write(place / "unchanged", HITTING["unchanged"])
    (place / "file").write_text("not a directory")
    found = run("explain", place / "file", place / "unchanged")["unchanged"][0]
    assert found["outcome"] == "fault"
