"""Models that cannot be loaded, beside one that can: what callers and operators are told, and how they come back."""

import shutil
import subprocess
import time

import numpy as np
import onnx
import pytest
import requests
from onnx import TensorProto, helper, numpy_helper

from conftest import ROOT, SPATE, Cluster

IMAGE = {"name": "image", "datatype": "FP32", "shape": [1, 64], "data": [0.0] * 64}
ONE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}


def save(folder, name, nodes, inputs, outputs, domains=(), opset=17, version="1", yaml="", constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset), *domains], ir_version=9)
    place = folder / name / version
    place.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(place / "model.onnx"))
    (folder / name / "model.yaml").write_text(yaml)
    return place / "model.onnx"


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def double(folder, name="mended", **more):
    """y = 2x, for two columns."""
    return save(
        folder, name, [helper.make_node("Add", ["x", "x"], ["y"])], [value("x", ["batch", 2])],
        [value("y", ["batch", 2])], **more)


def unloadable(folder, name="unloadable", **more):
    """An operator of nobody's."""
    return save(
        folder, name, [helper.make_node("Nobody", ["x"], ["y"], domain="example.nobody")], [value("x", ["batch", 2])],
        [value("y", ["batch", 2])], domains=[helper.make_opsetid("example.nobody", 1)], **more)


def configure(folder, models, pools="  - {name: cpu, maximum_workers: 1}", more=""):
    repository = folder / "models"
    repository.mkdir(exist_ok=True)
    if "digits" in models:
        shutil.copytree(ROOT / "cluster/models/digits", repository / "digits", dirs_exist_ok=True)
    config = folder / "spate.yaml"
    config.write_text(f"models: [{', '.join(models)}]\npools:\n{pools}\n{more}")
    return config, repository


def infer(cluster, model, document, **headers):
    return requests.post(f"{cluster.http}/v2/models/{model}/infer", json=document, headers=headers, timeout=60)


def digits(cluster):
    return infer(cluster, "digits", {"inputs": [IMAGE]})


def until(condition, seconds=30):
    """Waits for what another process does; there is no event to wait for across processes."""
    end = time.monotonic() + seconds
    while (result := condition()) is None or result is False:  # A refusal is a result, and requests calls it false.
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)
    return result


def operate(cluster, config, command, *arguments):
    return subprocess.run(
        [SPATE, command, "--config", config, "--data", cluster.directory / "data", *arguments], capture_output=True,
        text=True, timeout=60, cwd=ROOT)


@pytest.fixture
def start(tmp_path):
    running = []

    def begin(config, *arguments):
        running.append(Cluster(tmp_path, config, *arguments))
        return running[-1]

    yield begin
    for cluster in running:
        assert cluster.stop() == 0, cluster.log_path.read_text()


def test_a_model_that_nobody_can_load_is_said_to_be_so_and_costs_nothing(tmp_path, start):
    config, repository = configure(tmp_path, ["digits", "unloadable"])
    unloadable(repository)
    cluster = start(config)
    assert digits(cluster).status_code == 200
    ready = until(lambda: (answer := requests.get(
        f"{cluster.http}/v2/models/unloadable/ready", timeout=10)).status_code == 503 and answer)
    reason = ready.json()["error"]
    assert "unloadable" in reason and "Nobody" in reason and int(ready.headers["Retry-After"]) >= 1
    index = {entry["name"]: entry for entry in requests.post(
        f"{cluster.http}/v2/repository/index", timeout=10).json()}
    assert index["unloadable"]["state"] == "UNAVAILABLE" and "Nobody" in index["unloadable"]["reason"]
    assert index["digits"]["state"] == "READY"
    ready = requests.post(f"{cluster.http}/v2/repository/index", json={"ready": True}, timeout=10).json()
    assert {entry["name"] for entry in ready} == {name for name, entry in index.items() if entry["state"] == "READY"}
    metrics = requests.get(f"{cluster.admin}/metrics", timeout=10).text
    assert 'spate_model_unavailable{model="unloadable",version="1"} 1' in metrics
    assert 'spate_model_unavailable{model="digits",version="1"} 0' in metrics
    for headers in ({}, {"Prefer": "respond-async"}):
        began = time.monotonic()
        refused = infer(cluster, "unloadable", ONE, **headers)
        assert refused.status_code == 503 and "Nobody" in refused.json()["error"]
        assert time.monotonic() - began < 2
    assert requests.get(f"{cluster.http}/v2/models/digits/ready", timeout=10).status_code == 200
    assert digits(cluster).status_code == 200
    for command in ("status", "pools", "why"):
        said = operate(cluster, config, command)
        assert said.returncode == 0 and "Nobody" in said.stdout, (command, said.stdout, said.stderr)


