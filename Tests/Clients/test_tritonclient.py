"""The stock tritonclient, unmodified, against a running cluster."""

import gzip
import json

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


@pytest.fixture()
def client(cluster):
    with triton.InferenceServerClient(cluster.host, network_timeout=30, connection_timeout=30) as client:
        yield client


def image_input(rows, binary=True):
    array = np.asarray(rows, dtype=np.float32)
    tensor = triton.InferInput("image", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def test_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("digits")
    assert client.is_model_ready("digits", "1")
    server = client.get_server_metadata()
    assert server["name"] == "spate"
    assert "binary_tensor_data" in server["extensions"]
    metadata = client.get_model_metadata("digits")
    assert metadata["platform"] == "onnxruntime_onnx"
    assert metadata["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 64]}]
    assert {output["name"] for output in metadata["outputs"]} == {"label", "probabilities"}


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_infer_in_every_form(client, samples, binary_input, binary_output):
    rows = samples["images"][:5]
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_output) for name in ("label", "probabilities")]
    result = client.infer("digits", [image_input(rows, binary_input)], outputs=outputs, request_id="r-1")
    assert result.get_response()["id"] == "r-1"
    assert result.as_numpy("label").tolist() == samples["labels"][:5]
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (5, 10)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)


def test_plain_infer_answers_all_outputs(client, samples):
    result = client.infer("digits", [image_input(samples["images"][:1])])
    assert result.as_numpy("label").tolist() == samples["labels"][:1]
    assert result.as_numpy("probabilities").shape == (1, 10)


def test_classification(client, samples):
    outputs = [triton.InferRequestedOutput("probabilities", class_count=3)]
    result = client.infer("digits", [image_input(samples["images"][:2])], outputs=outputs)
    entries = result.as_numpy("probabilities")
    assert entries.shape == (2, 3)
    for row, label in zip(entries, samples["labels"]):
        value, index = row[0].decode().split(":")[:2]
        assert int(index) == label
        assert 0 < float(value) <= 1


def test_asynchronous_client_calls(client, samples):
    with triton.InferenceServerClient(client._client_stub.host + ":" + str(client._client_stub.port), concurrency=8) as many:
        calls = [many.async_infer("digits", [image_input([row])]) for row in samples["images"]]
        labels = [call.get_result().as_numpy("label")[0] for call in calls]
    assert labels == samples["labels"]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests(client, samples, algorithm):
    result = client.infer(
        "digits", [image_input(samples["images"][:2])], request_compression_algorithm=algorithm)
    assert result.as_numpy("label").tolist() == samples["labels"][:2]


def test_statistics_and_config(client, samples):
    client.infer("digits", [image_input(samples["images"][:3])])
    (stats,) = client.get_inference_statistics("digits")["model_stats"]
    assert stats["name"] == "digits" and stats["version"] == "1"
    assert stats["inference_count"] >= 3
    assert stats["inference_stats"]["success"]["count"] >= 1
    config = client.get_model_config("digits")
    assert config["max_batch_size"] > 0
    index = client.get_model_repository_index()
    assert {"name": "digits", "version": "1", "state": "READY", "reason": ""} in index


@pytest.mark.parametrize(
    "name,version,status,text",
    [("nothing", "", "404", "unknown model: 'nothing'"), ("digits", "7", "404", "version 7 is not found")])
def test_unknown_model_and_version(client, samples, name, version, status, text):
    with pytest.raises(InferenceServerException) as error:
        client.infer(name, [image_input(samples["images"][:1])], model_version=version)
    assert error.value.status() == status
    assert text in error.value.message()


def test_wrong_datatype_and_shape(client):
    wrong = triton.InferInput("image", [1, 64], "INT32")
    wrong.set_data_from_numpy(np.zeros((1, 64), dtype=np.int32))
    with pytest.raises(InferenceServerException, match="data-type is 'INT32', but model 'digits' expects 'FP32'"):
        client.infer("digits", [wrong])
    with pytest.raises(InferenceServerException, match=r"unexpected shape for input 'image'.*Expected \[-1,64\], got \[1,63\]"):
        client.infer("digits", [image_input(np.zeros((1, 63)))])
    with pytest.raises(InferenceServerException, match="unexpected inference input 'picture'|missing required input"):
        other = triton.InferInput("picture", [1, 64], "FP32")
        other.set_data_from_numpy(np.zeros((1, 64), dtype=np.float32))
        client.infer("digits", [other])
    with pytest.raises(InferenceServerException, match="unexpected inference output 'nothing'|output 'nothing'"):
        client.infer("digits", [image_input(np.zeros((1, 64)))], outputs=[triton.InferRequestedOutput("nothing")])


def test_priority_and_timeout_are_understood(client, samples):
    result = client.infer("digits", [image_input(samples["images"][:1])], priority=1, timeout=5_000_000)
    assert result.as_numpy("label").tolist() == samples["labels"][:1]


def test_large_request_is_split_and_joined(client, samples):
    """More rows than any batch may have."""
    rows = (samples["images"] * 20)[:700]
    result = client.infer("digits", [image_input(rows)])
    assert result.as_numpy("label").tolist() == (samples["labels"] * 20)[:700]
