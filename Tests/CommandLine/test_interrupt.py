"""Ctrl-C, closed terminals and SIGHUP."""

import json
import os
import re
import signal
import time
import urllib.request

import pytest

from conftest import SIMULATION, SPATE, Terminal, spate, wait


@pytest.fixture
def profile(tmp_path):
    """Ten minutes of ten calls a second."""
    path = tmp_path / "long.yaml"
    path.write_text(
        "name: long\nmodel: steady\nmode: '0.5'\ndeadline_ms: 20000\npoints:\n"
        "  - {at: 0s, calls_per_minute: 600}\n  - {at: 10m, calls_per_minute: 600}\n")
    return path


def visible(screen):
    """What stands on the screen, line by line as it was drawn, without the sequences that move the cursor."""
    text = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", screen).decode(errors="replace")
    return [line for part in text.split("\n") for line in part.split("\r") if line]


def test_control_c_in_load_writes_the_report(system, tmp_path, profile):
    addresses = system().serving()
    report = tmp_path / "report"
    terminal = Terminal(
        "load", "--url", addresses["http"], "--admin", addresses["admin"], "--profile", profile,
        "--requests", SIMULATION / "requests.jsonl", "--report", report)
    terminal.shows("last 5 s: p50")
    terminal.press_control_c()
    assert terminal.status() == 130
    document = json.loads((report / "report.json").read_text())
    assert document["conclusion"] == "stopped"
    assert document["counts"]["finished"] > 0 and document["counts"]["lost"] == 0
    assert {kind["kind"]["mode"] for kind in document["kinds"]} == {"synchronous", "asynchronous"}
    assert document["description"]["environment"]["command"].endswith(str(report))
    assert (report / "report.html").stat().st_size > 5_000
    assert b"long: Stopped after" in terminal.screen
    # A path that is longer than a line stays whole, so that it can be copied.
    lines = [line for line in visible(terminal.screen) if max(map(len, line.split()), default=0) < 60]
    assert max(map(len, lines)) <= 80, "nothing is cut or wraps at 80 columns"


def test_control_c_in_rehearse_writes_the_report_and_ends_its_cluster(config, tmp_path, profile):
    report = tmp_path / "report"
    terminal = Terminal(
        "rehearse", "--config", config, "--profile", profile, "--requests", SIMULATION / "requests.jsonl",
        "--speed", "1", "--report", report)
    terminal.shows("last 5 s: p50")
    terminal.press_control_c()
    assert terminal.status() == 130
    document = json.loads((report / "report.json").read_text())
    assert document["conclusion"] == "stopped"
    assert document["description"]["environment"]["config"] == str(config)
    # With jobs still waiting the last sentence says how many, and where they are kept.
    last = (report / "cluster/spate.log").read_text().rstrip().splitlines()[-1]
    assert last.startswith(("spate: everything is drained and stopped", "spate: stopped; ")), last


def test_a_second_control_c_ends_at_once(system, tmp_path, profile):
    addresses = system().serving()
    terminal = Terminal(
        "load", "--url", addresses["http"], "--admin", addresses["admin"], "--profile", profile,
        "--requests", SIMULATION / "requests.jsonl", "--report", tmp_path / "report")
    terminal.shows("in ")
    terminal.press_control_c()
    terminal.press_control_c()
    assert terminal.status(5) == 130


def test_a_terminal_that_closes_drains_up(config, tmp_path):
    addresses = tmp_path / "address.json"
    terminal = Terminal("up", "--config", config, "--address-file", addresses)
    wait(addresses.exists, 30, "the start")
    terminal.close()
    assert terminal.status() == 0
    assert not addresses.exists()


def test_what_was_started_with_nohup_outlives_its_terminal(config, tmp_path):
    addresses = tmp_path / "address.json"
    terminal = Terminal("up", "--config", config, "--address-file", addresses, ignores=[signal.SIGHUP])
    try:
        wait(addresses.exists, 30, "the start")
        http = json.loads(addresses.read_text())["http"]
        terminal.close()
        # Draining this cluster takes a tenth of that.
        time.sleep(2)
        with urllib.request.urlopen(f"{http}/v2/health/ready", timeout=10) as answer:
            assert answer.status == 200
    finally:
        os.kill(terminal.process_id, signal.SIGTERM)
        assert terminal.status() == 0


def test_a_rehearsal_touches_no_cluster_that_runs(config, tmp_path, profile):
    # Neither the environment's Redis nor the file's: both would be refused here.
    config.write_text(config.read_text().replace("{directory: ../data}", "{url: \"redis://127.0.0.1:1\"}"))
    ended = spate(
        "rehearse", "--config", config, "--profile", profile, "--requests", SIMULATION / "requests.jsonl",
        "--speed", "600", "--report", tmp_path / "report",
        env={**os.environ, "SPATE_REDIS_URL": "redis://127.0.0.1:2", "SPATE_CLUSTER": "production"})
    assert ended.returncode == 0, ended.stderr
    assert json.loads((tmp_path / "report/report.json").read_text())["counts"]["finished"] > 0


def test_without_a_terminal_sighup_reads_the_files_again(system, config):
    running = system(start_new_session=True)
    running.serving()
    config.write_text(config.read_text().replace("maximum_workers: 2", "maximum_workers: 3"))
    running.process.send_signal(signal.SIGHUP)
    wait(lambda: "pools.cpu.maximum_workers: 2 -> 3" in running.log(), 20, "the reload")
    assert running.process.poll() is None
    assert running.end() == 0


def test_a_dead_target_is_found_before_the_load(tmp_path, profile):
    began = time.monotonic()
    ended = spate(
        "load", "--url", "http://127.0.0.1:1", "--profile", profile, "--requests", SIMULATION / "requests.jsonl",
        "--report", tmp_path / "report")
    assert ended.returncode == 69 and time.monotonic() - began < 20
    assert "cannot connect: Connection refused" in ended.stderr and "spate up" in ended.stderr
    assert not (tmp_path / "report").exists()


def test_a_model_that_is_not_served_is_found_before_the_load(system, tmp_path, profile):
    addresses = system().serving()
    ended = spate(
        "load", "--url", addresses["http"], "--admin", addresses["admin"], "--profile", profile,
        "--requests", SIMULATION / "requests.jsonl", "--model", "nobody", "--report", tmp_path / "report")
    assert ended.returncode == 69
    assert "nobody" in ended.stderr


def test_answers_that_were_not_checked_are_not_called_right(system, tmp_path):
    addresses = system().serving()
    requests = tmp_path / "requests.jsonl"
    document = json.loads((SIMULATION / "requests.jsonl").read_text())
    del document["expected"]
    requests.write_text(json.dumps(document) + "\n")
    ended = spate(
        "load", "--url", addresses["http"], "--admin", addresses["admin"], "--requests", requests,
        "--connections", "2", "--seconds", "1", "--report", tmp_path / "report")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "answers not checked" in ended.stdout and "every answer right" not in ended.stdout
    assert json.loads((tmp_path / "report/report.json").read_text())["counts"]["checked"] == 0


def test_a_profile_with_a_slip_is_a_matter_of_settings(tmp_path):
    profile = tmp_path / "p.yaml"
    profile.write_text("name: p\npionts: []\n")
    ended = spate("load", "--profile", profile, "--requests", SIMULATION / "requests.jsonl")
    assert ended.returncode == 78 and "did you mean 'points'?" in ended.stderr
