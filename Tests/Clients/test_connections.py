"""More connections than there are descriptors, clients that do not read, and what callers are told of what stands behind."""

import json
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import pytest
import requests

from conftest import ROOT, SPATE, Cluster
from wire import Wire, ask, get, post

DIGITS = ROOT / "Tests/Clients/digits.yaml"


@pytest.fixture(autouse=True)
def descriptors():
    """This process holds the clients' ends."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Limited(Cluster):
    """A cluster with so many descriptors, soft and hard."""

    def __init__(self, directory, soft, hard, *arguments):
        own = resource.getrlimit(resource.RLIMIT_NOFILE)
        # The child inherits it; an own hard limit could not be raised again, so only the child gets it.
        self.limits = f"ulimit -Sn {soft}; ulimit -Hn {hard}"
        directory.mkdir(parents=True, exist_ok=True)
        wrapper = directory / "limited"
        wrapper.write_text(f'#!/bin/bash\n{self.limits}\nexec "{SPATE}" "$@"\n')
        wrapper.chmod(0o755)
        import conftest
        kept, conftest.SPATE = conftest.SPATE, wrapper
        try:
            super().__init__(directory, DIGITS, *arguments)
        finally:
            conftest.SPATE = kept
            resource.setrlimit(resource.RLIMIT_NOFILE, own)


def open_idle(host, count):
    name, port = host.rsplit(":", 1)
    sockets = []
    for _ in range(count):
        try:
            sockets.append(socket.create_connection((name, int(port)), timeout=5))
        except OSError:
            break
    return sockets


@pytest.mark.parametrize("soft, hard, count", [(1024, 1024, 1_500), (1024, 4096, 5_000), (128, 128, 400), (96, 96, 200)])
def test_idle_connections_beyond_the_limit_harm_nobody(tmp_path, soft, hard, count, samples):
    cluster = Limited(tmp_path, soft, hard)
    try:
        body = json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}]})
        sockets = open_idle(cluster.host, count)
        limits = pathlib.Path(f"/proc/{cluster.process.pid}/limits").read_text()
        assert re.search(rf"Max open files\s+{hard}\s+{hard}", limits), "the soft limit is raised to the hard one"
        for _ in range(20):
            assert ask(cluster.host, get("/v2/health/ready")).code == 200
            answer = ask(cluster.host, post("/v2/models/digits/infer", body))
            assert answer.code == 200, answer.body
        assert cluster.process.poll() is None
        for one in sockets:
            one.close()
        assert ask(cluster.host, post("/v2/models/digits/infer", body)).code == 200
        log = cluster.log_path.read_text()
        assert log.count("Connections are at their limit") == 1 or hard < 100, log
        assert log.count("Connections cannot be accepted") <= 1, log
    finally:
        assert cluster.stop() == 0, cluster.log_path.read_text()


def test_busy_connections_at_the_limit_leave_health_checks_alone(tmp_path):
    """All connections wait for answers: health is answered on the reserve, the rest is told to come back."""
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text("backend: synthetic\nfixed_cost: 4s\nrow_elements: 4\n")
    config = tmp_path / "spate.yaml"
    config.write_text(
        "repository: models\nmodels: [slow]\ngateway: {maximum_connections: 4}\npools:\n"
        "  - {name: cpu, maximum_workers: 1, minimum_workers: 1}\n")
    cluster = Cluster(tmp_path, config)
    try:
        body = json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [0, 1, 2, 3]}]})
        # Each is sent as soon as it is connected, and read before another comes: one that idled would make room for the next.
        wires = []
        for _ in range(4):
            wires.append(Wire(cluster.host, 60))
            wires[-1].send(post("/v2/models/slow/infer", body))
            time.sleep(0.2)
        deadline = time.monotonic() + 10
        while (refused := ask(cluster.host, get("/v2/models"))).code == 200:
            assert time.monotonic() < deadline
        assert refused.code == 503 and "connections are open" in refused.error and refused.headers["retry-after"]
        assert ask(cluster.host, get()).code == 200
        assert ask(cluster.host, get("/v2/health/ready")).code in (200, 503)
        assert ask(cluster.admin.removeprefix("http://"), get("/admin/status")).code == 200
        assert [wire.answer().code for wire in wires] == [200] * 4
        assert ask(cluster.host, get("/v2/models")).code == 200
    finally:
        assert cluster.stop() == 0, cluster.log_path.read_text()


def test_a_load_with_more_connections_than_descriptors_is_refused(cluster, tmp_path):
    recording = ROOT / ".spate/recordings/morning.jsonl"
    run = subprocess.run(
        ["bash", "-c", f'ulimit -n 256; exec "{SPATE}" load --url {cluster.http} --admin {cluster.admin} '
         f'--requests {recording} --model digits --connections 1200 --seconds 1 --report {tmp_path}'],
        cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "ulimit -Hn" in run.stderr, run


def rss(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def test_answers_that_nobody_reads_are_bounded(tmp_path):
    """40 answers of 12.8 MB each to clients that do not read."""
    folder = tmp_path / "models" / "wide" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(
        "backend: synthetic\nfixed_cost: 1ms\ncost_per_row: 1ms\nrow_elements: 200000\nbatching: {maximum_rows: 16}\n")
    config = tmp_path / "spate.yaml"
    config.write_text(
        "repository: models\nmodels: [wide]\ngateway: {maximum_answers: 32MiB, send_timeout: 10s, idle_timeout: 5s}\npools:\n"
        "  - {name: cpu, maximum_workers: 1, minimum_workers: 1}\n")
    cluster = Cluster(tmp_path, config)
    try:
        rows = 16
        payload = struct.pack(f"<{rows * 200_000}f", *([0.123456] * rows * 200_000))
        head = json.dumps({"parameters": {"binary_data_output": True},
                           "inputs": [{"name": "x", "datatype": "FP32", "shape": [rows, 200_000],
                                       "parameters": {"binary_data_size": len(payload)}}]}).encode()
        host, port = cluster.host.split(":")
        request = post("/v2/models/wide/infer", head + payload, f"Inference-Header-Content-Length: {len(head)}")
        sockets, peak = [], 0
        for _ in range(40):
            one = socket.socket()
            one.settimeout(60)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((host, int(port)))
            one.sendall(request)
            assert one.recv(1) == b"H"
            sockets.append(one)
            peak = max(peak, rss(cluster.process.pid))
        # Each that was left is ended when its time to read is over.
        for one in sockets:
            try:
                while one.recv(1 << 20):
                    pass
            except ConnectionResetError:
                pass
            one.close()
        assert ask(cluster.host, get("/v2/health/ready")).code == 200
        assert peak < 400, f"{peak} MiB"
    finally:
        assert cluster.stop() == 0, cluster.log_path.read_text()


def test_callers_are_not_told_where_redis_is(tmp_path, samples):
    cluster = Cluster(tmp_path, DIGITS)
    try:
        body = json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}]})
        assert ask(cluster.host, post("/v2/models/digits/infer", body)).code == 200
        redis = next(int(line.split()[0]) for line in subprocess.check_output(
            ["ps", "-eo", "pid,ppid,args"], text=True).splitlines()[1:]
            if line.split()[1] == str(cluster.process.pid) and "redis-server" in line)
        os.kill(redis, signal.SIGSTOP)
        try:
            for request in [post("/v2/models/digits/infer", body), post("/v2/models/digits/infer", body, "Prefer: respond-async"),
                            get("/v2/health/ready"), get("/v2/models/digits/ready")]:
                with Wire(cluster.host, 60) as wire:
                    answer = wire.send(request).answer()
                assert answer.code == 503, answer.body
                for secret in ["redis", ".sock", "unix", str(tmp_path), "127.0.0.1", "Failure"]:
                    assert secret not in answer.error, answer.error
        finally:
            os.kill(redis, signal.SIGCONT)
        assert "unix://" in cluster.log_path.read_text() or ".sock" in cluster.log_path.read_text()
    finally:
        assert cluster.stop() == 0, cluster.log_path.read_text()


def test_the_network_sees_the_inference_port_only(tmp_path):
    cluster = Cluster(tmp_path, DIGITS, "--host", "0.0.0.0")
    try:
        listening = [line.split()[1] for line in pathlib.Path(f"/proc/{cluster.process.pid}/net/tcp").read_text().splitlines()[1:]
                     if line.split()[3] == "0A"]
        def address(url):
            port = int(url.rsplit(":", 1)[1])
            return {one.split(":")[0] for one in listening if int(one.split(":")[1], 16) == port}
        assert address(cluster.http) == {"00000000"}
        assert address(cluster.admin) == {"0100007F"}
    finally:
        assert cluster.stop() == 0, cluster.log_path.read_text()