def test_jobs_that_wait_for_a_model_run_once_its_file_is_mended(tmp_path, start):
    config, repository = configure(tmp_path, ["mended"])
    path = double(repository)
    good = path.read_bytes()
    unloadable(repository, "mended")
    cluster = start(config)
    waiting = infer(cluster, "mended", ONE, Prefer="respond-async")
    assert waiting.status_code == 202, "nobody has tried to load it yet"
    until(lambda: requests.get(f"{cluster.http}/v2/models/mended/ready", timeout=10).status_code == 503)
    status = requests.get(f"{cluster.admin}/admin/status", timeout=10).json()
    assert status["queues"]["mended.1"]["waiting"] >= 1 and "Nobody" in status["faults"][0]["reason"]
    path.write_bytes(good)
    answer = until(lambda: (found := requests.get(
        cluster.http + waiting.headers["Location"], params={"wait": "10s"}, timeout=30)).status_code == 200 and found)
    assert answer.json()["outputs"][0]["data"] == [2, 4]
    assert infer(cluster, "mended", ONE).json()["outputs"][0]["data"] == [2, 4]


def test_a_model_that_ends_its_workers_is_left_out_and_the_others_serve(tmp_path, start, monkeypatch):
    monkeypatch.setenv("SWIFT_BACKTRACE", "enable=no")
    config, repository = configure(tmp_path, ["digits", "aborts"])
    # The runtime itself aborts in a run on a scalar, which is what a warm-up without a shape tries.
    path = double(repository, "aborts")
    good = path.read_bytes()
    save(repository, "aborts", [helper.make_node("DFT", ["x"], ["y"])], [value("x", None)], [value("y", None)],
         yaml="inputs: [{name: x, type: FP32, shape: []}]\noutputs: [{name: y, type: FP32, shape: []}]\n")
    cluster = start(config)
    assert digits(cluster).status_code == 200
    ready = until(lambda: (answer := requests.get(
        f"{cluster.http}/v2/models/aborts/ready", timeout=10)).status_code == 503 and answer, 60)
    assert "workers died while loading or warming it" in ready.json()["error"]
    for _ in range(3):
        assert digits(cluster).status_code == 200
    # A mended file is another model.
    (repository / "aborts" / "model.yaml").write_text("")
    path.write_bytes(good)
    assert cluster.stop() == 0


