"""The documents say what is true: commands, examples, links, tables, the worked example of the on-disk format."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jitserve
from jitserve import _core
from jitserve._outcome import BypassReason, Outcome
from jitserve._settings import Settings
from jitserve.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(language: str, name: str) -> list[str]:
    """The fenced code blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(name), flags=re.MULTILINE | re.DOTALL)


def first_cells(name: str, heading: str) -> list[str]:
    """The `code` in the first column of the tables under a heading."""
    section = text_of(name).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)


def test_readme_names_the_two_commands_exactly() -> None:
    assert [block.strip() for block in blocks("sh", "README.md")[:2]] == [
        "pip install '.[demo]' && jitserve demo",
        "pip install '.[test]' && pytest",
    ]


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = text_of(".ci/run")
    for command in blocks("sh", "README.md")[:2]:
        assert f'in_venv "$work/main" "{command.strip()}"\n' in script


def test_readme_example_misses_once_and_hits_in_the_next_process(tmp_path: Path, store_dir: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(blocks("python", "README.md")[0])
    printed = []
    for _ in range(2):
        run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        printed.append(run.stdout)
    assert "direct_hits=0" in printed[0]
    assert "misses=1" in printed[0]
    assert "direct_hits=1" in printed[1]
    assert "misses=0" in printed[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_document_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_terms_list_every_outcome_and_no_other() -> None:
    assert first_cells("docs/terms.md", "Outcomes") == [outcome.value for outcome in Outcome]


def test_terms_list_every_bypass_reason_and_no_other() -> None:
    listed = first_cells("docs/terms.md", "Reasons to stand aside")
    assert sorted(listed) == sorted(reason.value for reason in BypassReason)


def test_readme_lists_every_setting_with_its_default() -> None:
    documented = set(re.findall(r"^\| `(JITSERVE_\w+)", text_of("README.md"), flags=re.MULTILINE))
    assert documented == set(re.findall(r"``(JITSERVE_\w+)``", text_of("src/jitserve/_settings.py")))
    defaults = Settings.from_env({})
    for seconds in (defaults.lookup_timeout_s, defaults.lease_timeout_s, defaults.exit_flush_s):
        assert f"({seconds:g}) |" in text_of("README.md")


def test_readme_names_everything_public() -> None:
    assert [name for name in jitserve.__all__ if not re.search(rf"\b{name}\b", text_of("README.md"))] == []


def test_readme_names_every_command() -> None:
    assert [name for name in COMMANDS if f"jitserve {name}" not in text_of("README.md")] == []


def test_on_disk_format_example_is_the_record_that_the_core_writes(tmp_path: Path) -> None:
    example = next(block for block in blocks("", "docs/on-disk-format.md") if block.startswith("4a 53"))
    documented = bytes.fromhex("".join(re.match(r"(?:[0-9a-f]{2} ?)+", line)[0] for line in example.splitlines()))  # type: ignore[index]
    _core.write_record(tmp_path / "record", b"\x08\x02")
    assert documented == (tmp_path / "record").read_bytes()
    assert documented[-32:] == hashlib.sha256(documented[:-32]).digest()


def test_on_disk_format_blob_name_is_the_core_s(tmp_path: Path) -> None:
    digest, size = _core.BlobStore(tmp_path).put(b"hello")
    name = os.path.relpath(_core.BlobStore(tmp_path).path(digest, size), tmp_path)
    assert f"`{name}`" in text_of("docs/on-disk-format.md")
