"""What a caller sees of joining: requests of any first dimension, and the model's own word."""

import json
import urllib.request


def get(cluster, path):
    with urllib.request.urlopen(f"{cluster.http}{path}", timeout=30) as answer:
        return json.load(answer)


def infer(cluster, rows):
    body = json.dumps({"inputs": [{
        "name": "image", "datatype": "FP32", "shape": [len(rows), 64], "data": [float(v) for row in rows for v in row]}]})
    request = urllib.request.Request(f"{cluster.http}/v2/models/digits/infer", body.encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_says_that_rows_are_joined_once_a_worker_has_proven_it(cluster, samples):
    answer = infer(cluster, samples["images"][:1])
    assert answer["outputs"][0]["data"] == samples["labels"][:1]
    parameters = get(cluster, "/v2/models/digits")["parameters"]
    assert parameters["joining"] == "rows", parameters
    assert "alone and together" in parameters["joining_reason"]
    config = get(cluster, "/v2/models/digits/config")
    assert config["max_batch_size"] == 64
    assert config["parameters"]["joining"]["string_value"] == "rows"


def test_a_request_larger_than_a_batch_is_answered_whole(cluster, samples):
    rows = (samples["images"] * 4)[:150]
    answer = infer(cluster, rows)
    assert answer["outputs"][0]["data"] == (samples["labels"] * 4)[:150]
