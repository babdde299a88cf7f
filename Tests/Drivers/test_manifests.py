"""cluster/kubernetes: every object is one that Kubernetes takes, and they fit together and to the driver."""

import os
import re
import subprocess

import pytest
import yaml

from conftest import KUBERNETES, ROOT

BASE = KUBERNETES / "base"
FILES = sorted(path for path in BASE.glob("*.yaml") if path.name not in ("kustomization.yaml", "spate.yaml"))


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


@pytest.fixture(scope="module")
def objects():
    return [document for path in FILES for document in documents(path.read_text())]


def named(objects, kind, name):
    found = [item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}"
    return found[0]


def seconds(text):
    amount, unit = re.fullmatch(r"([0-9.]+)(ms|s|m|h)", str(text)).groups()
    return float(amount) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


# --- one by one


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_object_follows_its_schema(path):
    validate = pytest.importorskip("kubernetes_validate", reason="cluster/setup/setup.sh test installs kubernetes-validate")
    found = documents(path.read_text())
    assert found
    for document in found:
        validate.validate(document, "1.30", strict=True)


@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_kustomize_renders_objects_that_follow_their_schema(kustomize, folder):
    validate = pytest.importorskip("kubernetes_validate", reason="cluster/setup/setup.sh test installs kubernetes-validate")
    found = documents(kustomize(folder))
    assert {item["metadata"].get("namespace", "spate") for item in found} == {"spate"}
    for document in found:
        validate.validate(document, "1.30", strict=True)


def test_the_example_changes_what_it_says(kustomize):
    found = documents(kustomize("overlays/example"))
    assert not [item for item in found if item["metadata"]["name"] == "redis"]
    for item in found:
        if item["kind"] != "Deployment":
            continue
        container = item["spec"]["template"]["spec"]["containers"][0]
        assert container["image"].startswith("registry.example/spate")
        assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "spate-redis", "key": "url"}
        config = [volume for volume in item["spec"]["template"]["spec"]["volumes"] if volume["name"] == "config"]
        assert re.fullmatch(r"spate-config-\w+", config[0]["configMap"]["name"])


def test_kubectl_takes_every_object(kubectl, api_server, tmp_path):
    """--dry-run=client asks the server only for the kinds that it knows."""
    files = [argument for path in FILES for argument in ("-f", str(path))]
    done = subprocess.run(
        [kubectl, "--server", api_server, "create", "--dry-run=client", "--validate=false", "--namespace", "spate",
         "-o", "name", *files],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path), "KUBECONFIG": "/dev/null"})
    assert done.returncode == 0, done.stderr
    names = set(done.stdout.split())
    assert len(names) == sum(len(documents(path.read_text())) for path in FILES)
    assert {"deployment.apps/spate-scaler", "deployment.apps/spate-worker-cpu", "service/spate-gateway"} <= names


# --- together


def test_selectors_find_their_pods(objects):
    templates = [item["spec"]["template"]["metadata"]["labels"] for item in objects
                 if item["kind"] in ("Deployment", "StatefulSet")]
    for item in objects:
        if item["kind"] in ("Deployment", "StatefulSet"):
            selector, own = item["spec"]["selector"]["matchLabels"], item["spec"]["template"]["metadata"]["labels"]
            assert selector.items() <= own.items()
            # A pod that two workloads claim is ended by one of them.
            assert sum(selector.items() <= labels.items() for labels in templates) == 1, item["metadata"]["name"]
        if item["kind"] == "Service":
            assert sum(item["spec"]["selector"].items() <= labels.items() for labels in templates) == 1
        if item["kind"] == "PodDisruptionBudget":
            assert sum(item["spec"]["selector"]["matchLabels"].items() <= labels.items() for labels in templates) == 1


