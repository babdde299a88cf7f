"""A scaler that dies: its workers serve on, the next one goes on with them, and nobody's jobs are stuck meanwhile."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(condition, seconds, what):
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {seconds} s")


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        (folder / "models" / "slow").mkdir(parents=True)
        (folder / "models" / "slow" / "model.yaml").write_text(
            "backend: synthetic\nfixed_cost: 100ms\nrow_elements: 4\nbatching: {maximum_rows: 1}\n")
        self.port, self.admin = free_port(), free_port()
        (folder / "spate.yaml").write_text(
            f"gateway: {{port: {self.port}, admin_port: {self.admin}}}\nrepository: models\nmodels: [slow]\n"
            "pools:\n  - {name: cpu, minimum_workers: 2, maximum_workers: 2, drain_timeout: 5s}\n")
        redis = folder / "redis.sock"
        self.start("redis", [shutil.which("redis-server"), "--port", "0", "--unixsocket", redis, "--save", "",
                             "--dir", folder, "--maxmemory-policy", "noeviction"])
        self.environment = dict(os.environ, SPATE_REDIS_URL=f"unix://{redis}")
        wait(redis.exists, 10, "the start of Redis")
        self.start("gateway", [SPATE, "gateway", "--config", folder / "spate.yaml"])
        wait(lambda: "Listening" in self.log("gateway"), 20, "the start of the gateway")

    def start(self, name, command):
        environment = getattr(self, "environment", None)
        log = (self.folder / f"{name}.log").open("w")
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def scaler(self, name):
        return self.start(name, [SPATE, "scaler", "--config", self.folder / "spate.yaml", "--logs", self.folder / "logs"])

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def workers(self):
        """Of this place, whoever is their parent."""
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if b"worker" in line and bytes(self.folder / "spate.yaml") in line:
                found.append(int(folder.name))
        return found

    def call(self, row):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [row, 1, 2, 3]}]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v2/models/slow/infer", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=40) as answer:
            return json.load(answer)["outputs"][0]["data"][0]

    def submit(self, row):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [row, 1, 2, 3]}]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v2/models/slow/infer", data=json.dumps(body).encode(),
            headers={"Prefer": "respond-async"})
        with urllib.request.urlopen(request, timeout=40) as answer:
            return answer.headers["Location"]

    def is_finished(self, location):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{location}", timeout=40) as answer:
            return answer.headers["Spate-Job-Status"] == "finished"

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        for worker in self.workers():
            os.kill(worker, signal.SIGKILL)


@pytest.fixture
def place(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")
    place = Place(tmp_path)
    yield place
    place.stop()


def test_workers_serve_on_and_the_next_scaler_goes_on_with_them(place):
    first = place.scaler("first")
    workers = sorted(wait(lambda: len(found := place.workers()) == 2 and found, 20, "the start of two workers"))
    assert place.call(1) == 1
    first.kill()
    first.wait()
    for row in range(5):
        assert place.call(row) == row
    assert sorted(place.workers()) == workers
    second = place.scaler("second")
    wait(lambda: "This scaler leads" in place.log("second"), 20, "the leadership")
    time.sleep(2)
    assert sorted(place.workers()) == workers, "none was started, and none ended"
    # It sees their ends as if it had started them.
    os.kill(workers[0], signal.SIGKILL)
    wait(lambda: len(place.workers()) == 2 and sorted(place.workers()) != workers, 10, "the replacement")
    assert place.call(7) == 7
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    assert place.workers() == [], "it drains those, too"


def test_jobs_of_a_worker_that_dies_while_no_scaler_lives_go_on(place):
    scaler = place.scaler("first")
    workers = wait(lambda: len(found := place.workers()) == 2 and found, 20, "the start of two workers")
    assert place.call(1) == 1
    scaler.kill()
    scaler.wait()
    locations = [place.submit(row) for row in range(40)]
    os.kill(workers[0], signal.SIGKILL)
    wait(lambda: all(place.is_finished(location) for location in locations), 20, "the end of all jobs")


def test_a_system_whose_redis_is_away_ends_soon_and_says_why(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")
    place = Place(tmp_path)
    try:
        redis, gateway = place.processes
        gateway.terminate()
        gateway.wait(20)
        up = place.start("up", [SPATE, "up", "--config", tmp_path / "spate.yaml"])
        wait(lambda: len(place.workers()) == 2, 20, "the start of two workers")
        wait(lambda: place.call(1) == 1, 20, "the first call")
        redis.kill()
        redis.wait()
        time.sleep(1)
        began = time.monotonic()
        up.send_signal(signal.SIGTERM)
        assert up.wait(30) == 0
        took = time.monotonic() - began
        log = place.log("up")
        assert "what waits could not be counted any more, and is kept in Redis at" in log
        assert "CancellationError" not in log
        assert took < 4, f"{took:.1f} s"
        assert place.workers() == []
    finally:
        place.stop()
