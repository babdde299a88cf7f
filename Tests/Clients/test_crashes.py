"""Real workers that really crash: by an input that kills the process, and by the signals of a crash."""

import concurrent.futures
import os
import pathlib
import re
import signal
import threading
import time

import pytest
import requests

import onnx_bytes
from conftest import ROOT, Cluster
from processes import children_of, read_process
from test_failures import wait_until, workers

LEAST = -2147483648

ECHO = """\
backend: synthetic
fixed_cost: 300ms
row_elements: 4
"""

CONFIG = """\
repository: models
models: [div, echo]
pools:
  - {name: cpu, maximum_workers: 1, drain_timeout: 10s}
"""


@pytest.fixture()
def crashing(tmp_path):
    """One worker with two models: one input of `div` kills the process."""
    (tmp_path / "models" / "div" / "1").mkdir(parents=True)
    (tmp_path / "models" / "div" / "1" / "model.onnx").write_bytes(onnx_bytes.dividing())
    (tmp_path / "models" / "div" / "model.yaml").write_text("backend: onnxruntime\n")
    (tmp_path / "models" / "echo").mkdir()
    (tmp_path / "models" / "echo" / "model.yaml").write_text(ECHO)
    library = os.environ.get("SPATE_ONNXRUNTIME_LIBRARY") or next(
        (str(path) for path in sorted((ROOT / ".spate/onnxruntime").glob("libonnxruntime.so*"))), None)
    runtime = f"runtime: {{onnxruntime_library: {library}}}\n" if library else ""
    (tmp_path / "spate.yaml").write_text(CONFIG + runtime)
    running = Cluster(tmp_path, tmp_path / "spate.yaml")
    yield running
    running.stop()


def div(cluster, *rows):
    body = {"inputs": [{"name": "x", "datatype": "INT32", "shape": [len(rows), 1], "data": list(rows)}]}
    return submit(cluster, "div", body)


def echo(cluster, row):
    return submit(cluster, "echo", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [row, 1, 2, 3]}]})


def submit(cluster, model, body):
    answer = requests.post(
        f"{cluster.http}/v2/models/{model}/infer", json=body, headers={"Prefer": "respond-async"}, timeout=30)
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def ending(cluster, location):
    for _ in range(6):
        answer = requests.get(cluster.http + location, params={"wait": "20s"}, timeout=40)
        if (state := answer.headers.get("Spate-Job-Status")) not in ("waiting", "running", "retrying"):
            return state, answer.json()
    return "unsettled", {}


def test_a_job_that_kills_its_worker_takes_no_other_with_it(crashing):
    for round in range(4):
        innocent, poison = echo(crashing, round), div(crashing, LEAST)
        assert ending(crashing, innocent)[0] == "finished"
        state, answer = ending(crashing, poison)
        assert state == "failed"
        assert "died while running this job and nothing else" in str(answer)
    log = crashing.log_path.read_text()
    assert re.search(r"SIGFPE.*job div\.1\.normal\.\S+ of model div", log), "the log names signal, model and job"
    assert "ended before it was ready" not in log, "a death by a job is no failed start"


def test_poisons_among_many_fail_alone_and_soon(crashing):
    rows = list(range(1, 201))
    for place in (20, 90, 91, 150, 199):
        rows[place] = LEAST
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        locations = list(pool.map(lambda row: div(crashing, row), rows))
        began = time.monotonic()
        endings = list(pool.map(lambda location: ending(crashing, location), locations))
    for row, (state, answer) in zip(rows, endings):
        assert state == ("failed" if row == LEAST else "finished"), answer
        if state == "finished":
            outputs = {output["name"]: output["data"] for output in answer["outputs"]}
            assert outputs == {"y": [row], "z": [-row]}
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGBUS])
def test_a_crashed_worker_is_gone_at_once_and_prints_no_memory(crashing, number):
    locations = [echo(crashing, row) for row in range(3)]
    victim = wait_until(lambda: workers(crashing))[0]
    status = lambda: requests.get(crashing.admin + "/admin/status", timeout=10).json()["queues"]["echo.1"]
    wait_until(lambda: status()["in_flight"] > 0)
    os.kill(victim, number)
    killed = time.monotonic()
    wait_until(lambda: victim not in workers(crashing), 10)
    assert time.monotonic() - killed < 1
    assert all(ending(crashing, location)[0] == "finished" for location in locations)
    logs = crashing.log_path.read_text() + "".join(
        path.read_text() for path in pathlib.Path(crashing.directory / "data").rglob("*.log"))
    assert "Backtrace" not in logs and "Registers" not in logs


