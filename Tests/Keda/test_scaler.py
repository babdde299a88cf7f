"""`spate scaler` itself as KEDA sees it: what its policy wants arrives at a stock client, by poll and by push."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))


def wait(condition, seconds, what):
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {seconds} s")


@pytest.fixture
def place(tmp_path):
    redis_server = shutil.which("redis-server")
    if redis_server is None:
        pytest.skip("there is no redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "spate.yaml"
    config.write_text(f"""
repository: {ROOT}/cluster/simulation/models
models: [steady]
pools:
  - name: cpu
    driver: external
    maximum_workers: 5
scaler:
  keda: {{host: 127.0.0.1, port: {port}}}
""")
    path = tmp_path / "redis.sock"
    redis = subprocess.Popen(
        [redis_server, "--port", "0", "--unixsocket", path, "--save", "", "--dir", tmp_path,
         "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL)
    environment = dict(os.environ, SPATE_REDIS_URL=f"unix://{path}")
    wait(path.exists, 10, "the start of Redis")
    scaler = subprocess.Popen(
        [SPATE, "scaler", "--config", config], env=environment, stderr=(tmp_path / "log").open("w"),
        stdout=subprocess.DEVNULL)

    def spate(*arguments):
        subprocess.run([SPATE, *arguments, "--config", config], env=environment, check=True, capture_output=True)

    yield port, spate
    scaler.send_signal(signal.SIGTERM)
    assert scaler.wait(20) == 0
    redis.terminate()
    redis.wait()


def test_what_the_policy_wants_arrives_at_keda(place, stubs, ref):
    port, spate = place
    messages, calls = stubs
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = calls.ExternalScalerStub(channel)

        def count():
            request = messages.GetMetricsRequest(scaledObjectRef=ref(pool="cpu"), metricName="spate-workers-cpu")
            try:
                return stub.GetMetrics(request, timeout=5).metricValues[0].metricValueFloat
            except grpc.RpcError as error:
                # Until the first decision.
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                return None

        wait(lambda: count() == 0, 20, "the first count")
        assert stub.IsActive(ref(pool="cpu"), timeout=5).result is False
        push = stub.StreamIsActive(ref(pool="cpu"), timeout=30)
        assert next(push).result is False

        spate("override", "cpu", "3", "--for", "5m")
        assert next(push).result is True, "pushed, not polled"
        wait(lambda: count() == 3, 10, "three wanted workers")
        push.cancel()
