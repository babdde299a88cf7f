"""What an operator meets: a slip in the file of a cluster that runs, a folder that is another one, a port that is taken."""

import json
import os
import re
import socket
import time

import pytest

from conftest import ROOT, children_of, infer, spate, wait

SLIPS = {
    "an unknown key": lambda text: text.replace("maximum_workers: 2", "maximum_wrokers: 2"),
    "a value out of range": lambda text: text.replace("maximum_workers: 2", "maximum_workers: -7"),
    "no YAML at all": lambda text: text + "pools: [}\n  - : :\n",
    "a model that is not there": lambda text: text.replace("[steady]", "[steady, gone]"),
    "an empty file": lambda text: "",
}


def decided(system, config):
    """A system whose scaler has had something to decide; returns what `decisions` shows."""
    assert infer(system().serving()["http"]) == 200
    return wait(
        lambda: re.match(r"\d{4}-", (text := spate("decisions", "--config", config).stdout)) and text, 20, "a decision")


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_file_does_not_lock_its_operator_out(system, config, slip):
    decided(system, config)
    good = config.read_text()
    data = []
    config.write_text(SLIPS[slip](good))
    if slip == "an empty file":
        # Nothing says any more where Redis is; the operator does.
        data = ["--redis", f"unix://{config.parent.parent}/data/redis.sock"]
    for command in (["status"], ["pools"], ["why"], ["decisions"], ["cost"], ["pause", "cpu"], ["reload"]):
        ended = spate(*command, "--config", config, *data)
        assert ended.returncode == 0, f"{command}: {ended.stderr}"
        assert str(config) in ended.stderr, "the slip is named"
    status = spate("status", "--config", config, *data).stdout
    assert "steady.1" in status and "0 to 2 workers" in status and "pool cpu is paused" in status
    assert spate("pause", "nobody", "--config", config, *data).returncode == 66


def test_a_pause_stands_in_the_status(system, config):
    system().serving()
    assert spate("pause", "--config", config, "--note", "looking").returncode == 0
    assert "all pools are paused (looking)" in spate("status", "--config", config).stdout
    ended = spate("resume", "--config", config)
    assert ended.stdout.strip() == "the pause of all pools is taken back"
    assert "paused" not in spate("status", "--config", config).stdout


def test_a_relative_data_folder_is_the_same_for_all_commands(system, config, tmp_path):
    running = system("--data", "mine", cwd=tmp_path)
    running.serving()
    for command in (["status"], ["pools"], ["reload"]):
        ended = spate(*command, "--config", config, "--data", "mine", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
    assert running.end() == 0


def test_a_port_that_is_taken_is_found_before_anything_starts(config, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option in ("--port", "--admin-port"):
            began = time.monotonic()
            ended = spate("up", "--config", config, option, port)
            assert ended.returncode == 69 and time.monotonic() - began < 20
            assert f"cannot listen on 127.0.0.1:{port}: something else listens there" in ended.stderr
            assert "worker" not in ended.stderr and "leads" not in ended.stderr
    assert not (tmp_path / "data").exists(), "not even Redis was started"


def test_another_folder_is_told_where_to_look(tmp_path, config, system):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ended = spate("status", cwd=elsewhere, env={k: v for k, v in os.environ.items() if k != "SPATE_CONFIG"})
    assert ended.returncode == 78
    assert "--config PATH" in ended.stderr and "SPATE_CONFIG" in ended.stderr
    system().serving()
    assert spate("status", cwd=elsewhere, env={**os.environ, "SPATE_CONFIG": str(config)}).returncode == 0


@pytest.mark.parametrize("word, meant", [
    ("statsu", "status"), ("simulat", "simulate"), ("rehears", "rehearse"), ("reolad", "reload"), ("xyzzy", None)])
def test_a_command_that_is_none(word, meant):
    ended = spate(word)
    assert ended.returncode == 64
    assert f"there is no command '{word}'" in ended.stderr
    assert (f"did you mean 'spate {meant}'" in ended.stderr) == (meant is not None)


def test_check_takes_the_file_as_it_comes(config):
    assert spate("check", config).returncode == 0
    config.write_text(config.read_text() + "nonsense: 1\n")
    ended = spate("check", config)
    assert ended.returncode == 1 and "unknown key 'nonsense'" in ended.stderr


def test_workers_are_called_spate(system, config):
    running = system()
    assert infer(running.serving()["http"]) == 200
    names = children_of(running.process.pid).values()
    assert ("spate", "spate") in names
    assert not [name for name in names if "exe" in name]


def test_logs_have_dates_and_single_jobs_from_debug_on(system, config, tmp_path):
    running = system("--log-level", "debug")
    addresses = running.serving()
    assert infer(addresses["http"]) == 200
    wait(lambda: "A job is finished" in running.log(), 20, "the job's line")
    line = next(line for line in running.log().splitlines() if "A job is finished" in line)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z debug worker: ", line)
    assert "job.id=steady.1" in line


def test_decisions_have_dates_and_know_their_pools(system, config):
    found = decided(system, config)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ cpu: ", found)
    ended = spate("decisions", "--config", config, "--pool", "cpuu")
    assert ended.returncode == 66 and "there is no pool 'cpuu'; the cluster has: cpu" in ended.stderr


@pytest.mark.parametrize("option", ["--deadline", "--row-cost", "--start-up", "--interval", "--fixed-cost"])
def test_times_have_their_unit(option):
    ended = spate("simulate", option, "30")
    assert ended.returncode == 64 and "write 30ms, 30s or 30m" in ended.stderr
    counts = ROOT / "Tests/CommandLine/counts.csv"
    assert spate("simulate", "--trace", counts, "--against", "fixed", option, "30ms").returncode == 0


def test_events_that_are_over_are_named(config):
    config.write_text(
        config.read_text() + "scaler:\n  calendar: [\"10,000 calls at 08:30, weekdays, EST, until 2020-01-01\"]\n")
    ended = spate("check", config)
    assert ended.returncode == 0
    assert "is over; nothing is expected of it any more" in ended.stderr
