"""``jitserve demo``: a small job through the real machinery, and every way in which it must fail."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from jitserve.demo import _scenario as scenario
from jitserve.demo._process import DemoError, clean_environment, run_python
from jitserve.demo._report import Phase, Report
from jitserve.demo._verdict import identical, problems

SMALL = ("--layers", "1", "--width", "16", "--rounds", "1")
POPEN = subprocess.Popen
NOTHING, ONCE = Phase(0, 0.0), Phase(1, 0.5)
COLD = Report(3.0, ONCE, ONCE, ONCE, 0.0, "compiled", "aa", "cpu")
LOADED = Report(1.0, NOTHING, NOTHING, NOTHING, 0.5, "direct_hit", "aa", "cpu")


def results(**changed: Report) -> scenario.Results:
    """What a good run reports, but for the warm or the plain process."""
    return scenario.Results(
        {
            scenario.PLAIN: (changed.get("plain", COLD),),
            scenario.FILL: (dataclasses.replace(COLD, outcome="miss"),),
            scenario.WARM: (LOADED, changed.get("warm", LOADED)),
        }
    )


def run_demo(
    directory: Path, *arguments: str, program: str = "", settings: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Runs ``jitserve demo`` after ``program`` in a fresh process whose temporary directory is ``directory``."""
    start = f"{program}\nfrom jitserve.cli.main import main\nmain({['demo', *arguments]!r}, prog_name='jitserve')"
    environment = os.environ | {"TMPDIR": str(directory)} | settings
    return subprocess.run(
        [sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def processes_that_name(directory: Path) -> list[bytes]:
    """The command lines of running processes that contain ``directory``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return [line for line in found if str(directory).encode() in line]


def test_demo_of_a_small_model_succeeds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    finished = run_demo(tmp_path, *SMALL)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "direct_hit" in finished.stdout
    assert "Outputs of all processes: bit-identical." in finished.stdout
    assert "Where to go next" in finished.stdout
    assert list(tmp_path.iterdir()) == []


def test_demo_whose_children_do_not_hit_fails_with_the_reason(tmp_path: Path) -> None:
    # Something in the environment of the children switches jitserve off after the demo has cleaned it.
    hook = "import os, sys\nos.environ['JITSERVE_DISABLE'] = '1'\nprint('switched off', file=sys.stderr)\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    finished = run_demo(tmp_path, *SMALL, settings={"PYTHONPATH": str(tmp_path)})
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "FAILED  jitserve, warm: JAX traced" in finished.stdout
    assert "The last process said: switched off" in finished.stdout
    assert "Where to go next" not in finished.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_demo_ended_by_a_signal_leaves_no_process_and_no_file(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "jitserve", "demo", *SMALL],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        # The daemon runs and one child has ended: the next one is starting or running.
        assert any(scenario.PLAIN in line for line in demo.stdout)
        demo.send_signal(number)
        demo.stdout.read()
    assert demo.returncode != 0
    assert list(tmp_path.iterdir()) == []
    assert processes_that_name(tmp_path) == []


def test_signal_between_the_start_of_a_child_and_the_knowing_of_it_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start_under_a_signal(*arguments: object, **settings: object) -> object:
        started.append(POPEN(*arguments, **settings))  # type: ignore[call-overload]
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start_under_a_signal)
    with pytest.raises(KeyboardInterrupt):
        run_python(["-c", "import time; time.sleep(600)"], {}, tmp_path)
    assert [process.poll() for process in started] == [-signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_demo_whose_child_fails_shows_why_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    finished = run_demo(tmp_path, "--layers", "1", "--width", "10")
    assert finished.returncode == 1
    assert "Error: python" in finished.stderr
    assert "must be divisible by number of heads" in finished.stderr, "the words of flax"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["flax", "optax"])
def test_demo_without_a_library_names_the_extra_to_install(tmp_path: Path, missing: str) -> None:
    finished = run_demo(tmp_path, program=f"import sys; sys.modules[{missing!r}] = None")
    assert finished.returncode == 1
    assert finished.stderr == f"Error: the demo needs {missing}: pip install 'jitserve[demo]'\n"


def test_verdict_of_a_good_run_is_empty() -> None:
    assert problems(results()) == []
    assert identical(results())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"outcome": "lowered_hit"}, "'lowered_hit', not 'direct_hit'", id="outcome"),
        pytest.param({"trace": ONCE}, "JAX traced 1 times", id="traced"),
        pytest.param({"lower": ONCE}, "JAX lowered 1 times", id="lowered"),
        pytest.param({"compile": ONCE}, "JAX compiled 1 times", id="compiled"),
        pytest.param({"outputs_sha256": "bb"}, "outputs differ", id="outputs"),
    ],
)
def test_verdict_of_a_warm_process_that_did_more_than_load_names_it(changed: dict[str, object], words: str) -> None:
    bad = results(warm=dataclasses.replace(LOADED, **changed))  # type: ignore[arg-type]
    assert [problem for problem in problems(bad) if words in problem] != []


def test_verdict_when_plain_jax_disagrees_with_everything_else_says_so() -> None:
    bad = results(plain=dataclasses.replace(COLD, outputs_sha256="bb"))
    assert not identical(bad)
    assert any(problem.startswith(scenario.WARM) for problem in problems(bad))


def test_report_survives_the_way_through_its_file(tmp_path: Path) -> None:
    COLD.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == COLD


def test_process_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="exited with 3:\nlast words"):
        run_python(["-c", "print('last words'); raise SystemExit(3)"], {}, tmp_path)


def test_process_environment_has_no_foreign_cache_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_DISABLE", "1")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    environment = clean_environment({"JITSERVE_DIR": "here"})
    kept = {name: value for name, value in environment.items() if name.startswith(("JITSERVE_", "JAX_COMP"))}
    assert kept == {"JITSERVE_DIR": "here"}


def test_verdict_on_a_gpu_compares_with_the_process_that_compiled_the_executable() -> None:
    plain = dataclasses.replace(COLD, outputs_sha256="bb", platform="gpu")
    assert identical(results(plain=plain))
    assert problems(results(plain=plain)) == []
    bad = results(plain=plain, warm=dataclasses.replace(LOADED, outputs_sha256="bb"))
    assert problems(bad) == [f"{scenario.WARM}: the outputs differ from those of {scenario.FILL}"]
