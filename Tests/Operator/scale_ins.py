"""A thousand scale-ins of real worker processes under traffic: `python3 scale_ins.py path/to/spate [count]`.

The pool goes from 12 workers to 1 and back by hand (`override`), over and over, while twelve clients call. It prints how
the workers ended and whether any call failed, and exits 1 if a worker died, was killed, or a call was lost.
"""

import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

CLUSTER = """\
redis: {directory: redis}
gateway: {port: 0, admin_port: 0}
models: [m]
scaler: {scale_in_window: 0s, interval: 100ms}
pools: [{name: cpu, maximum_workers: 12}]
"""
MODEL = "backend: synthetic\nfixed_cost: 5ms\ncost_per_row: 20ms\nbatching: {maximum_rows: 4}\n"
BODY = json.dumps(
    {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 16], "data": [0.0] * 16}]}
).encode()


def main(spate, count):
    folder = tempfile.mkdtemp(prefix="spate-scale-ins-")
    os.makedirs(folder + "/models/m")
    for name, text in [("spate.yaml", CLUSTER), ("models/m/model.yaml", MODEL)]:
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
    address, log = folder + "/address.json", folder + "/up.log"
    with open(log, "w") as output:
        up = subprocess.Popen(
            [spate, "up", "--config", folder + "/spate.yaml", "--address-file", address],
            stdout=output, stderr=subprocess.STDOUT)
    deadline = time.time() + 60
    while not os.path.exists(address):
        if up.poll() is not None or time.time() > deadline:
            sys.exit(f"the cluster did not start; see {log}")
        time.sleep(0.1)
    with open(address) as file:
        addresses = json.load(file)
    answered, failed, stop = [0], [], threading.Event()

    def call(seed):
        pause = random.Random(seed)
        while not stop.is_set():
            try:
                request = urllib.request.Request(
                    addresses["http"] + "/v2/models/m/infer", BODY, {"content-type": "application/json"})
                with urllib.request.urlopen(request, timeout=60) as reply:
                    assert reply.status == 200
                answered[0] += 1
            except Exception as error:  # Whatever it is, it is a failed call.
                failed.append(repr(error))
            time.sleep(pause.random() * 0.3)

    clients = [threading.Thread(target=call, args=(seed,)) for seed in range(12)]
    for client in clients:
        client.start()

    def override(workers):
        path = f"/admin/pools/cpu/override?workers={workers}&for=1h"
        urllib.request.urlopen(urllib.request.Request(addresses["admin"] + path, method="POST")).read()

    began, left = time.time(), 0
    while left < count and time.time() - began < max(60, count):
        override(12)
        time.sleep(1.3)
        override(1)
        time.sleep(1.0)
        with open(log) as file:
            left = file.read().count("A worker left")
    stop.set()
    for client in clients:
        client.join()
    with open(log) as file:
        text = file.read()
    up.terminate()
    up.wait()
    died = len(re.findall("A worker died|hangs and is killed|did not leave in time", text))
    ends = collections.Counter(re.findall(r'A worker left.*?reason="([^"]*)"', text))
    print(json.dumps({
        "seconds": round(time.time() - began), "scale_ins": left, "died_or_killed": died, "ends": ends,
        "calls": answered[0], "failed_calls": failed[:5]}))
    return 0 if left >= count and died == 0 and not failed and set(ends) == {"exit status 0"} else 1


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000))
