"""Standard output and error that are full, closed, or read by somebody who goes away: never a crash."""

import os
import pathlib
import signal
import subprocess

import pytest

from conftest import ROOT, SPATE, infer

MANIFEST = ROOT / "Tests/PolicyImportTests/Manifests/streams.yaml"
COMMANDS = [
    ["simulate", "--list"], ["algorithms"], ["simulate", "--trace", str(pathlib.Path(__file__).parent / "counts.csv"), "--against", "fixed"],
    ["check", "--config", "cluster/simulation/spate.yaml"], ["import", str(MANIFEST)], ["--help"], ["--version"],
    ["status", "--config", "/nowhere"], ["check", "--config", "/nowhere"], ["statsu"],
]


def run(arguments, redirection):
    """The status as a shell gives it: above 128 where a signal ended the command."""
    return subprocess.run(
        ["bash", "-c", f'"$0" "$@" {redirection}; exit $?', SPATE, *arguments], cwd=ROOT, timeout=120,
        stderr=subprocess.DEVNULL if "2>" not in redirection else None).returncode


@pytest.mark.parametrize("redirection", [
    ">/dev/full", ">/dev/full 2>/dev/full", ">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&-"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(arguments)[:40])
def test_never_ends_by_a_signal(arguments, redirection):
    assert run(arguments, redirection) < 128


def test_a_result_that_did_not_get_out_is_a_failure_that_says_so():
    ended = subprocess.run(
        ["bash", "-c", '"$0" simulate --list >/dev/full', SPATE], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 74
    assert "standard output cannot be written: No space left on device" in ended.stderr


def test_a_reader_that_has_seen_enough_is_no_crash_and_no_complaint():
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [SPATE, "simulate", "--list"], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert ended.returncode == 74 and ended.stderr == ""


@pytest.mark.parametrize("kind", ["full", "closed", "reader gone"])
def test_up_serves_and_ends_in_order_without_a_log(system, kind):
    options = {}
    if kind == "full":
        options = {"stdout": open("/dev/full", "w"), "stderr": subprocess.STDOUT}
    elif kind == "closed":
        options = {"stdout": None, "preexec_fn": lambda: [os.close(number) for number in (0, 1, 2)]}
    else:
        reading, writing = os.pipe()
        os.close(reading)
        options = {"stdout": writing, "stderr": writing}
    running = system(**options)
    addresses = running.serving()
    assert infer(addresses["http"]) == 200
    assert running.end() == 0


def test_up_whose_log_reader_dies_later_ends_in_order(system):
    reading, writing = os.pipe()
    running = system(stdout=writing, stderr=writing)
    os.close(writing)
    addresses = running.serving()
    os.close(reading)
    assert infer(addresses["http"]) == 200
    assert running.end() == 0
