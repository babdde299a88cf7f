"""Outcomes that JSON can say and cannot, on real models: FP16 and BF16, NaN and infinity, bytes that are no text."""

import json

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

import onnx_bytes
from conftest import Cluster

ASYNC = {"Prefer": "respond-async"}
BINARY = {"Accept": "application/octet-stream"}

CONFIG = """\
repository: models
models: [half, brain, nan, text]
pools:
  - {name: cpu, device: cpu, maximum_workers: 1}
"""


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    directory = tmp_path_factory.mktemp("forms")
    repository = directory / "models"
    onnx_bytes.write(repository, "half", onnx_bytes.single("Identity", onnx_bytes.FLOAT16, "batch", 2))
    onnx_bytes.write(repository, "brain", onnx_bytes.single("Identity", onnx_bytes.BFLOAT16, "batch", 2))
    onnx_bytes.write(repository, "nan", onnx_bytes.single("Log", onnx_bytes.FLOAT, "batch", 2))
    onnx_bytes.write(repository, "text", onnx_bytes.single("Identity", onnx_bytes.STRING, "batch", 2))
    (directory / "spate.yaml").write_text(CONFIG)
    running = Cluster(directory, directory / "spate.yaml")
    yield running
    assert running.stop() == 0, running.log_path.read_text()


def post(cluster, model, tensors, headers={}, **document):
    """An infer whose inputs are `(name, datatype, shape, bytes)` in binary."""
    inputs = [
        {"name": name, "datatype": kind, "shape": shape, "parameters": {"binary_data_size": len(data)}}
        for name, kind, shape, data in tensors]
    header = json.dumps({"inputs": inputs, **document}).encode()
    return requests.post(
        f"{cluster.http}/v2/models/{model}/infer", data=header + b"".join(data for *_, data in tensors),
        headers={"Inference-Header-Content-Length": str(len(header)), **headers}, timeout=60)


def raw(answer):
    """The bytes behind the JSON."""
    assert answer.status_code == 200, answer.text
    return answer.content[int(answer.headers["Inference-Header-Content-Length"]):]


def settled(cluster, answer, **more):
    assert answer.status_code == 202, answer.text
    return requests.get(cluster.http + answer.headers["Location"], params={"wait": "30s"}, timeout=60, **more)


HALF = ("x", "FP16", [1, 2], np.array([1.5, np.nan], np.float16).tobytes())
BRAIN = ("x", "BF16", [1, 2], b"\x80\x3f\xc0\x7f")
TEXT = ("x", "BYTES", [1, 2], b"\x02\0\0\0ok" + b"\x02\0\0\0\xff\xfe")


@pytest.mark.parametrize("model,tensor", [("half", HALF), ("brain", BRAIN)])
def test_a_type_that_json_cannot_say_is_refused_before_it_is_computed(forms, model, tensor):
    for headers in ({}, ASYNC, {**ASYNC, "Idempotency-Key": model}):
        refused = post(forms, model, [tensor], headers)
        assert refused.status_code == 400, refused.text
        assert "which JSON cannot express; ask for it in binary" in refused.json()["error"]
    wanted = {"outputs": [{"name": "y", "parameters": {"binary_data": True}}]}
    default = {"parameters": {"binary_data_output": True}}
    for headers, document in [({}, wanted), ({}, default), (BINARY, {})]:
        assert raw(post(forms, model, [tensor], headers, **document)) == tensor[3]
        assert raw(settled(forms, post(forms, model, [tensor], {**ASYNC, **headers}, **document))) == tensor[3]


@pytest.mark.parametrize("model,kind", [("half", "FP16"), ("brain", "BF16")])
def test_advice_is_never_refused(forms, model, kind):
    def refusal(datatype):
        document = {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 2], "data": [1, 2]}]}
        return requests.post(f"{forms.http}/v2/models/{model}/infer", json=document, timeout=60).json()["error"]

    assert refusal(kind).endswith("cannot be given in JSON; send it as binary data (binary_data_size)")
    assert f"expects '{kind}'" in refusal("FP32")


def test_not_a_number_costs_nobody_the_other_rows(forms):
    rows = np.array([[-1, 0]] + [[1, float("inf")]] * 999, np.float32)
    submitted = post(forms, "nan", [("x", "FP32", [1000, 2], rows.tobytes())], ASYNC)
    outcome = settled(forms, submitted)
    data = outcome.json()["outputs"][0]["data"]
    assert data[:2] == ["NaN", "-Infinity"] and data[2] == 0 and data[3] == "Infinity"
    expected = np.log(rows)
    np.testing.assert_array_equal(np.array(data, np.float32).reshape(1000, 2), expected)
    np.testing.assert_array_equal(
        np.frombuffer(raw(settled(forms, submitted, headers=BINARY)), np.float32).reshape(1000, 2), expected)


def test_stock_clients_read_not_a_number_from_json_and_send_it(forms):
    with triton.InferenceServerClient(forms.host, network_timeout=30, connection_timeout=30) as client:
        tensor = triton.InferInput("x", [1, 2], "FP32")
        tensor.set_data_from_numpy(np.array([[-1, 0]], np.float32))
        result = client.infer("nan", [tensor], outputs=[triton.InferRequestedOutput("y", binary_data=False)])
        np.testing.assert_array_equal(result.as_numpy("y"), np.array([[np.nan, -np.inf]], np.float32))
    document = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": ["Infinity", "NaN"]}]}
    answer = requests.post(f"{forms.http}/v2/models/nan/infer", json=document, timeout=60)
    assert answer.json()["outputs"][0]["data"] == ["Infinity", "NaN"]


def test_bytes_that_are_no_text_are_had_in_binary(forms):
    submitted = post(forms, "text", [TEXT], ASYNC)
    refused = settled(forms, submitted)
    assert (refused.status_code, refused.headers["Spate-Job-Status"]) == (406, "finished")
    location = forms.http + submitted.headers["Location"]
    assert raw(requests.get(location, headers=BINARY, timeout=60)) == TEXT[3]
    assert raw(requests.get(location, params={"binary_data_output": "true"}, timeout=60)) == TEXT[3]
    deleted = requests.delete(location, timeout=60)
    assert (deleted.status_code, deleted.json()["status"]) == (200, "finished")


def test_a_synchronous_caller_is_told_what_to_ask_for(forms):
    refused = post(forms, "text", [TEXT])
    assert refused.status_code == 400
    assert "ask for it in binary" in refused.json()["error"]
    assert raw(requests.get(forms.http + refused.headers["Location"], headers=BINARY, timeout=60)) == TEXT[3]
    with triton.InferenceServerClient(forms.host, network_timeout=30, connection_timeout=30) as client:
        tensor = triton.InferInput("x", [1, 2], "BYTES")
        tensor.set_data_from_numpy(np.array([[b"ok", b"\xff\xfe"]], np.object_))
        assert client.infer("text", [tensor]).as_numpy("y").tolist() == [[b"ok", b"\xff\xfe"]]
        with pytest.raises(InferenceServerException, match="ask for it in binary"):
            client.infer("text", [tensor], outputs=[triton.InferRequestedOutput("y", binary_data=False)])
