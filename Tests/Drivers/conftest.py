"""What the tests of cluster/kubernetes share."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "cluster" / "kubernetes"


@pytest.fixture(scope="session")
def kubectl():
    """kubectl's path; skips where there is none."""
    path = shutil.which("kubectl")
    if path is None:
        pytest.skip("there is no kubectl on this machine (Debian: apt-get install kubernetes-client)")
    return path


@pytest.fixture(scope="session")
def kustomize(kubectl):
    """A function that renders a folder; skips where kubectl's kustomize is too old for it."""

    def render(folder):
        done = subprocess.run([kubectl, "kustomize", str(KUBERNETES / folder)], capture_output=True, text=True)
        if done.returncode != 0 and re.search("unknown field|invalid Kustomization|cannot unmarshal", done.stderr):
            version = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True).stdout.split("\n")[0]
            pytest.skip(f"the kustomize inside this kubectl is older than 4.0 ({version}): {done.stderr.strip()[:200]}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return render


@pytest.fixture(scope="session")
def api_server(tmp_path_factory):
    """The address of an API server (kmock) that knows all built-in kinds."""
    folder = tmp_path_factory.mktemp("server")
    address = folder / "address"
    os.mkfifo(address)
    log = open(folder / "log", "w")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "Tests" / "Drivers" / "kubernetes_server.py"), str(address)], stderr=log)
    timer = threading.Timer(30, process.kill)
    timer.start()
    yield_address = address.read_text().strip()
    timer.cancel()
    assert yield_address.startswith("http://"), (folder / "log").read_text()
    yield yield_address
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    log.close()