def test_one_unreadable_model_file_stops_nobody_and_all_are_named(tmp_path, start):
    config, repository = configure(tmp_path, ["digits", "cut", "link", "folder", "empty", "misplaced"])
    path = double(repository, "cut")
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    for name in ("link", "folder", "empty", "misplaced"):
        (repository / name / "1").mkdir(parents=True)
        (repository / name / "model.yaml").write_text("")
    (repository / "link/1/model.onnx").symlink_to("/nowhere/model.onnx")
    (repository / "folder/1/model.onnx").mkdir()
    (repository / "empty/1/model.onnx").touch()
    (repository / "misplaced/1/modell.onnx").write_bytes(good)
    expected = {
        "cut": "is no ONNX model, or not all of one", "link": "is a link to /nowhere/model.onnx, which is not there",
        "folder": "is a folder, not a file", "empty": "is empty", "misplaced": "it holds modell.onnx",
    }
    checked = subprocess.run(
        [SPATE, "check", "--config", config], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert checked.returncode == 1
    cluster = start(config)
    log = cluster.log_path.read_text()
    for name, text in expected.items():
        assert text in checked.stderr, (name, checked.stderr)
        assert text in log, (name, log)
        refused = infer(cluster, name, ONE)
        assert refused.status_code == 503 and text in refused.json()["error"]
    assert digits(cluster).status_code == 200
    path.write_bytes(good)
    assert until(lambda: (answer := infer(cluster, "cut", ONE)).status_code == 200 and answer
                 ).json()["outputs"][0]["data"] == [2, 4]


def test_a_model_answers_while_another_is_still_loading(tmp_path, start):
    config, repository = configure(tmp_path, ["digits", "slow"])
    (repository / "slow").mkdir()
    (repository / "slow/model.yaml").write_text("backend: synthetic\nstart_up: 8s\nrow_elements: 2\n")
    cluster = start(config)
    began = time.monotonic()
    late = infer(cluster, "slow", ONE, Prefer="respond-async")
    assert digits(cluster).status_code == 200
    assert time.monotonic() - began < 7
    worker = requests.get(f"{cluster.admin}/admin/status", timeout=10).json()["workers"][0]
    assert {model["queue"]: model["state"] for model in worker["models"]}["slow.1"] == "loading"
    assert requests.get(
        cluster.http + late.headers["Location"], params={"wait": "30s"}, timeout=60).status_code == 200


def test_a_load_beyond_its_bound_names_it_and_its_key(tmp_path, start):
    config, repository = configure(tmp_path, ["digits", "slow"])
    (repository / "slow").mkdir()
    (repository / "slow/model.yaml").write_text(
        "backend: synthetic\nstart_up: 10s\nrow_elements: 2\nload_timeout: 500ms\n")
    cluster = start(config)
    assert digits(cluster).status_code == 200
    ready = until(lambda: (answer := requests.get(
        f"{cluster.http}/v2/models/slow/ready", timeout=10)).status_code == 503 and answer)
    assert "500ms (load_timeout in its model.yaml)" in ready.json()["error"]
    assert until(lambda: requests.get(f"{cluster.http}/v2/models/slow/ready", timeout=10).status_code == 200)
    assert infer(cluster, "slow", ONE).status_code == 200, "a late load is not a lost one"


def loop(folder, yaml=""):
    """y = x after n turns: the caller decides how long a run takes."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["co"]), helper.make_node("Add", ["v", "one"], ["vo"])], "b",
        [value("i", [], TensorProto.INT64), value("c", [], TensorProto.BOOL), value("v", [None, 1])],
        [value("co", [], TensorProto.BOOL), value("vo", [None, 1])],
        [numpy_helper.from_array(np.float32([[1]]), "one")])
    save(
        folder, "loop",
        [helper.make_node("ReduceMax", ["n"], ["m"], keepdims=0), helper.make_node("Loop", ["m", "t", "x"], ["y"], body=body)],
        [value("n", ["N", 1], TensorProto.INT64), value("x", ["N", 1])], [value("y", ["N", 1])], yaml=yaml,
        constants=[numpy_helper.from_array(np.bool_(True), "t")])


def turns(count):
    return {"inputs": [
        {"name": "n", "datatype": "INT64", "shape": [1, 1], "data": [count]},
        {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [0]}]}


def test_a_long_honest_run_is_answered_and_holds_up_its_own_instance_only(tmp_path, start):
    config, repository = configure(
        tmp_path, ["digits", "loop"], pools="  - {name: cpu, maximum_workers: 1}")
    loop(repository)
    cluster = start(config)
    began = time.monotonic()
    assert infer(cluster, "loop", turns(100_000)).status_code == 200
    each = (time.monotonic() - began) / 100_000
    # Some 12 s: far beyond twenty times what was learned, far below the bound.
    long = infer(cluster, "loop", turns(int(12 / max(each, 1e-7))), Prefer="respond-async")
    for _ in range(5):
        assert digits(cluster).status_code == 200
    answer = requests.get(cluster.http + long.headers["Location"], params={"wait": "60s"}, timeout=90)
    while answer.status_code == 202:
        answer = requests.get(cluster.http + long.headers["Location"], params={"wait": "60s"}, timeout=90)
    assert answer.status_code == 200, answer.text
    logs = "".join(log.read_text() for log in (cluster.directory / "data/logs").iterdir())
    assert "A run has hung" not in logs


def test_a_run_beyond_its_bound_fails_once_with_the_bound_and_its_key(tmp_path, start):
    config, repository = configure(tmp_path, ["digits", "loop"])
    loop(repository, yaml="run_timeout: 1s\n")
    cluster = start(config)
    began = time.monotonic()
    endless = infer(cluster, "loop", turns(10**12))
    assert endless.status_code == 500, endless.text
    assert "may take 1s; raise run_timeout in the model.yaml of 'loop'" in endless.json()["error"]
    assert time.monotonic() - began < 25
    assert infer(cluster, "loop", turns(10)).status_code == 200
    assert digits(cluster).status_code == 200
    logs = "".join(log.read_text() for log in (cluster.directory / "data/logs").iterdir())
    assert logs.count("A run has hung") == 1


def test_pools_that_can_have_no_worker_refuse_and_say_why(tmp_path, start):
    config, repository = configure(
        tmp_path, ["digits", "off", "both"],
        pools="  - {name: cpu, maximum_workers: 1}\n  - {name: none, maximum_workers: 0}")
    double(repository, "off", yaml="pools: [none]\n")
    double(repository, "both", yaml="pools: [none, cpu]\n")
    checked = subprocess.run([SPATE, "check", "--config", config], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert checked.returncode == 1 and "maximum_workers: 0" in checked.stderr, checked.stderr
    cluster = start(config)
    refused = until(lambda: (answer := infer(cluster, "off", ONE, Prefer="respond-async")).status_code == 503 and answer)
    assert "the pool 'none' is switched off (maximum_workers: 0)" in refused.json()["error"]
    assert infer(cluster, "both", ONE).status_code == 200


def test_check_load_loads_each_model_in_a_process_of_its_own(tmp_path):
    config, repository = configure(tmp_path, ["digits", "unloadable", "aborts"])
    unloadable(repository)
    save(repository, "aborts", [helper.make_node("DFT", ["x"], ["y"])], [value("x", None)], [value("y", None)],
         yaml="inputs: [{name: x, type: FP32, shape: []}]\noutputs: [{name: y, type: FP32, shape: []}]\n")
    plain = subprocess.run([SPATE, "check", "--config", config], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert plain.returncode == 0, plain.stderr
    loaded = subprocess.run(
        [SPATE, "check", "--load", "--config", config], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert loaded.returncode == 1
    assert "digits" in loaded.stdout and "loaded and warmed" in loaded.stdout
    assert "Nobody" in loaded.stderr
    assert "aborts" in loaded.stderr and "signal" in loaded.stderr


def test_a_library_that_is_not_there_is_said_by_check_and_up(tmp_path, start):
    config, repository = configure(tmp_path, ["digits"], more=f"runtime: {{onnxruntime_library: {tmp_path}/none.so}}\n")
    checked = subprocess.run([SPATE, "check", "--config", config], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert checked.returncode == 1 and f"{tmp_path}/none.so" in checked.stderr
    cluster = start(config)
    assert f"{tmp_path}/none.so" in cluster.log_path.read_text()
    waiting = infer(cluster, "digits", {"inputs": [IMAGE]}, Prefer="respond-async")
    assert waiting.status_code == 202
    until(lambda: requests.get(f"{cluster.http}/v2/models/digits/ready", timeout=10).status_code == 503)
    library = next((ROOT / ".spate/onnxruntime").glob("libonnxruntime.so.*"))
    (tmp_path / "none.so").symlink_to(library)
    assert until(lambda: requests.get(
        cluster.http + waiting.headers["Location"], params={"wait": "10s"}, timeout=30).status_code == 200)


def test_a_newer_version_is_reported_and_taken_only_when_told(tmp_path, start):
    config, repository = configure(
        tmp_path, ["digits", "mended"], pools="  - {name: cpu, maximum_workers: 2, scale_in_window: 0s}")
    double(repository)
    cluster = start(config)
    assert infer(cluster, "mended", ONE).json()["outputs"][0]["data"] == [2, 4]
    save(repository, "mended", [helper.make_node("Mul", ["x", "x"], ["y"])], [value("x", ["batch", 2])],
         [value("y", ["batch", 2])], version="2")
    until(lambda: "A newer version of a model is there and not served" in cluster.log_path.read_text())
    until(lambda: not requests.get(f"{cluster.admin}/admin/status", timeout=10).json()["workers"])
    # A worker that starts now agrees with the gateway.
    answer = infer(cluster, "mended", ONE).json()
    assert answer["outputs"][0]["data"] == [2, 4] and answer["model_version"] == "1"
    assert "version 1; version 2 is there and not served" in operate(cluster, config, "versions").stdout
    assert "mended.1" in operate(cluster, config, "status").stdout
    assert cluster.stop() == 0
    cluster = start(config)
    answer = infer(cluster, "mended", {"inputs": [{**ONE["inputs"][0], "data": [3, 4]}]}).json()
    assert answer["outputs"][0]["data"] == [9, 16] and answer["model_version"] == "2"


def test_an_older_version_is_served_on_while_jobs_wait_for_it(tmp_path, start):
    config, repository = configure(
        tmp_path, ["mended"], pools="  - {name: cpu, maximum_workers: 1, paused: true}")
    double(repository)
    cluster = start(config)
    waiting = infer(cluster, "mended", ONE, Prefer="respond-async").headers["Location"]
    assert cluster.stop() == 0
    double(repository, version="2")
    configure(tmp_path, ["mended"])
    cluster = start(config)
    assert "1 job is left of version 1 of 'mended': it is served on" in cluster.log_path.read_text()
    answer = until(lambda: (found := requests.get(
        cluster.http + waiting, params={"wait": "10s"}, timeout=30)).status_code == 200 and found)
    assert answer.json()["model_version"] == "1"
