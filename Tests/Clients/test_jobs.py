"""Asynchronous jobs over HTTP, as a caller with nothing but an HTTP library uses them."""

import concurrent.futures
import json
import time
import uuid

import pytest
import requests


def body(samples, row=0, **parameters):
    return {
        "id": f"row-{row}", "parameters": parameters,
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": samples["images"][row]}],
    }


def infer_url(cluster):
    return cluster.http + "/v2/models/digits/infer"


def submit(cluster, document, **headers):
    return requests.post(infer_url(cluster), json=document, headers={"Prefer": "respond-async", **headers}, timeout=30)


def collect(cluster, location):
    for _ in range(10):
        answer = requests.get(cluster.http + location, params={"wait": "20s"}, timeout=30)
        if answer.headers["Spate-Job-Status"] not in ("waiting", "running", "retrying"):
            return answer
    raise AssertionError("the job was not settled: " + answer.text)


def test_a_job_is_accepted_and_collected(cluster, samples):
    accepted = submit(cluster, body(samples, 3))
    assert accepted.status_code == 202
    assert accepted.json()["status"] == "waiting"
    assert accepted.headers["Location"] == "/v2/jobs/" + accepted.json()["id"]
    finished = collect(cluster, accepted.headers["Location"])
    assert finished.status_code == 200
    assert finished.headers["Spate-Job-Status"] == "finished"
    document = finished.json()
    assert document["id"] == "row-3" and document["model_name"] == "digits"
    label = next(output for output in document["outputs"] if output["name"] == "label")
    assert label["data"] == [samples["labels"][3]]


def test_the_answer_comes_in_the_form_that_was_asked_for(cluster, samples):
    document = body(samples, 1)
    document["outputs"] = [{"name": "label", "parameters": {"binary_data": True}}]
    finished = collect(cluster, submit(cluster, document).headers["Location"])
    header = int(finished.headers["Inference-Header-Content-Length"])
    assert json.loads(finished.content[:header])["outputs"][0]["parameters"]["binary_data_size"] == 8
    assert int.from_bytes(finished.content[header:], "little") == samples["labels"][1]


def test_tenants_are_named_by_a_header_and_keep_their_idempotency_keys_apart(cluster, samples):
    key = uuid.uuid4().hex
    ids = []
    for tenant in ({"Spate-Tenant": "acme"}, {"Spate-Tenant": "globex"}, {}, {"Spate-Tenant": "acme"}):
        answer = submit(cluster, body(samples, 2), **{"Idempotency-Key": key}, **tenant)
        assert answer.status_code == 202, answer.text
        ids.append(answer.json()["id"])
    assert len(set(ids[:3])) == 3 and ids[3] == ids[0]
    for wrong in ("two words", "x" * 65, "a/b"):
        answer = submit(cluster, body(samples, 2), **{"Spate-Tenant": wrong})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("Spate-Tenant must be 1 to 64 of the characters")


def test_cost_is_divided_among_tenants(cluster, samples):
    def rows():
        report = requests.get(cluster.admin + "/admin/cost", params={"since": "1h"}, timeout=30).json()
        return {tenant["tenant"]: tenant["rows"] for tenant in report["tenants"]}

    before = rows().get("initech", 0)
    for row in range(7):
        answer = requests.post(
            infer_url(cluster), json=body(samples, row), headers={"Spate-Tenant": "initech"}, timeout=30)
        assert answer.status_code == 200
    deadline = time.monotonic() + 40
    while rows().get("initech", 0) < before + 7:
        assert time.monotonic() < deadline, rows()
        time.sleep(0.5)
    assert rows()["initech"] == before + 7


def test_an_idempotency_key_returns_the_same_job(cluster, samples):
    key = uuid.uuid4().hex
    first = submit(cluster, body(samples, 2), **{"Idempotency-Key": key})
    again = submit(cluster, body(samples, 2), **{"Idempotency-Key": key})
    assert first.json()["id"] == again.json()["id"]
    other = submit(cluster, body(samples, 5), **{"Idempotency-Key": key})
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["error"]
    synchronous = requests.post(
        infer_url(cluster), json=body(samples, 2), headers={"Idempotency-Key": key}, timeout=30)
    assert synchronous.status_code == 200
    assert synchronous.json()["outputs"][0]["data"][0] == samples["labels"][2]


def test_a_replay_says_where_the_job_is(cluster, samples):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = submit(cluster, body(samples, 2), **key)
    collect(cluster, first.headers["Location"])
    again = submit(cluster, body(samples, 2, timeout=5_000_000), **key)
    assert again.status_code == 202
    assert again.headers["Spate-Job-Status"] == again.json()["status"] == "finished"
    assert again.json()["id"] == first.json()["id"] and "expected_wait_ms" not in again.json()
    outcome = submit(cluster, body(samples, 2), **key, Prefer="respond-async, wait=0")
    assert outcome.status_code == 200 and outcome.json()["outputs"]
    # A result is never computed twice, also not on purpose.
    retried = submit(cluster, body(samples, 2), **key, **{"Spate-Retry": "true"})
    assert retried.json()["id"] == first.json()["id"]


