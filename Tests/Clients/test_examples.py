"""The examples of docs/api.md run as they stand."""

import re
import subprocess
import sys

import pytest

from conftest import ROOT

PAGE = (ROOT / "docs/api.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("language,count", [("python", 3), ("sh", 1)])
def test_every_example_runs(cluster, language, count):
    examples = blocks(language)
    assert len(examples) >= count
    for example in examples:
        assert "http://127.0.0.1:8000" in example
        text = example.replace("http://127.0.0.1:8000", cluster.http)
        program = [sys.executable, "-c"] if language == "python" else ["bash", "-c"]
        done = subprocess.run([*program, text], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, example + done.stderr
        assert done.stdout.strip() and "error" not in done.stdout, done.stdout + done.stderr
