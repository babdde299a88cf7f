"""Requests that are wrong in every way get the protocol's error with a text that helps, and harm nobody."""

import json
import socket

import pytest
import requests

GOOD = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": [0] * 64}]}


def url(cluster):
    return cluster.http + "/v2/models/digits/infer"


def with_input(**changes):
    return json.dumps({"inputs": [{**GOOD["inputs"][0], **changes}]})


CASES = {
    "no JSON": ("{", 400, ""),
    "truncated": (json.dumps(GOOD)[:-40], 400, ""),
    "not an object": ("[1,2]", 400, ""),
    "no inputs": ("{}", 400, "inputs"),
    "inputs is a number": ('{"inputs": 3}', 400, "inputs"),
    "trailing bytes": (json.dumps(GOOD) + "x", 400, ""),
    "wrong datatype": (with_input(datatype="INT32"), 400, "expects 'FP32'"),
    "unknown datatype": (with_input(datatype="FLOAT"), 400, "FLOAT"),
    "wrong shape": (with_input(shape=[1, 63], data=[0] * 63), 400, "[-1,64]"),
    "negative shape": (with_input(shape=[-1, 64]), 400, "shape"),
    "overflowing shape": (with_input(shape=[2**62, 2**62]), 400, "shape"),
    "too few numbers": (with_input(data=[0] * 63), 400, "image"),
    "too many numbers": (with_input(data=[0] * 65), 400, "image"),
    "ragged rows": (with_input(shape=[2, 64], data=[[0] * 63, [0] * 65]), 400, "image"),
    "string for a number": (with_input(data=["a"] * 64), 400, "image"),
    "NaN": (with_input(data=[0] * 63).replace("0]", "0, NaN]"), 400, "image"),
    "infinity": (with_input(data=[0] * 63).replace("0]", "0, 1e999]"), 400, "image"),
    "out of range for FP32": (with_input(data=[0] * 63).replace("0]", "0, 1e39]"), 400, "image"),
    "unknown input": (with_input(name="picture"), 400, "picture"),
    "two inputs of one name": (json.dumps({"inputs": GOOD["inputs"] * 2}), 400, "image"),
    "unknown output": (json.dumps({**GOOD, "outputs": [{"name": "nothing"}]}), 400, "nothing"),
    "depth bomb": ('{"inputs":' + "[" * 100_000, 400, ""),
    "negative priority": (json.dumps({**GOOD, "parameters": {"priority": -1}}), 400, "priority"),
    "text as deadline": (json.dumps({**GOOD, "parameters": {"deadline_ms": "soon"}}), 400, "deadline_ms"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_json_request(cluster, name):
    body, status, text = CASES[name]
    answer = requests.post(url(cluster), data=body.encode(), timeout=30)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    message = answer.json()["error"]
    assert len(message) > 10 and text in message


@pytest.mark.parametrize("length,why", [("99999", "beyond the body"), ("-5", "negative"), ("x", "no number"), ("3", "inside the JSON")])
def test_lying_header_length(cluster, length, why):
    answer = requests.post(
        url(cluster), data=json.dumps(GOOD).encode(), headers={"Inference-Header-Content-Length": length}, timeout=30)
    assert answer.status_code == 400, why
    assert answer.json()["error"]


@pytest.mark.parametrize("size,text", [(255, "additional"), (300, "expecting")])
def test_lying_binary_size(cluster, size, text):
    header = json.dumps({"inputs": [
        {"name": "image", "datatype": "FP32", "shape": [1, 64], "parameters": {"binary_data_size": size}}]}).encode()
    answer = requests.post(
        url(cluster), data=header + b"\0" * 256, headers={"Inference-Header-Content-Length": str(len(header))}, timeout=30)
    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_body_above_the_limit(cluster):
    answer = requests.post(url(cluster), data=b" " * (9 << 20), timeout=30)
    assert answer.status_code == 413
    assert "8388608 bytes" in answer.json()["error"]


def test_decompression_bomb(cluster):
    import gzip

    bomb = gzip.compress(b" " * (64 << 20))
    answer = requests.post(url(cluster), data=bomb, headers={"Content-Encoding": "gzip"}, timeout=30)
    assert answer.status_code == 413
    broken = requests.post(url(cluster), data=bomb[:100], headers={"Content-Encoding": "gzip"}, timeout=30)
    assert broken.status_code == 400
    unknown = requests.post(url(cluster), data=b"x", headers={"Content-Encoding": "br"}, timeout=30)
    assert unknown.status_code == 415 and "gzip" in unknown.headers["Accept-Encoding"]
    assert unknown.headers["Accept-Encoding"] == "gzip, deflate"


def test_content_length_longer_than_the_body(cluster):
    """The client goes away before the body is complete; the next client is served."""
    host, port = cluster.host.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        connection.recv(4096)
    assert requests.post(url(cluster), json=GOOD, timeout=30).status_code == 200


def test_no_http_at_all(cluster):
    host, port = cluster.host.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x00\x01\x02 garbage\r\n\r\n")
        connection.settimeout(10)
        answer = connection.recv(4096)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert requests.post(url(cluster), json=GOOD, timeout=30).status_code == 200


def test_unknown_paths_and_methods(cluster):
    unknown = requests.get(cluster.http + "/v3", timeout=30)
    assert unknown.status_code == 404 and "'/v3'" in unknown.json()["error"]
    wrong = requests.get(url(cluster), timeout=30)
    assert wrong.status_code == 405 and "POST" in wrong.headers["Allow"] and "error" in wrong.json()


def test_the_cluster_is_unharmed(cluster):
    """Runs last in this file: after all of the above one good request is answered and nothing is left behind."""
    assert requests.post(url(cluster), json=GOOD, timeout=30).status_code == 200
    status = requests.get(cluster.admin + "/admin/status", timeout=30).json()
    queue = status["queues"]["digits.1"]
    assert (queue["waiting"], queue["in_flight"], queue["due"]) == (0, 0, 0)
