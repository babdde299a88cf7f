"""Clients as they come, where the machine has them."""

import asyncio
import json
import pathlib
import shutil
import subprocess

import aiohttp
import httpx
import pytest
import requests

STOCK = pathlib.Path(__file__).parent / "stock"
INFER = "/v2/models/digits/infer"


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def body(samples):
    return json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}]})


@needs("ab")
@pytest.mark.parametrize("options", [(), ("-k",), ("-i",), ("-k", "-i")])
def test_ab(cluster, options):
    for url in [cluster.http + "/v2/health/live", cluster.admin + "/metrics"]:
        text = run("ab", "-q", "-n", 40, "-c", 4, "-s", 5, "-r", *options, url)
        assert "Complete requests:      40" in text and "Failed requests:        0" in text, text


@needs("ab")
def test_ab_posts(cluster, body, tmp_path):
    (tmp_path / "body").write_text(body)
    text = run("ab", "-q", "-n", 40, "-c", 4, "-k", "-s", 10, "-p", tmp_path / "body", "-T", "application/json", cluster.http + INFER)
    assert "Complete requests:      40" in text and "Non-2xx" not in text, text


@needs("wget")
def test_wget_spider(cluster):
    run("wget", "-q", "--spider", "--tries=1", "--timeout=5", cluster.http + "/v2/health/live")
    run("wget", "-q", "-O", "-", "--tries=1", "--timeout=5", cluster.http + "/v2/health/ready")


@needs("curl")
def test_curl(cluster, body):
    live = cluster.http + "/v2/health/live"
    for option in ["--http2", "--http1.1", "--http1.0", "--compressed"]:
        assert run("curl", "-sS", "-m", 10, option, live, live, live) == '{"live":true}' * 3
    assert "HTTP/1.1 200" in run("curl", "-sS", "-m", 10, "-I", live)
    assert '"outputs"' in run("curl", "-sS", "-m", 10, "--http2", "-d", body, cluster.http + INFER)


@needs("node")
def test_node(cluster, body):
    assert run("node", STOCK / "calls.js", cluster.http, body).split() == ["200"] * 12


@needs("java")
def test_java(cluster, body):
    if "HttpClient" not in subprocess.run(["java", "--list-modules"], capture_output=True, text=True).stdout and \
            "java.net.http" not in subprocess.run(["java", "--list-modules"], capture_output=True, text=True).stdout:
        pytest.skip("this Java has no java.net.http")
    assert run("java", STOCK / "Calls.java", cluster.http, body).split() == ["200"] * 12


def test_httpx(cluster, body):
    with httpx.Client(base_url=cluster.http, timeout=10) as client:
        for _ in range(10):
            assert client.head("/v2/health/live").status_code == 200
            assert client.get("/v2/health/live").json() == {"live": True}
            assert client.head(INFER).status_code == 405
            assert client.post(INFER, content=body).status_code == 200


def test_aiohttp(cluster, body):
    async def calls():
        async with aiohttp.ClientSession(cluster.http) as session:
            for _ in range(10):
                async with session.head("/v2/health/live") as answer:
                    assert answer.status == 200
                async with session.get("/v2/models/nothing") as answer:
                    assert answer.status == 404
                async with session.post(INFER, data=body) as answer:
                    assert answer.status == 200 and (await answer.json())["outputs"]
    asyncio.run(calls())


def test_requests(cluster, body):
    with requests.Session() as session:
        for _ in range(10):
            assert session.head(cluster.http + "/v2/health/live", timeout=10).status_code == 200
            assert session.post(cluster.http + INFER, data=body, timeout=10).status_code == 200
