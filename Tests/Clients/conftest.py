"""A real cluster for stock clients: `spate up` with the digits model, on free ports, in a directory of its own."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))


class Cluster:
    def __init__(self, directory, config, *arguments, environment=None):
        self.directory = directory
        self.address_file = directory / "address.json"
        self.log_path = directory / "spate.log"
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [SPATE, "up", "--config", config, "--port", "0", "--admin-port", "0",
             "--address-file", self.address_file, "--data", directory / "data", *arguments],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=ROOT, env={**os.environ, **(environment or {})})
        deadline = time.monotonic() + 60
        while not self.address_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("spate up did not start:\n" + self.log_path.read_text())
            time.sleep(0.05)
        addresses = json.loads(self.address_file.read_text())
        self.http, self.admin = addresses["http"], addresses["admin"]
        self.host = self.http.removeprefix("http://")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        return self.process.returncode


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    running = Cluster(tmp_path_factory.mktemp("cluster"), ROOT / "Tests/Clients/digits.yaml")
    yield running
    assert running.stop() == 0, running.log_path.read_text()


@pytest.fixture(scope="session")
def samples():
    """Rows of the digits data set with the class that scikit-learn gave them."""
    return json.loads((ROOT / "cluster/models/digits/samples.json").read_text())
