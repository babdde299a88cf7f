"""The runtime's own loop on the same model and device: rows a second by batch size, and a recording with its answers.

bare.py MODEL.onnx RECORDING MODELNAME
"""

import json
import sys
import time

import numpy as np
import onnxruntime

from model import LENGTH, WORDS

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CUDAExecutionProvider"])
assert "CUDAExecutionProvider" in session.get_providers(), session.get_providers()
random = np.random.default_rng(3)
for batch in (1, 8, 32, 64, 128):
    ids = random.integers(0, WORDS, (batch, LENGTH))
    for _ in range(5):
        session.run(None, {"ids": ids})
    began, runs = time.perf_counter(), 0
    while time.perf_counter() - began < 3:
        session.run(None, {"ids": ids})
        runs += 1
    took = time.perf_counter() - began
    print(f"bare loop, batch {batch}: {runs * batch / took:.0f} rows/s, {1e3 * took / runs:.2f} ms a batch", flush=True)
with open(sys.argv[2], "w") as out:
    for number in range(200):
        ids = random.integers(0, WORDS, (1, LENGTH))
        (answer,) = session.run(None, {"ids": ids})
        # The kernels of a batch round otherwise than those of a row.
        out.write(json.dumps({
            "name": str(number), "model": sys.argv[3],
            "inputs": [{"name": "ids", "datatype": "INT64", "shape": [1, LENGTH], "data": ids[0].tolist()}],
            "expected": {"output": "y", "values": answer[0].tolist(), "tolerance": 0.02}}) + "\n")
one = random.integers(0, WORDS, (64, LENGTH))
(together,) = session.run(None, {"ids": one})
alone = np.concatenate([session.run(None, {"ids": one[row:row + 1]})[0] for row in range(64)])
print(f"a row alone and among 64 differ by at most {np.abs(alone - together).max() / np.abs(alone).max():.1e} of the largest number")
