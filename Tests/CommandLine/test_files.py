"""Files as they come: what is wrong with one is said with its name and what to do, and no command waits for it for ever."""

import json
import os
import shutil
import subprocess

import pytest

from conftest import ROOT, SPATE, spate


@pytest.fixture
def place(tmp_path):
    """A cluster of digits alone."""
    shutil.copytree(ROOT / "cluster/models/digits", tmp_path / "models/digits")
    (tmp_path / "spate.yaml").write_text("models: [digits]\npools:\n  - {name: cpu, maximum_workers: 1}\n")
    return tmp_path


def test_a_byte_order_mark_is_none_of_the_file(place):
    config = place / "spate.yaml"
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes())
    done = spate("check", config)
    assert done.returncode == 0, done.stderr


def test_a_cluster_file_may_come_through_a_pipe_and_late(place):
    text = f"repository: '{place}/models'\n" + (place / "spate.yaml").read_text()
    (place / "text").write_text(text)
    done = subprocess.run(
        ["bash", "-c", '(sleep 0.5; cat "$1") | "$0" check /dev/stdin', SPATE, place / "text"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_named_pipe_that_nobody_writes_to_is_not_waited_for(place):
    os.mkfifo(place / "pipe.yaml")
    done = spate("check", place / "pipe.yaml")
    assert done.returncode == 1
    assert "pipe.yaml" in done.stderr


@pytest.mark.parametrize(
    "content, said", [
        (b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>sign in</html>", "page of HTML"),
        (b"PK\x03\x04archive/data.pkl", "export it to ONNX"),
        (b"\x1f\x8b\x08\x00", "unpack it"),
    ])
def test_what_stands_in_a_models_place_is_named(place, content, said):
    (place / "models/digits/1/model.onnx").write_bytes(content)
    done = spate("check", place / "spate.yaml")
    assert done.returncode == 1
    assert said in done.stderr, done.stderr


@pytest.mark.parametrize(
    "samples, said", [
        (None, "there is no file samples.json"),
        ("", "is empty"),
        ("[1, 2]", "no JSON object whose members are lists of rows"),
        ("{broken", "no JSON object whose members are lists of rows"),
        (json.dumps({"others": [[0.0] * 64]}), "have no list 'images'"),
        (json.dumps({"images": [[0.0] * 63]}), "does not take"),
    ])
def test_samples_that_cannot_be_used_are_a_finding(place, samples, said):
    path = place / "models/digits/samples.json"
    path.unlink()
    if samples is not None:
        path.write_text(samples)
    done = spate("check", place / "spate.yaml")
    assert done.returncode == 1
    assert "digits" in done.stderr and said in done.stderr, done.stderr
    assert "NSCocoa" not in done.stderr


def test_what_import_cannot_read_is_said_plainly(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "loop": "cannot be read", ".": "irectory", "binary": "not UTF-8 text", "missing": "no such file", "pipe": "pipe",
    }.items():
        done = spate("import", tmp_path / name)
        assert done.returncode == 1, name
        assert said in done.stderr and "NSCocoa" not in done.stderr and "Error Domain" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    "arguments, said", [
        (["--row-cost", "0s", "--fixed-cost", "0s"], "must take some time"),
        (["--maximum-rows", "0"], "--maximum-rows must be a whole number from 1"),
        (["--instances", "0"], "--instances must be a whole number from 1"),
        (["--maximum", "0"], "--maximum must be a whole number from 1"),
        (["--minimum", "5", "--maximum", "2"], "is above --maximum 2"),
        (["--interval", "0s"], "--interval must be at least 1ms"),
        (["--model", "digits"], "--config"),
        (["--policy", "spate:target_utilization=2"], "'target_utilization' must be a number from 0.05 to 1"),
        (["--policy", "hpa:tolerance=7"], "'tolerance' must be a number from 0 to 1"),
        (["--policy", "keda-lag:polling_interval=0s"], "'polling_interval' must be a duration with its unit from 100ms to 24h, got '0s'"),
        (["--policy", "keda-lag:lagCount=50"], "'lagCount' is written lag_count"),
        (["--policy", "aws-backlog:scale_out_periods=0"], "'scale_out_periods' must be a whole number from 1 to 1000"),
    ])
def test_a_simulation_of_nonsense_is_refused(arguments, said):
    done = spate("simulate", *arguments)
    assert done.returncode == 64
    assert said in done.stderr, done.stderr
