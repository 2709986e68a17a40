"""A toolchain that is changed under a process: it runs what it has loaded. Each in processes of its own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.whole.processes import PREAMBLE, evaluate, python

# `triton` is a part of the toolchain, which is not installed here.
LOADED = "import os, pathlib\njax.devices()\nimport triton\npath = pathlib.Path(triton.__file__)\n"
CALL = "answer(value=float(jitserve.jit(lambda x: x * triton.FACTOR)(1.0)))"
EDITED = "path.write_text('FACTOR = 3')\n"
# As a package is installed by links to files that have been unpacked before.
REPLACED = (
    "other = path.with_name('other')\nother.write_text('FACTOR = 3')\nos.utime(other, (10**9, 10**9))\n"
    "os.replace(other, path)\n"
)
# As `cp -p` and `rsync -a --inplace` do it: neither the time of the file nor that of the directory is new.
COPIED = (
    "import shutil\nother = path.parent.parent / 'other'\nother.write_text('FACTOR = 3')\n"
    "os.utime(other, (10**9, 10**9))\nshutil.copy2(other, path)\n"
)
LINKED = "os.link(path, path.parent.parent / 'link')\n"


@pytest.fixture
def site(tmp_path: Path, store_dir: Path) -> Path:
    """Where ``triton`` is."""
    package = tmp_path / "site" / "triton"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("FACTOR = 2")
    return package.parent


def _run(site: Path, code: str) -> dict[str, Any]:
    return evaluate(code, PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1")


@pytest.mark.parametrize("change", [EDITED, REPLACED, COPIED], ids=["edited", "replaced", "copied"])
def test_file_that_was_changed_after_it_was_loaded_makes_calls_stand_aside(site: Path, change: str) -> None:
    first = _run(site, LOADED + change + CALL)
    assert first["value"] == 2.0
    assert first["stats"]["bypasses"] == {"toolchain_changed": 1}
    assert first["stats"]["published"] == 0
    second, third = (_run(site, LOADED + CALL) for _ in range(2))
    assert second["value"] == third["value"] == 3.0
    assert second["stats"]["misses"] == third["stats"]["direct_hits"] == 1


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            f"import os, pathlib, triton\npath = pathlib.Path(triton.__file__)\n{EDITED}", id="loaded-before-logging"
        ),
        pytest.param(
            f"import importlib, logging\nimport jax\n{LOADED}{EDITED}importlib.reload(logging)\n", id="logging-reloaded"
        ),
    ],
)
def test_file_that_was_changed_before_jitserve_was_imported_makes_calls_stand_aside(site: Path, code: str) -> None:
    done = python("-c", f"{code}{PREAMBLE}import triton\n{CALL}", PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert (answer["value"], answer["stats"]["bypasses"]) == (2.0, {"toolchain_changed": 1})


def test_links_that_lead_nowhere_or_back_cost_nothing(site: Path) -> None:
    package = site / "triton"
    for name, target in {".#api.py": "user@host.1:2", "self": "self", "again": ".", "up": ".."}.items():
        (package / name).symlink_to(target)
    first, second = (_run(site, LOADED + CALL) for _ in range(2))
    assert (first["stats"]["misses"], second["stats"]["direct_hits"]) == (1, 1)


def test_package_in_an_archive_counts_by_the_archive(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "packages.zip"

    def call() -> dict[str, Any]:
        return _run(path, "import triton\n" + CALL)

    _archive(path, 2)
    assert call()["value"] == 2.0
    _archive(path, 3)
    assert call()["value"] == 3.0
    again = call()
    assert (again["value"], again["stats"]["direct_hits"]) == (3.0, 1)


@pytest.fixture
def bystander(tmp_path: Path, store_dir: Path) -> Path:
    """A package ``rich``, as it is installed, which the walk does not go into."""
    module = tmp_path / "site-packages" / "rich" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("def factor(): return inner()\ndef inner(): return 2")
    return module


SHOWS = "import rich\ndef f(x):\n    return x * rich.factor()\n"
ANSWER = "answer(value=float(jitserve.jit(f)(1.0)))"


def test_edit_of_a_bystander_that_ran_in_the_trace_is_a_miss(bystander: Path) -> None:
    site = bystander.parent.parent
    assert [_run(site, SHOWS + ANSWER)["stats"]["direct_hits"] for _ in range(2)] == [0, 1]
    bystander.write_text("def factor(): return inner()\ndef inner(): return 3")
    explained = _run(site, SHOWS + "answer(text=str(jitserve.explain(f, 1.0)))")
    assert "installed package `rich` changed" in explained["text"]
    found = _run(site, SHOWS + ANSWER)
    assert (found["value"], found["stats"]["misses"]) == (3.0, 1)


def test_edit_of_a_bystander_that_did_not_run_is_none(bystander: Path) -> None:
    code = "import rich\nf = lambda x: x * 2\n" + ANSWER
    _run(bystander.parent.parent, code)
    bystander.write_text("def factor(): return inner()\ndef inner(): return 3")
    assert _run(bystander.parent.parent, code)["stats"]["direct_hits"] == 1


def test_bystander_that_was_edited_after_it_was_loaded_makes_its_callers_stand_aside(bystander: Path) -> None:
    edit = f"import pathlib\npathlib.Path({str(bystander)!r}).write_text('def factor(): return 3')\n"
    first = _run(bystander.parent.parent, SHOWS + edit + ANSWER)
    assert (first["value"], first["stats"]["bypasses"]) == (2.0, {"toolchain_changed": 1})
    assert _run(bystander.parent.parent, SHOWS + ANSWER)["value"] == 3.0


def _archive(path: Path, factor: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("triton/__init__.py", f"FACTOR = {factor}")


@pytest.mark.parametrize("change", [EDITED, ""], ids=["edited", "as-before"])
def test_explain_names_the_changed_file(site: Path, change: str) -> None:
    code = "found = jitserve.explain(lambda x: x * 2, 1.0)\nanswer(path=found.path, outcome=found.outcome.value)"
    found = _run(site, LOADED + change + code)
    named = str(site / "triton" / "__init__.py")
    assert (found["outcome"], found["path"]) == (("bypass", named) if change else ("miss", ""))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(LOADED + CALL, id="before-the-process"),
        pytest.param(LOADED + LINKED + CALL, id="linked-into-another-environment"),
        pytest.param(
            LOADED + "os.utime(path, (2 * 10**9 + 10**8, 2 * 10**9 + 10**8))\n" + CALL, id="clock-of-another-machine"
        ),
    ],
)
def test_package_that_was_there_before_is_none_that_changed(site: Path, code: str) -> None:
    assert _run(site, code)["stats"]["published"] == 1


def test_package_that_is_not_loaded_may_be_installed_at_any_time(site: Path) -> None:
    code = f"import pathlib\njax.devices()\npathlib.Path({str(site)!r}, 'triton', '__init__.py').write_text('')\n"
    done = _run(site, code + "jitserve.jit(lambda x: x * 2)(1.0)\nanswer()")
    assert done["stats"]["published"] == 1


def test_package_that_is_installed_before_anything_is_imported_is_none_that_changed(site: Path) -> None:
    install = (
        f"import logging, pathlib\npathlib.Path({str(site)!r}, 'triton', '__init__.py').write_text('FACTOR = 3')\n"
    )
    done = python("-c", install + PREAMBLE + LOADED + CALL, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["value"] == 3.0
    assert answer["stats"]["published"] == 1
