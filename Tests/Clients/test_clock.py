"""The clock of Redis's machine is set under load: no call that could be answered is lost for it."""

import concurrent.futures
import shutil
import subprocess
import time

import pytest
import requests

from conftest import ROOT, Cluster

# Loaded into redis-server: adds what stands in a file, in seconds, to the time of day.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
int gettimeofday(struct timeval *tv, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int status = real(tv, zone);
    char text[32] = {0};
    int file = open(getenv("CLOCK_SHIFT"), O_RDONLY);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) tv->tv_sec += atol(text);
        close(file);
    }
    return status;
}
"""

FILE = """\
repository: {models}
models: [digits]
pools: [{{name: cpu, minimum_workers: 1, maximum_workers: 2}}]
"""


@pytest.fixture
def redis(tmp_path):
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (tmp_path / "shim.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c", "-ldl"], check=True)
    shift, socket = tmp_path / "shift", tmp_path / "redis.sock"
    shift.write_text("0")
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", tmp_path, "--save", ""],
        stdout=subprocess.DEVNULL, env={"LD_PRELOAD": str(tmp_path / "shim.so"), "CLOCK_SHIFT": str(shift)})
    while not socket.exists():
        assert server.poll() is None
        time.sleep(0.02)
    yield f"unix://{socket}", shift
    server.kill()
    server.wait()


@pytest.mark.parametrize("step", [20, -20])
def test_a_step_of_the_clock_expires_no_valid_call(tmp_path, samples, redis, step):
    url, shift = redis
    (tmp_path / "spate.yaml").write_text(FILE.format(models=ROOT / "cluster/models"))
    cluster = Cluster(tmp_path, tmp_path / "spate.yaml", environment={"SPATE_REDIS_URL": url})
    row = samples["images"][0]

    def call(_):
        body = {
            "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": row}],
            "parameters": {"deadline_ms": 10000},
        }
        return requests.post(f"{cluster.http}/v2/models/digits/infer", json=body, timeout=60).status_code

    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert set(pool.map(call, range(50))) == {200}
            shift.write_text(str(step))
            began = time.monotonic()
            # Whoever sees the first entry of the new time measures at once; the others within a second.
            statuses = []
            while time.monotonic() - began < 6:
                statuses += [(time.monotonic() - began, status) for status in pool.map(call, range(8))]
            late = [moment for moment, status in statuses if status != 200]
            assert not [moment for moment in late if moment > 2.5], late
            assert len(late) <= len(statuses) // 5, late
    finally:
        assert cluster.stop() == 0
