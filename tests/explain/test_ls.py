"""``jitserve ls`` and ``jitserve show``: what is stored, without JAX."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from empty_store import empty_store

import jitserve
from jitserve.cli.main import main

BLOCK_JAX = "import sys; sys.modules['jax'] = sys.modules['jaxlib'] = None; from jitserve.cli.main import main; main()"


def scaled(x: np.ndarray, factor: int) -> np.ndarray:
    return x * factor


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, default_store: Path) -> Iterator[Path]:
    """A store with two entries of one function."""
    path = empty_store(tmp_path_factory.mktemp("ls") / "store")
    jitserve.configure(directory=path)
    function = jitserve.jit(scaled, static_argnums=1)
    for factor in (3, 4):
        function(np.ones(2), factor)
    assert jitserve.flush()
    jitserve.configure(directory=default_store)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def listed(store: Path, *arguments: str) -> list[dict[str, object]]:
    return json.loads(run("ls", "--store", str(store), "--format", "json", *arguments).output)


def test_entries_are_listed_with_function_size_and_costs(store: Path) -> None:
    entries = listed(store)
    assert [entry["function"] for entry in entries] == [f"{__name__}.scaled"] * 2
    assert all(entry["bytes"] > 0 and entry["executable"] and entry["compile_s"] > 0 for entry in entries)
    lines = run("ls", "--store", str(store)).output.splitlines()
    assert lines[0].split() == ["KEY", "AGE", "SIZE", "TRACE", "COMPILE", "FUNCTION"]
    assert {line.split()[0] for line in lines[1:]} == {str(entry["key"])[:12] for entry in entries}


def test_entries_are_listed_by_function_and_up_to_a_limit(store: Path) -> None:
    assert len(listed(store, "scaled", "--limit", "1")) == 1
    assert listed(store, "unscaled") == []
    assert run("ls", "unscaled", "--store", str(store)).output == f"nothing is stored in {store}\n"


def test_ingredients_of_an_entry_are_shown_by_the_beginning_of_its_key(store: Path) -> None:
    shown = [run("show", str(entry["key"])[:12], "--store", str(store)).output for entry in listed(store)]
    assert sorted("static argument `factor`: 4" in text for text in shown) == [False, True]
    for text in shown:
        assert f"function  {__name__}.scaled\n" in text
        assert "\n  jax_enable_x64: False\n" in text
        assert "\n  `x`: float32[2]; on the host\n" in text
    (entry,) = json.loads(run("show", str(listed(store)[0]["key"]), "--store", str(store), "--format", "json").output)
    assert {"kind", "name", "text", "digest", "details"} == set(entry["ingredients"][0])


@pytest.mark.parametrize(("key", "complaint"), [("xyz", "is not the beginning of a key"), ("f" * 64, "no entry in")])
def test_key_that_leads_nowhere_is_an_error(store: Path, key: str, complaint: str) -> None:
    result = run("show", key, "--store", str(store))
    assert result.exit_code != 0
    assert complaint in result.output


def test_listing_needs_no_jax(store: Path) -> None:
    for arguments in (("ls",), ("show", str(listed(store)[0]["key"]))):
        command = [sys.executable, "-c", BLOCK_JAX, *arguments, "--store", str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "scaled" in done.stdout


@pytest.mark.parametrize("arguments", [("ls",), ("show", "ab")])
def test_looking_where_no_store_is_makes_none_and_says_so(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    for name in ("not/there", "empty", "file/below"):
        monkeypatch.setenv("JITSERVE_DIR", str(tmp_path / name))
        assert f"there is no store in {tmp_path / name}\n" in run(*arguments).output
    assert sorted(tmp_path.rglob("*")) == before


def test_listing_where_no_store_is_is_an_empty_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_DIR", str(tmp_path / "not" / "there"))
    assert json.loads(run("ls", "--format", "json").output) == []