def test_a_job_without_a_result_is_run_again_on_purpose(cluster, samples):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = submit(cluster, body(samples, 2), **key)
    requests.delete(cluster.http + first.headers["Location"], timeout=30)
    replay = submit(cluster, body(samples, 2), **key)
    if replay.json()["status"] == "finished":  # it was quicker than the cancel
        return
    assert replay.json()["status"] == "cancelled" and replay.json()["id"] == first.json()["id"]
    retried = submit(cluster, body(samples, 2), **key, **{"Spate-Retry": "true"})
    assert retried.json()["id"] != first.json()["id"]
    assert collect(cluster, retried.headers["Location"]).headers["Spate-Job-Status"] == "finished"


def test_parallel_submits_under_one_key_are_one_job(cluster, samples):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: submit(cluster, body(samples, 2), **key), range(40)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_the_outcome_comes_at_once_if_it_comes_in_time(cluster, samples):
    answer = submit(cluster, body(samples, 6), Prefer="respond-async, wait=20")
    assert answer.status_code == 200 and answer.headers["Location"].startswith("/v2/jobs/digits.1.normal.")
    label = next(output for output in answer.json()["outputs"] if output["name"] == "label")
    assert label["data"] == [samples["labels"][6]]


def test_asynchronous_jobs_count(cluster, samples):
    def counted():
        stats = requests.get(cluster.http + "/v2/models/digits/stats", timeout=30).json()["model_stats"][0]
        metrics = requests.get(cluster.admin + "/metrics", timeout=30).text.splitlines()
        finished = [line for line in metrics if line.startswith('spate_gateway_outcomes_total{model="digits",ending="finished"}')]
        return stats, float(finished[0].split()[-1]) if finished else 0

    before, finished = counted()
    for row in range(20):
        collect(cluster, submit(cluster, body(samples, row % len(samples["images"]))).headers["Location"])
    # A synchronous call: its answer comes behind the receipts of the jobs before it.
    assert requests.post(infer_url(cluster), json=body(samples, 0), timeout=30).status_code == 200
    stats, now = counted()
    assert now - finished >= 21
    inferences = stats["inference_stats"]
    assert inferences["success"]["count"] - before["inference_stats"]["success"]["count"] >= 21
    assert inferences["success"]["ns"] > inferences["queue"]["ns"] + inferences["compute_infer"]["ns"]
    batches = stats["batch_stats"]
    assert sum(batch["compute_infer"]["count"] for batch in batches) == stats["execution_count"]
    assert sum(batch["batch_size"] * batch["compute_infer"]["count"] for batch in batches) == pytest.approx(
        stats["inference_count"], rel=0.1)


def test_what_is_said_of_the_wait_is_true(cluster, samples):
    collect(cluster, submit(cluster, body(samples)).headers["Location"])
    deadline = time.monotonic() + 30
    while (said := submit(cluster, body(samples)).json().get("expected_wait_ms")) is None:
        assert time.monotonic() < deadline, "the workers do not report what a run costs"
        time.sleep(0.2)
    assert 1 <= said < 200


def test_slips_are_refused(cluster, samples):
    slip = submit(cluster, body(samples, deadlin_ms=1))
    assert slip.status_code == 400 and "did you mean 'deadline_ms'?" in slip.json()["error"]
    assert submit(cluster, body(samples, priority="high")).json()["id"].startswith("digits.1.high.")
    urgent = submit(cluster, body(samples, priority="urgent"))
    assert urgent.status_code == 400 and '"high", "normal", "low"' in urgent.json()["error"]


def test_nobody_reads_or_cancels_a_job_by_guessing_its_id(cluster, samples):
    assert requests.get(cluster.http + "/v2/jobs/nonsense", timeout=30).status_code == 404
    whole = submit(cluster, body(samples, 4)).json()["id"]
    entry, tag = whole.rsplit(".", 1)
    assert len(tag) == 32 and int(tag, 16) > 0
    other = submit(cluster, body(samples, 4)).json()["id"].rsplit(".", 1)[1]
    old = int(time.time() * 1000) - 100 * 24 * 3600 * 1000
    for guess in (entry, entry + ".", f"{entry}.{'0' * 32}", f"{entry}.{other}", f"digits.1.normal.{old}-0.{tag}"):
        for method in ("GET", "DELETE"):
            answer = requests.request(method, f"{cluster.http}/v2/jobs/{guess}", timeout=30)
            assert answer.status_code == 404, (method, guess, answer.text)
    assert collect(cluster, "/v2/jobs/" + whole).headers["Spate-Job-Status"] == "finished"


def test_a_settled_job_stays_as_it_is_when_cancelled(cluster, samples):
    location = submit(cluster, body(samples)).headers["Location"]
    collect(cluster, location)
    answer = requests.delete(cluster.http + location, timeout=30)
    assert answer.status_code == 200 and answer.headers["Spate-Job-Status"] == "finished"


def test_many_jobs_from_many_callers_all_end_right(cluster, samples):
    def one(index):
        row = index % len(samples["images"])
        finished = collect(cluster, submit(cluster, body(samples, row % len(samples["images"]))).headers["Location"])
        label = next(output for output in finished.json()["outputs"] if output["name"] == "label")
        return label["data"][0] == samples["labels"][row]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(200)))


def test_a_deadline_in_the_past_expires_the_job(cluster, samples):
    finished = collect(cluster, submit(cluster, body(samples, deadline_ms=1)).headers["Location"])
    assert finished.headers["Spate-Job-Status"] in ("expired", "finished")
    if finished.headers["Spate-Job-Status"] == "expired":
        assert "deadline" in finished.json()["error"]
