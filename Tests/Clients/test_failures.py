"""Real processes, killed with SIGKILL under load: nothing is lost, nothing is answered twice or wrong."""

import concurrent.futures
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import pytest
import requests

from conftest import ROOT, SPATE, Cluster
from processes import children_of, read_process

MODEL = """\
backend: synthetic
fixed_cost: 20ms
cost_per_row: 1ms
row_elements: 4
batching: {maximum_rows: 8}
"""

CONFIG = """\
repository: models
models: [slow]
pools:
  - {name: cpu, device: cpu, maximum_workers: 2, drain_timeout: 10s}
"""


@pytest.fixture()
def slow(tmp_path):
    """A cluster whose model sleeps, so that workers always hold jobs."""
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(MODEL)
    (tmp_path / "spate.yaml").write_text(CONFIG)
    running = Cluster(tmp_path, tmp_path / "spate.yaml")
    yield running
    running.stop()


def body(row):
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [row, row + 0.5, 0, 1]}]}


def submit(cluster, row):
    answer = requests.post(
        cluster.http + "/v2/models/slow/infer", json=body(row), headers={"Prefer": "respond-async"}, timeout=30)
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def collect(cluster, location, row):
    for _ in range(6):
        answer = requests.get(cluster.http + location, params={"wait": "20s"}, timeout=40)
        if answer.status_code == 200:
            assert answer.headers["Spate-Job-Status"] == "finished", answer.text
            return answer.json()["outputs"][0]["data"] == [row, row + 0.5, 0, 1]
    return False


def workers(cluster):
    """Process ids of the worker processes of this cluster."""
    return children_of(cluster.process, b"\0worker\0")


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def test_workers_killed_under_load_lose_nothing(slow):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        locations = list(pool.map(lambda row: submit(slow, row), range(400)))
        generator = random.Random(7)
        for _ in range(3):
            victims = wait_until(lambda: workers(slow))
            os.kill(generator.choice(victims), signal.SIGKILL)
            time.sleep(0.3)
        right = list(pool.map(lambda pair: collect(slow, pair[1], pair[0]), enumerate(locations)))
    assert all(right)
    status = requests.get(slow.admin + "/admin/status", timeout=10).json()["queues"]["slow.1"]
    assert (status["waiting"], status["in_flight"], status["due"]) == (0, 0, 0)
    assert status["submitted"] == 400


def test_a_killed_workers_job_runs_elsewhere_within_a_second(slow):
    locations = [submit(slow, row) for row in range(60)]
    victim = wait_until(lambda: workers(slow))[0]
    wait_until(lambda: requests.get(slow.admin + "/admin/status", timeout=10).json()["queues"]["slow.1"]["in_flight"] > 0)
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()
    assert all(collect(slow, location, row) for row, location in enumerate(locations))
    assert time.monotonic() - killed < 5


def test_a_worker_that_is_told_to_quit_gives_its_jobs_back_unharmed(tmp_path):
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    # One crash is too many for a job here.
    (folder.parent / "model.yaml").write_text(MODEL.replace("20ms", "400ms") + "maximum_crashes: 1\n")
    (tmp_path / "spate.yaml").write_text(CONFIG.replace("maximum_workers: 2", "minimum_workers: 2, maximum_workers: 2"))
    cluster = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        wait_until(lambda: len(workers(cluster)) == 2)
        locations = [submit(cluster, row) for row in range(100)]
        status = lambda: requests.get(cluster.admin + "/admin/status", timeout=10).json()["queues"]["slow.1"]
        for _ in range(2):
            wait_until(lambda: len(workers(cluster)) == 2 and status()["in_flight"] > 8)
            victim = workers(cluster)[0]
            os.kill(victim, signal.SIGQUIT)
            began = time.monotonic()
            wait_until(lambda: victim not in workers(cluster), 10)
            assert time.monotonic() - began < 5
        assert all(collect(cluster, location, row) for row, location in enumerate(locations))
    finally:
        cluster.stop()
    # 75: it was cut short, and nobody counted it as a crash of a job.
    assert "75" in cluster.log_path.read_text()


def test_redis_killed_comes_back_with_what_was_accepted(slow):
    locations = [submit(slow, row) for row in range(100)]
    # Longer than appendfsync everysec may hold back.
    time.sleep(1.2)
    os.kill(children_of(slow.process, b"redis-server")[0], signal.SIGKILL)
    wait_until(lambda: requests.get(slow.http + "/v2/health/ready", timeout=10).status_code == 200)
    assert all(collect(slow, location, row) for row, location in enumerate(locations))


def test_nothing_is_left_when_the_parent_is_killed(slow):
    submit(slow, 1)
    wait_until(lambda: workers(slow))
    children = children_of(slow.process)
    assert len(children) >= 2
    slow.process.kill()
    slow.process.wait()
    wait_until(lambda: not any(read_process(child, "cmdline") for child in children), 20)


def test_jobs_survive_a_restart_of_everything(slow, tmp_path):
    locations = [submit(slow, row) for row in range(50)]
    assert slow.stop() == 0
    assert not slow.address_file.exists()
    again = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        assert all(collect(again, location, row) for row, location in enumerate(locations))
    finally:
        again.stop()


def test_a_disconnected_client_cancels_its_job(slow):
    host, port = slow.host.split(":")
    locations = [submit(slow, row) for row in range(100)]
    document = json.dumps(body(7)).encode()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v2/models/slow/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(document) + document)
        wait_until(lambda: requests.get(slow.admin + "/admin/status", timeout=10).json()["queues"]["slow.1"]["submitted"] == 101)
    # The queue drains without the job of the client that left: it is settled as cancelled.
    assert all(collect(slow, location, row) for row, location in enumerate(locations))