def test_services_and_probes_name_ports_that_are_there(objects):
    for service in (item for item in objects if item["kind"] == "Service"):
        pods = [item["spec"]["template"] for item in objects if item["kind"] in ("Deployment", "StatefulSet")
                and service["spec"]["selector"].items() <= item["spec"]["template"]["metadata"]["labels"].items()]
        ports = {port["name"]: port["containerPort"] for port in pods[0]["spec"]["containers"][0]["ports"]}
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]
    gateway = named(objects, "Deployment", "spate-gateway")["spec"]["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in gateway["ports"]}
    assert ports == {"http": 8000, "admin": 8002}
    assert gateway["readinessProbe"]["httpGet"] == {"path": "/v2/health/ready", "port": "http"}
    assert gateway["livenessProbe"]["httpGet"] == {"path": "/v2/health/live", "port": "http"}


def test_every_pool_is_a_deployment_with_time_to_drain_and_no_count(objects):
    pools = yaml.safe_load((BASE / "spate.yaml").read_text())["pools"]
    assert {pool["name"] for pool in pools} == {"cpu", "gpu"}
    for pool in pools:
        assert pool["driver"] == "kubernetes"
        worker = named(objects, "Deployment", f"spate-worker-{pool['name']}")
        assert "replicas" not in worker["spec"], "applying the file again would set the scaler's count back"
        pod = worker["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] >= seconds(pool["drain_timeout"]) + 10
        container = pod["containers"][0]
        # The driver looks for the container of this name.
        assert container["name"] == "worker"
        assert container["args"] == [
            "worker", "--config", "/etc/spate/config/spate.yaml", "--pool", pool["name"],
            "--metrics-port", str(container["ports"][0]["containerPort"]), "--metrics-host", "0.0.0.0"]
        # What the worker's id is made from.
        environment = {entry["name"]: entry for entry in container["env"]}
        assert environment["SPATE_POD_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert environment["SPATE_POD_UID"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.uid"
        assert {"name": "state", "mountPath": "/run/spate"} in container["volumeMounts"]
        assert container["terminationMessagePath"] == "/dev/termination-log"
        if pool["device"] == "gpu":
            assert container["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_the_gateway_has_time_for_its_longest_call(objects):
    settings = yaml.safe_load((ROOT / "cluster" / "spate.yaml").read_text())
    pod = named(objects, "Deployment", "spate-gateway")["spec"]["template"]["spec"]
    stop = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > seconds(settings["gateway"]["request_timeout"]) + stop


def test_the_scaler_may_do_what_its_driver_does_and_nothing_else(objects):
    role = named(objects, "Role", "spate-scaler")
    rights = {(group, resource, verb): tuple(rule.get("resourceNames", ()))
              for rule in role["rules"] for group in rule["apiGroups"] for resource in rule["resources"]
              for verb in rule["verbs"]}
    workers = tuple(f"spate-worker-{pool['name']}" for pool in yaml.safe_load((BASE / "spate.yaml").read_text())["pools"])
    assert rights == {
        ("apps", "deployments/scale", "get"): workers,
        ("apps", "deployments/scale", "patch"): workers,
        ("", "pods", "list"): (), ("", "pods", "watch"): (), ("", "pods", "patch"): (), ("", "pods", "delete"): (),
        ("coordination.k8s.io", "leases", "get"): ("spate-scaler",),
        ("coordination.k8s.io", "leases", "patch"): ("spate-scaler",),
        ("coordination.k8s.io", "leases", "create"): (),
    }
    assert not [item for item in objects if item["kind"].startswith("ClusterRole")]
    binding = named(objects, "RoleBinding", "spate-scaler")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "spate-scaler"}]
    for item in objects:
        if item["kind"] in ("Deployment", "StatefulSet"):
            pod = item["spec"]["template"]["spec"]
            # Nobody else has a token.
            assert pod["automountServiceAccountToken"] is (item["metadata"]["name"] == "spate-scaler")


def test_nothing_runs_as_root_or_without_limits(objects):
    for item in objects:
        if item["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = item["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert "memory" in container["resources"]["limits"]
            assert "memory" in container["resources"]["requests"] and "cpu" in container["resources"]["requests"]