def test_children_end_with_a_killed_parent_within_a_second(crashing):
    for row in range(40):
        echo(crashing, row)
    wait_until(lambda: workers(crashing))
    children = children_of(crashing.process)
    crashing.process.kill()
    crashing.process.wait()
    killed = time.monotonic()
    wait_until(lambda: not any(read_process(child, "cmdline") for child in children), 20)
    assert time.monotonic() - killed < 1.5


def test_a_killed_system_can_be_started_again_at_once(crashing, tmp_path):
    """Its Redis is still ending then: it writes its log, and takes away the file of its socket."""
    running = crashing
    for row in range(6):
        location = echo(running, row)
        running.process.kill()
        running.process.wait()
        running.address_file.unlink(missing_ok=True)
        running = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        answer = requests.get(running.http + location, params={"wait": "20s"}, timeout=40)
        assert answer.status_code in (200, 404, 410), "what was accepted less than a second before the kill may be gone"
        assert requests.get(running.http + "/v2/health/ready", timeout=10).status_code == 200
    finally:
        assert running.stop() == 0


def test_the_redis_of_a_killed_system_is_waited_for(crashing, tmp_path):
    (redis,) = wait_until(lambda: children_of(crashing.process, b"redis-server"))
    os.kill(redis, signal.SIGSTOP)
    crashing.process.kill()
    crashing.process.wait()
    crashing.address_file.unlink(missing_ok=True)
    continued = threading.Timer(2, os.kill, (redis, signal.SIGCONT))
    continued.start()
    again = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        continued.join()
        assert ending(again, echo(again, 1))[0] == "finished"
        assert len(children_of(again.process, b"redis-server")) == 1
        assert not pathlib.Path(f"/proc/{redis}").exists()
    finally:
        assert again.stop() == 0


def test_what_a_killed_system_had_in_hand_goes_on_at_once(crashing, tmp_path):
    locations = [echo(crashing, row) for row in range(10)]
    wait_until(lambda: workers(crashing))
    # Longer than the log of Redis may lag.
    time.sleep(1.2)
    crashing.process.kill()
    crashing.process.wait()
    crashing.address_file.unlink(missing_ok=True)
    again = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        assert all(ending(again, location)[0] == "finished" for location in locations)
        assert "accepted before, kept in" in again.log_path.read_text()
    finally:
        again.stop()


def test_the_last_sentence_says_what_waits(tmp_path, crashing):
    crashing.stop()
    assert crashing.log_path.read_text().rstrip().endswith("spate: everything is drained and stopped")
    settings = (tmp_path / "spate.yaml").read_text()
    (tmp_path / "spate.yaml").write_text(settings.replace("maximum_workers: 1", "maximum_workers: 1, paused: true"))
    again = Cluster(tmp_path, tmp_path / "spate.yaml")
    for row in range(3):
        echo(again, row)
    assert again.stop() == 0
    last = again.log_path.read_text().rstrip().splitlines()[-1]
    assert last == f"spate: stopped; 3 jobs were not finished, kept in {tmp_path}/data/redis for the next start"


def test_a_private_redis_that_is_killed_again_and_again_comes_back(crashing):
    locations = [echo(crashing, row) for row in range(3)]
    time.sleep(1.2)
    for _ in range(7):
        redis = wait_until(lambda: children_of(crashing.process, b"redis-server"))
        os.kill(redis[0], signal.SIGKILL)
        time.sleep(0.5)
    assert crashing.process.poll() is None
    assert all(ending(crashing, location)[0] == "finished" for location in locations)
    assert crashing.log_path.read_text().count("ends again and again") == 1


def test_a_frozen_worker_in_a_pool_of_one_is_replaced_once_its_lease_is_over(crashing):
    assert ending(crashing, echo(crashing, 1))[0] == "finished"
    victim = wait_until(lambda: workers(crashing))[0]
    os.kill(victim, signal.SIGSTOP)
    frozen = time.monotonic()
    try:
        locations = [echo(crashing, row) for row in range(5)]
        assert all(ending(crashing, location)[0] == "finished" for location in locations)
        assert time.monotonic() - frozen < 15
    finally:
        os.kill(victim, signal.SIGCONT)
    # It counts again, and one of the two leaves.
    wait_until(lambda: len(workers(crashing)) <= 1, 30)