def test_a_full_queue_says_so(tmp_path):
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(MODEL + "maximum_queue: 10\n")
    (tmp_path / "spate.yaml").write_text(CONFIG.replace("maximum_workers: 2", "maximum_workers: 2, paused: true"))
    cluster = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        for row in range(10):
            submit(cluster, row)
        refused = requests.post(
            cluster.http + "/v2/models/slow/infer", json=body(1), headers={"Prefer": "respond-async"}, timeout=30)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert "allows 10" in refused.json()["error"]
        timed_out = requests.post(cluster.http + "/v2/models/slow/infer", json=body(1), timeout=30)
        assert timed_out.status_code == 429
    finally:
        cluster.stop()


def test_a_time_out_leaves_the_job_and_its_id(tmp_path):
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(MODEL.replace("20ms", "1500ms"))
    (tmp_path / "spate.yaml").write_text(CONFIG.replace("maximum_workers: 2", "maximum_workers: 1"))
    cluster = Cluster(tmp_path, tmp_path / "spate.yaml")
    try:
        document = {**body(3), "parameters": {"timeout": 300_000}}
        late = requests.post(cluster.http + "/v2/models/slow/infer", json=document, timeout=30)
        assert late.status_code == 504
        location = late.headers["Location"]
        assert location in late.json()["error"]
        assert collect(cluster, location, 3)
        # The only worker is busy for longer than the deadline.
        busy = submit(cluster, 4)
        wait_until(lambda: requests.get(cluster.admin + "/admin/status", timeout=10).json()["queues"]["slow.1"]["in_flight"] > 0)
        document["parameters"] = {"deadline_ms": 200}
        expired = requests.post(cluster.http + "/v2/models/slow/infer", json=document, timeout=30)
        assert expired.status_code == 504
        assert "deadline" in expired.json()["error"]
        assert collect(cluster, busy, 4)
    finally:
        cluster.stop()


def test_a_port_that_is_taken_ends_the_start_with_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for option, other in (("--port", "--admin-port"), ("--admin-port", "--port")):
            started = subprocess.run(
                [SPATE, "up", "--config", ROOT / "Tests/Clients/digits.yaml", option, port, other, "0",
                 "--data", tmp_path / option], capture_output=True, text=True, timeout=30, cwd=ROOT)
            assert started.returncode == 69
            assert f"cannot listen on 127.0.0.1:{port}: something else listens there" in started.stderr
            assert option in started.stderr
    wrong = subprocess.run(
        [SPATE, "up", "--port", "99999", "--data", tmp_path / "x"], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert wrong.returncode == 78 and "--port: expected a port from 0 to 65535, found '99999'" in wrong.stderr


def test_a_call_ends_when_its_deadline_has_passed(tmp_path, samples):
    config = tmp_path / "spate.yaml"
    config.write_text(
        f"repository: {ROOT / 'cluster/models'}\nmodels: [digits]\npools:\n"
        "  - {name: cpu, device: cpu, paused: true}\n")
    running = Cluster(tmp_path, config)
    try:
        document = {
            "parameters": {"deadline_ms": 300},
            "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}],
        }
        began = time.monotonic()
        answer = requests.post(running.http + "/v2/models/digits/infer", json=document, timeout=30)
        assert answer.status_code == 504 and "not done by its deadline" in answer.json()["error"]
        assert time.monotonic() - began < 5
    finally:
        assert running.stop() == 0
    assert not running.address_file.exists(), "nobody is sent to a port that is closed"


def test_the_expected_wait_follows_the_queue_when_all_calls_are_asynchronous(cluster, samples):
    document = {
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}],
    }
    url = cluster.http + "/v2/models/digits/infer"
    assert requests.post(url, json=document, timeout=30).status_code == 200
    waits = []
    # It is left out until workers have reported what a run costs, which they do about once a second.
    end = time.monotonic() + 20
    while sum(wait is not None for wait in waits) < 20 and time.monotonic() < end:
        accepted = requests.post(url, json=document, headers={"Prefer": "respond-async"}, timeout=30)
        requests.get(cluster.http + accepted.headers["Location"], params={"wait": "10s"}, timeout=30)
        waits.append(accepted.json().get("expected_wait_ms"))
    known = [wait for wait in waits if wait is not None]
    assert known and max(known) < 5_000, waits


def test_the_end_does_not_wait_for_callers_of_a_redis_that_is_away(tmp_path):
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(MODEL.replace("20ms", "300ms"))
    (tmp_path / "spate.yaml").write_text(CONFIG)
    socket = tmp_path / "redis.sock"
    redis = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", tmp_path, "--save", ""],
        stdout=subprocess.DEVNULL)
    try:
        wait_until(socket.exists)
        cluster = Cluster(tmp_path, tmp_path / "spate.yaml", "--redis", f"unix://{socket}")
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            calls = [
                pool.submit(
                    requests.post, cluster.http + "/v2/models/slow/infer", json=body(row),
                    headers={"Spate-Timeout": "60s"}, timeout=120) for row in range(24)]
            wait_until(lambda: sum(call.done() for call in calls) > 0)
            redis.kill()
            redis.wait()
            began = time.monotonic()
            assert cluster.stop() in (0, 75)
            took = time.monotonic() - began
            # Each is told how it ended: with its answer, or that it is not known yet.
            answers = {call.result().status_code for call in calls}
        assert answers <= {200, 503, 504}, answers
        print(f"ended {took:.1f} s after the signal")
        assert took < 12, took
    finally:
        redis.kill()
        redis.wait()
