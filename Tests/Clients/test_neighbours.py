"""Two clusters on one machine, and on one Redis: neither serves, drains or ends what is the other's."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
import requests

from conftest import ROOT, Cluster
from processes import children_of

FILE = """\
repository: {models}
models: [digits]
pools: [{{name: cpu, minimum_workers: 1, maximum_workers: 1, drain_timeout: 1s}}]
"""


def write_cluster(directory, files="as they are"):
    """A cluster of its own folder; with other files its model has another digest and the same answers."""
    directory.mkdir()
    shutil.copytree(ROOT / "cluster/models/digits", directory / "models/digits")
    if files == "changed":
        with open(directory / "models/digits/1/model.onnx", "ab") as model:
            # Field 6 of ModelProto, doc_string: the last one counts.
            model.write(bytes([0x32, 5]) + b"other")
    (directory / "spate.yaml").write_text(FILE.format(models=directory / "models"))
    return directory / "spate.yaml"


def ask(cluster, samples):
    body = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][0]}]}
    return requests.post(f"{cluster.http}/v2/models/digits/infer", json=body, timeout=60)


def pool(cluster):
    return requests.get(f"{cluster.admin}/admin/status", timeout=10).json()["pools"]["cpu"]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def workers_of(process):
    """Process ids of its workers."""
    return children_of(process, b"\0worker\0")


def lives(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def redis(tmp_path):
    socket = tmp_path / "redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", tmp_path, "--save", ""],
        stdout=subprocess.DEVNULL)
    wait_for(socket.exists)
    yield f"unix://{socket}"
    server.kill()
    server.wait()


def test_a_cluster_leaves_the_workers_of_a_killed_neighbour_alone(tmp_path, samples):
    """The first is killed while a worker of it hangs; the second goes on beside it, and the first starts again."""
    configs = [write_cluster(tmp_path / name) for name in ("one", "two")]
    one = Cluster(tmp_path / "one", configs[0])
    try:
        wait_for(lambda: pool(one)["ready"] == 1)
        (orphan,) = workers_of(one.process)
        os.kill(orphan, signal.SIGSTOP)
    finally:
        one.process.kill()
        one.process.wait()
    two = Cluster(tmp_path / "two", configs[1])
    try:
        wait_for(lambda: pool(two)["ready"] == 1)
        (own,) = workers_of(two.process)
        # Longer than an orphan's grace: its pool's drain time-out and 5 s.
        until = time.monotonic() + 8
        while time.monotonic() < until:
            state = pool(two)
            assert (state["ready"], state["draining"]) == (1, 0)
            assert ask(two, samples).status_code == 200
            time.sleep(0.2)
        assert workers_of(two.process) == [own]
        assert not lives(orphan), "the kernel ends it with its own cluster, though it was stopped"
        assert "its scaler had ended" not in two.log_path.read_text()
        (tmp_path / "one" / "address.json").unlink()
        again = Cluster(tmp_path / "one", configs[0])
        try:
            assert ask(again, samples).status_code == 200
            assert workers_of(two.process) == [own]
        finally:
            assert again.stop() == 0
    finally:
        assert two.stop() == 0
        if lives(orphan):
            os.kill(orphan, signal.SIGKILL)


def test_two_clusters_on_one_redis_need_two_names(tmp_path, samples, redis):
    ours = write_cluster(tmp_path / "ours")
    theirs = write_cluster(tmp_path / "theirs", files="changed")
    same = write_cluster(tmp_path / "same")
    one = Cluster(tmp_path / "ours", ours, environment={"SPATE_REDIS_URL": redis + "\n"})
    try:
        assert ask(one, samples).status_code == 200
        with pytest.raises(RuntimeError) as refusal:
            Cluster(tmp_path / "theirs", theirs, environment={"SPATE_REDIS_URL": redis})
        text = str(refusal.value)
        assert "digits.1 has other files here" in text and "SPATE_CLUSTER" in text, text
        named = Cluster(
            tmp_path / "theirs", theirs, environment={"SPATE_REDIS_URL": redis, "SPATE_CLUSTER": "theirs"})
        try:
            assert ask(named, samples).status_code == 200
            assert ask(one, samples).status_code == 200
            # The same models are no other cluster: one more gateway of it.
            more = Cluster(tmp_path / "same", same, environment={"SPATE_REDIS_URL": redis})
            try:
                assert ask(more, samples).status_code == 200
            finally:
                assert more.stop() == 0
        finally:
            assert named.stop() == 0
        # On purpose: the file says that it is a newer revision of the same cluster.
        theirs.write_text(theirs.read_text() + "cluster: {revision: 2}\n")
        newer = Cluster(tmp_path / "theirs", theirs, environment={"SPATE_REDIS_URL": redis})
        try:
            assert ask(newer, samples).status_code == 200
        finally:
            assert newer.stop() == 0
    finally:
        assert one.stop() == 0
