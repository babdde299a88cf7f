"""What KEDA asks of an external scaler, asked by a stock grpcio client generated from the proto."""

import threading

import grpc
import pytest
import yaml

from conftest import ROOT, Server

# Of a call; above it the server hangs.
TIMEOUT = 10


def metrics(stubs, scaler, ref, name="spate-workers-cpu", **options):
    request = stubs[0].GetMetricsRequest(scaledObjectRef=ref, metricName=name)
    return scaler.GetMetrics(request, timeout=TIMEOUT, **options)


def keda_value(answer):
    """What KEDA reads: the float if it is above 0, else the integer."""
    value = answer.metricValues[0]
    return value.metricValueFloat if value.metricValueFloat > 0 else value.metricValue


def code(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def test_a_poll_as_keda_makes_it(stubs, server, scaler, ref):
    server.publish("cpu", 7)
    server.publish("gpu", 0)
    cpu, gpu = ref(pool="cpu", scalerAddress="spate-scaler:8003"), ref(pool="gpu")

    spec = scaler.GetMetricSpec(cpu, timeout=TIMEOUT).metricSpecs[0]
    assert (spec.metricName, spec.targetSize, spec.targetSizeFloat) == ("spate-workers-cpu", 1, 1.0)
    assert keda_value(metrics(stubs, scaler, cpu, spec.metricName)) == 7
    assert scaler.IsActive(cpu, timeout=TIMEOUT).result is True

    spec = scaler.GetMetricSpec(gpu, timeout=TIMEOUT).metricSpecs[0]
    answer = metrics(stubs, scaler, gpu, spec.metricName)
    assert (answer.metricValues[0].metricValue, answer.metricValues[0].metricValueFloat) == (0, 0.0)
    assert scaler.IsActive(gpu, timeout=TIMEOUT).result is False


@pytest.mark.parametrize("current", range(1, 30))
def test_the_horizontal_autoscaler_arrives_at_the_wanted_count(stubs, server, scaler, ref, current):
    """AverageValue with tolerance 0: ceil(metric / target), from whatever it is now."""
    server.publish("cpu", 12)
    target = scaler.GetMetricSpec(ref(pool="cpu"), timeout=TIMEOUT).metricSpecs[0].targetSizeFloat
    value = keda_value(metrics(stubs, scaler, ref(pool="cpu")))
    ratio = value / (target * current)
    assert (current if ratio == 1 else -(-value // target)) == 12


def test_push_tells_the_current_state_and_then_each_change(server, scaler, ref):
    server.publish("cpu", 0)
    stream = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    assert next(stream).result is False
    assert server.publish("cpu", 3) == 1
    assert next(stream).result is True
    server.publish("cpu", 4)
    server.publish("cpu", 0)
    assert next(stream).result is False
    # Work that is due soon can make a pool active before its first worker is wanted.
    server.publish("cpu", 0, "active")
    assert next(stream).result is True


def test_push_of_one_pool_says_nothing_of_another(server, scaler, ref):
    server.publish("cpu", 0)
    server.publish("gpu", 0)
    cpu = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    gpu = scaler.StreamIsActive(ref(pool="gpu"), timeout=TIMEOUT)
    assert (next(cpu).result, next(gpu).result) == (False, False)
    server.publish("gpu", 1)
    assert next(gpu).result is True
    server.publish("cpu", 1)
    assert next(cpu).result is True


def test_the_stream_of_specs_agrees_with_the_call(server, scaler, ref):
    stream = scaler.StreamMetricSpec(ref(pool="cpu"), timeout=TIMEOUT)
    assert next(stream) == scaler.GetMetricSpec(ref(pool="cpu"), timeout=TIMEOUT)
    stream.cancel()


@pytest.mark.parametrize("metadata", [{"pool": "tpu"}, {}])
@pytest.mark.parametrize("name", ["IsActive", "StreamIsActive", "GetMetricSpec", "StreamMetricSpec", "GetMetrics"])
def test_an_unknown_pool_is_refused_with_the_known_ones(stubs, server, scaler, ref, name, metadata):
    server.publish("cpu", 1)

    def call():
        if name == "GetMetrics":
            return metrics(stubs, scaler, ref(**metadata))
        answer = getattr(scaler, name)(ref(**metadata), timeout=TIMEOUT)
        return next(answer) if name.startswith("Stream") else answer

    status, details = code(call)
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert "cpu, gpu" in details


def test_without_a_decision_or_with_an_old_one_keda_falls_back(stubs, server, scaler, ref):
    assert code(lambda: metrics(stubs, scaler, ref(pool="cpu")))[0] == grpc.StatusCode.UNAVAILABLE
    server.publish("cpu", 5)
    assert keda_value(metrics(stubs, scaler, ref(pool="cpu"))) == 5
    server.say("advance", 11)
    status, details = code(lambda: metrics(stubs, scaler, ref(pool="cpu")))
    assert (status, "11.0 s old" in details) == (grpc.StatusCode.UNAVAILABLE, True)
    assert code(lambda: scaler.IsActive(ref(pool="cpu"), timeout=TIMEOUT))[0] == grpc.StatusCode.UNAVAILABLE
    stream = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    assert code(lambda: next(stream))[0] == grpc.StatusCode.UNAVAILABLE
    # The spec needs no decision.
    assert scaler.GetMetricSpec(ref(pool="cpu"), timeout=TIMEOUT).metricSpecs
    server.publish("cpu", 6)
    assert keda_value(metrics(stubs, scaler, ref(pool="cpu"))) == 6


def test_a_stream_ends_when_its_data_grows_old(server, scaler, ref):
    server.publish("cpu", 5)
    stream = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    assert next(stream).result is True
    server.say("advance", 11)
    server.say("sweep")
    assert code(lambda: next(stream))[0] == grpc.StatusCode.UNAVAILABLE


def test_deadlines_and_cancellation_free_the_stream(server, scaler, ref):
    server.publish("cpu", 1)
    late = scaler.StreamIsActive(ref(pool="cpu"), timeout=0.3)
    assert next(late).result is True
    assert code(lambda: next(late))[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    cancelled = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    assert next(cancelled).result is True
    cancelled.cancel()
    # A further call on the connection comes after the reset of the stream; the handler ends a moment later.
    done = threading.Event()
    for _ in range(1_000):
        if server.publish("cpu", 1) == 0:
            break
        done.wait(0.005)
    else:
        pytest.fail("streams stay open on the server")


def test_a_large_request_is_refused(server, scaler, ref):
    server.publish("cpu", 1)
    status, _ = code(lambda: scaler.IsActive(ref(pool="cpu", junk="x" * 100_000), timeout=TIMEOUT))
    # The transport resets the stream.
    assert status in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED)
    assert scaler.IsActive(ref(pool="cpu"), timeout=TIMEOUT).result is True


def test_an_orderly_end_ends_open_streams(server, scaler, ref):
    server.publish("cpu", 1)
    stream = scaler.StreamIsActive(ref(pool="cpu"), timeout=TIMEOUT)
    assert next(stream).result is True
    assert server.stop() == 0
    assert code(lambda: next(stream))[0] == grpc.StatusCode.UNAVAILABLE


def test_tls_as_keda_sets_it_up(stubs, certificates, ref):
    """caCert alone; then caCert with tlsClientCert and tlsClientKey; and no certificate where one is needed."""
    def read(name):
        return (certificates / name).read_bytes()

    plain = grpc.ssl_channel_credentials(read("authority.pem"))
    mutual = grpc.ssl_channel_credentials(read("authority.pem"), read("client.key"), read("client.pem"))

    def is_active(server, credentials):
        with grpc.secure_channel(f"127.0.0.1:{server.port}", credentials) as channel:
            return stubs[1].ExternalScalerStub(channel).IsActive(ref(pool="cpu"), timeout=TIMEOUT).result

    server = Server(certificates / "server.pem", certificates / "server.key")
    server.publish("cpu", 1)
    assert is_active(server, plain) is True
    assert server.stop() == 0

    server = Server(certificates / "server.pem", certificates / "server.key", certificates / "authority.pem")
    server.publish("cpu", 1)
    assert is_active(server, mutual) is True
    assert code(lambda: is_active(server, plain))[0] == grpc.StatusCode.UNAVAILABLE
    assert server.stop() == 0


def test_the_example_asks_for_what_is_served(server, scaler, ref):
    example = yaml.safe_load((ROOT / "cluster/keda/scaledobject.yaml").read_text())["spec"]
    server.publish("cpu", 4)
    (trigger,) = example["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("external-push", "AverageValue")
    assert scaler.IsActive(ref(**trigger["metadata"]), timeout=TIMEOUT).result is True
    assert trigger["metadata"]["scalerAddress"].endswith(":8003")
    behavior = example["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert [(way["stabilizationWindowSeconds"], way["tolerance"]) for way in behavior.values()] == [(0, "0"), (0, "0")]
    assert example["fallback"]["behavior"] == "currentReplicas"
