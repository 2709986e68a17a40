"""A project of several modules under ``jitserve run -m``, edited between its runs as people do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_store import empty_store
from tests.whole.processes import SCRIPTS, python

Run = dict[str, Any]


class Project:
    """A copy of the project, which can be edited and run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = empty_store(directory / "store")
        shutil.copytree(SCRIPTS / "study", directory / "study")

    def edit(self, name: str, *replacements: tuple[str, str]) -> Callable[[], None]:
        path = self.directory / "study" / name
        before = text = path.read_text()
        for old, new in replacements:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path.write_text(text)

        def revert() -> None:
            path.write_text(before)

        return revert

    def run(self, *, served: bool = True) -> Run:
        options = ("-m", "jitserve", "run", "--quiet") if served else ()
        environ = {
            "JITSERVE_DIR": str(self.store),
            "JITSERVE_ADDRESS": "none",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = python(*options, "-m", "study", "--steps", "2", cwd=self.directory, **environ)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        answer: Run = json.loads(done.stdout)
        return answer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has been run once."""
    project = Project(tmp_path_factory.mktemp("project"))
    plain, first = project.run(served=False), project.run()
    assert first == plain
    assert first["traced"] == ["_evaluate", "_step"]
    return project


def test_second_run_traces_nothing_and_gives_the_same_bits(project: Project) -> None:
    again = project.run()
    assert again["traced"] == []
    assert again["results"] == project.run(served=False)["results"]


HARMLESS = {
    "comments": ("models/layers.py", ("def norm(x):\n", "# Over the features.\n\n\ndef norm(x):\n    # of each row\n")),
    "code that does not run": ("metrics.py", ("return a * 3.0", "return a * 4.0")),
    "another entry of a registry": ("models/__init__.py", ('register("mlp")', 'register("net")(MLP)\nregister("mlp")')),
}


@pytest.mark.parametrize("edit", HARMLESS)
def test_edit_that_no_trace_reads_is_no_miss(edit: str, project: Project) -> None:
    revert = project.edit(*HARMLESS[edit])
    try:
        assert project.run()["traced"] == []
    finally:
        revert()


TELLING = {
    "a constant of a helper": ("models/layers.py", ("EPSILON = 1e-5", "EPSILON = 1e-2"), ["_evaluate", "_step"]),
    "the code of one function": ("train.py", ("w - self.rate", "w - 2.0 * self.rate"), ["_step"]),
}


@pytest.mark.parametrize("edit", TELLING)
def test_edit_that_a_trace_reads_is_a_miss_until_it_is_taken_back(edit: str, project: Project) -> None:
    before = project.run()
    name, replacement, traced = TELLING[edit]
    revert = project.edit(name, replacement)
    try:
        edited = project.run()
        assert edited["traced"] == traced
        assert edited["results"] != before["results"]
        assert edited["results"] == project.run(served=False)["results"]
    finally:
        revert()
    assert project.run() == before
