"""Workers serve their own metrics, as Prometheus reads them."""

import re

import pytest
import requests

from conftest import Cluster
from test_failures import CONFIG, MODEL, body


@pytest.fixture()
def measured(tmp_path):
    """A cluster whose workers take free ports for their metrics."""
    folder = tmp_path / "models" / "slow" / "1"
    folder.mkdir(parents=True)
    (folder.parent / "model.yaml").write_text(MODEL)
    (tmp_path / "spate.yaml").write_text(CONFIG)
    running = Cluster(tmp_path, tmp_path / "spate.yaml", environment={"SPATE_METRICS_PORT": "0"})
    yield running
    running.stop()


def test_a_worker_counts_where_a_scraper_reads_it(measured):
    for row in range(3):
        answer = requests.post(measured.http + "/v2/models/slow/infer", json=body(row), timeout=30)
        assert answer.status_code == 200, answer.text
    logs = "".join(log.read_text() for log in (measured.directory / "data" / "logs").iterdir())
    urls = set(re.findall(r"http://127\.0\.0\.1:\d+/metrics", logs))
    texts = [requests.get(url, timeout=10) for url in urls]
    assert texts and all(text.headers["Content-Type"].startswith("text/plain; version=0.0.4") for text in texts)
    rows = [int(found) for text in texts
            for found in re.findall(r'^spate_worker_rows_total\{model="slow"\} (\d+)$', text.text, re.M)]
    assert sum(rows) >= 3
    assert "spate_worker_compute_seconds_bucket" in "".join(text.text for text in texts)
