"""``jitserve stats`` and the options of ``jitserve-daemon``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from actors import Actor, Daemon, key
from click.testing import CliRunner, Result

from jitserve.cli import daemon as daemon_command
from jitserve.cli.stats import hit_rate, stats
from jitserve.store._disk import DiskStore
from jitserve.store._tier import Kind


def run(*options: str, **environ: str) -> Result:
    return CliRunner().invoke(stats, options, env={"JITSERVE_ADDRESS": None, **environ}, catch_exceptions=False)


def test_stats_of_a_store_without_a_daemon(store: DiskStore, socket: Path) -> None:
    store.publish(Kind.PROGRAM, key(1), b"program")
    result = run("--store", str(store.layout.root), "--address", str(socket), "--format", "json")
    assert result.exit_code == 0
    answer = json.loads(result.output)
    assert answer["store"]["path"] == str(store.layout.root)
    assert (answer["store"]["entries"], answer["store"]["programs"]) == (1, 1)
    assert answer["daemon"] == {"address": f"unix:{socket}", "error": "not running"}


def test_stats_with_a_daemon_show_what_it_counted(daemon: Daemon) -> None:
    with Actor(**daemon.environ) as actor:
        actor.do("report", batch={"outcomes": {"direct_hit": 3, "miss": 1, "bypass": 5}, "bypasses": {"effects": 5}})
        actor.do("report", batch={"seconds_saved": 12.5, "load_seconds": [0.5], "faults": {"no_space": 1}})
    with Actor(**daemon.environ) as actor:
        assert actor.do("acquire", key=key(1).hex(), timeout=0)
        answer = json.loads(run("--format", "json", **daemon.environ).output)["daemon"]
        text = run(**daemon.environ).output
    assert answer["pid"] == daemon.process.pid
    assert answer["outcomes"]["direct_hit"] == 3
    assert answer["bypasses"]["effects"] == 5
    assert answer["faults"]["no_space"] == 1
    assert (answer["hit_rate"], answer["seconds_saved"], answer["loads"], answer["leases_held"]) == (0.75, 12.5, 1, 1)
    assert "lookups  bypass 5, direct_hit 3, miss 1" in text
    assert "hit rate 75.0%, 12.5 s saved" in text
    assert "leases   1 held, 0 waiting" in text


def test_stats_find_the_directory_that_the_daemon_serves(daemon: Daemon) -> None:
    answer = json.loads(run("--format", "json", JITSERVE_ADDRESS=str(daemon.socket), JITSERVE_DIR="").output)
    assert answer["store"]["path"] == str(daemon.store)


def test_stats_of_a_directory_that_is_not_there_are_zero(tmp_path: Path) -> None:
    answer = json.loads(run("--store", str(tmp_path / "absent"), "--format", "json", JITSERVE_ADDRESS="none").output)
    assert answer["store"]["entries"] == 0
    assert "not asked" in answer["daemon"]["error"]


def test_stats_for_an_address_that_is_none_say_what_one_is() -> None:
    result = run("--address", "localhost:1234")
    assert result.exit_code == 2
    assert "use unix:/path or /path" in result.output


@pytest.mark.parametrize(
    ("outcomes", "rate"),
    [
        ({}, None),
        ({"bypass": 5, "fault": 2}, None),
        ({"miss": 1}, 0.0),
        ({"direct_hit": 1, "program_hit": 1, "lowered_hit": 1, "miss": 1, "bypass": 9, "fault": 9}, 0.75),
    ],
)
def test_hit_rate_leaves_out_what_could_not_have_hit(outcomes: dict[str, int], rate: float | None) -> None:
    assert hit_rate(outcomes) == rate


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        (":0", ("127.0.0.1", 0)),
        ("0", ("127.0.0.1", 0)),
        ("[::1]:1", ("::1", 1)),
        ("none", None),
    ],
)
def test_metrics_address_forms(text: str, address: tuple[str, int] | None) -> None:
    assert daemon_command.MetricsAddress().convert(text, None, None) == address


@pytest.mark.parametrize("text", ["", "host", "host:port", "host:70000", "host:-1"])
def test_metrics_address_that_is_none_is_refused_with_an_example(text: str) -> None:
    result = CliRunner().invoke(daemon_command.main, ["--metrics-address", text])
    assert result.exit_code == 2
    assert "use for example 127.0.0.1:9464" in result.output
