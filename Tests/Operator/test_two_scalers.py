"""Two scalers on one Redis: one acts, the other takes over within seconds, and a deposed one changes nothing."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))
CONFIG = ROOT / "cluster/simulation/spate.yaml"


def wait(condition, seconds, what):
    """Returns what `condition` gives once that is true, and how long it took."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        value = condition()
        if value:
            return value, time.monotonic() - start
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {seconds} s")


class Scaler:
    def __init__(self, folder, name, environment):
        self.log = folder / f"{name}.log"
        self.process = subprocess.Popen(
            [SPATE, "scaler", "--config", CONFIG, "--logs", folder / name],
            env=environment, stderr=self.log.open("w"), stdout=subprocess.DEVNULL)

    def says(self, text):
        return self.log.read_text().count(text)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def cluster(tmp_path):
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("there is no redis-server")
    socket = tmp_path / "redis.sock"
    redis = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", tmp_path,
         "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL)
    environment = dict(os.environ, SPATE_REDIS_URL=f"unix://{socket}")
    wait(socket.exists, 10, "the start of Redis")
    scalers = []

    def start(name):
        scalers.append(Scaler(tmp_path, name, environment))
        return scalers[-1]

    def spate(*arguments):
        return subprocess.run(
            [SPATE, *arguments, "--config", CONFIG], env=environment, check=True, capture_output=True, text=True).stdout

    yield start, spate
    for scaler in scalers:
        scaler.end()
    redis.terminate()
    redis.wait()


def ready(spate):
    return {worker["id"] for worker in json.loads(spate("status", "--json"))["workers"] if worker["state"] == "ready"}


def test_the_other_takes_over_when_the_leader_is_killed(cluster):
    start, spate = cluster
    first = start("first")
    wait(lambda: first.says("This scaler leads"), 20, "the first leadership")
    second = start("second")
    spate("override", "cpu", "2", "--for", "5m")
    before, _ = wait(lambda: len(ready(spate)) == 2 and ready(spate), 30, "the first two workers")
    assert second.says("This scaler leads") == 0
    assert second.says("Scale out") == 0

    first.process.kill()
    _, took = wait(lambda: second.says("This scaler leads"), 20, "the take-over")
    assert took < 6, f"the other led only after {took:.1f} s"
    spate("override", "cpu", "3", "--for", "5m")
    wait(lambda: second.says("Scale out"), 20, "the second's decision")
    after, _ = wait(lambda: len(ready(spate)) >= 3 and ready(spate), 30, "the third worker")
    assert before < after and len(after) == 3, "the workers of the killed scaler serve on, and count"


def test_a_scaler_that_was_stopped_changes_nothing_when_it_goes_on(cluster):
    start, spate = cluster
    first = start("first")
    wait(lambda: first.says("This scaler leads"), 20, "the first leadership")
    second = start("second")
    spate("override", "cpu", "1", "--for", "5m")
    wait(lambda: len(ready(spate)) == 1, 30, "the first worker")

    first.process.send_signal(signal.SIGSTOP)
    wait(lambda: second.says("This scaler leads"), 20, "the take-over")
    starts = first.says("Scale out")
    spate("override", "cpu", "3", "--for", "5m")
    first.process.send_signal(signal.SIGCONT)
    wait(lambda: first.says("Another scaler leads"), 20, "the insight of the first")
    wait(lambda: second.says("Scale out"), 20, "the second's decision")
    wait(lambda: len(ready(spate)) >= 3, 30, "three workers")
    assert first.says("Scale out") == starts, "the deposed one started workers"
    assert first.says("This scaler leads") == 1
