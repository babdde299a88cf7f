"""`spate scaler` itself over an API server: it leads by a Lease, scales a Deployment, and another takes over."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))


def wait(condition, seconds, what):
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {seconds} s")


def call(server, method, path, data=None):
    request = urllib.request.Request(
        server + path, method=method, data=None if data is None else json.dumps(data).encode(),
        headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@pytest.fixture
def place(tmp_path, api_server):
    redis_server = shutil.which("redis-server")
    if redis_server is None:
        pytest.skip("there is no redis-server")
    namespace = "end-to-end-" + uuid.uuid4().hex[:8]
    call(api_server, "POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "spate-worker-cpu", "namespace": namespace}, "spec": {"replicas": 0}})
    config = tmp_path / "spate.yaml"
    config.write_text(f"""
repository: {ROOT}/cluster/simulation/models
models: [steady]
pools:
  - name: cpu
    driver: kubernetes
    maximum_workers: 5
kubernetes:
  server: {api_server}
  namespace: {namespace}
  lease_duration: 3s
""")
    socket = tmp_path / "redis.sock"
    processes = [subprocess.Popen(
        [redis_server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", tmp_path,
         "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL)]
    environment = dict(os.environ, SPATE_REDIS_URL=f"unix://{socket}")
    wait(socket.exists, 10, "the start of Redis")

    def scaler(name):
        log = tmp_path / name
        process = subprocess.Popen(
            [SPATE, "scaler", "--config", config], env=environment, stderr=log.open("w"), stdout=subprocess.DEVNULL)
        processes.append(process)
        return process, log

    def spate(*arguments):
        subprocess.run([SPATE, *arguments, "--config", config], env=environment, check=True, capture_output=True)

    def replicas():
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/spate-worker-cpu/scale"
        return call(api_server, "GET", path)["spec"]["replicas"]

    def redis(*words):
        return subprocess.run(["redis-cli", "-s", socket, *words], check=True, capture_output=True, text=True).stdout.strip()

    yield scaler, spate, replicas, redis
    for process in reversed(processes):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_the_leader_scales_the_deployment_and_another_takes_over(place):
    scaler, spate, replicas, _ = place
    first, log = scaler("first")
    wait(lambda: "This scaler leads" in log.read_text(), 20, "the first leadership")
    second, second_log = scaler("second")
    spate("override", "cpu", "3", "--for", "5m")
    wait(lambda: replicas() == 3, 15, "three pods")
    assert "This scaler leads" not in second_log.read_text()

    first.kill()
    took = wait(lambda: "This scaler leads" in second_log.read_text(), 20, "the take-over")
    assert took < 8, f"the other led only after {took:.1f} s"
    assert replicas() == 3, "the pods go on without their scaler"
    spate("override", "cpu", "4", "--for", "5m")
    wait(lambda: replicas() == 4, 15, "four pods")


def test_a_redis_that_lost_its_memory_learns_again_who_leads(place):
    if shutil.which("redis-cli") is None:
        pytest.skip("there is no redis-cli")
    scaler, spate, replicas, redis = place
    _, log = scaler("first")
    wait(lambda: "This scaler leads" in log.read_text(), 20, "the leadership")
    wait(lambda: redis("HGET", "spate:leader", "epoch") != "", 10, "the first epoch")
    epoch = int(redis("HGET", "spate:leader", "epoch"))
    spate("override", "cpu", "3", "--for", "5m")
    wait(lambda: int(redis("XLEN", "spate:decisions")) > 0, 15, "a recorded decision")

    redis("FLUSHALL")
    wait(lambda: redis("HGET", "spate:leader", "epoch") != "", 10, "the next epoch")
    assert int(redis("HGET", "spate:leader", "epoch")) > epoch
    spate("override", "cpu", "5", "--for", "5m")
    wait(lambda: int(redis("XLEN", "spate:decisions")) > 0, 15, "a recorded decision after Redis lost its memory")
