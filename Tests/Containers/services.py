"""Starts the services of compose.yaml on the host's network, uses them as a caller would, and stops them.

    services.py ENGINE IMAGE REDIS-IMAGE      ENGINE is podman or docker

compose.yaml is the one place that says how a service is started. What differs here: the network is the host's, so the
services find each other on free ports of 127.0.0.1, which are passed in by the environment.
"""

import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = json.loads((ROOT / "cluster/models/digits/samples.json").read_text())
ENGINE, IMAGE, REDIS_IMAGE = sys.argv[1:]
# docker brings the first process that `init: true` asks for; podman needs it on the machine. Without it spate is the first.
HAS_INIT = ENGINE == "docker" or any(map(os.path.exists, ("/usr/bin/catatonit", "/usr/libexec/podman/catatonit")))


def say(text):
    print(f"containers: {text}", flush=True)


def engine(*arguments, timeout=120):
    """What the engine prints; an error with all that it says when it fails."""
    done = subprocess.run([ENGINE, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{ENGINE} {shlex.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def seconds(text):
    """`45s` or `1m` of compose.yaml, as a number."""
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


def on_loopback(command):
    """On the host's network an address for all interfaces would serve the machine's network too."""
    return ["127.0.0.1" if word == "0.0.0.0" else word for word in command]


class Container:
    """A running container; its id is the only name by which it is ever stopped or removed."""

    def __init__(self, name, image, command, environment, *, init=False, volumes=(), grace=10):
        self.name, self.grace = name, grace
        options = [f"--env={key}={value}" for key, value in environment.items()] + ["--init"] * (init and HAS_INIT)
        # Without its name before the colon a volume is one of the container's own, and goes with it.
        options += [f"--volume={volume.rpartition(':')[2]}" for volume in volumes]
        self.id = engine("run", "--detach", "--network=host", *options, image, *command)

    def state(self, field):
        return engine("inspect", "--type", "container", "--format", "{{.State." + field + "}}", self.id)

    def is_running(self):
        return self.state("Running") == "true"

    def log(self):
        done = subprocess.run([ENGINE, "logs", self.id], capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def user_ids(self):
        """Real, effective, saved and file system user of each process of the container, seen from the host."""
        found, ahead = set(), [int(self.state("Pid"))]
        while ahead:
            process = pathlib.Path(f"/proc/{ahead.pop()}")
            status = (process / "status").read_text()
            found.update(status.partition("\nUid:")[2].partition("\n")[0].split())
            for task in (process / "task").iterdir():
                ahead += [int(child) for child in (task / "children").read_text().split()]
        return found

    def stop(self):
        """Sends SIGTERM; the exit must be clean and within the time after which the engine would kill."""
        began = time.monotonic()
        engine("stop", "--time", self.grace, self.id, timeout=self.grace + 60)
        took = time.monotonic() - began
        code = self.state("ExitCode")
        assert code == "0", f"{self.name} ended with {code} after SIGTERM:\n{self.log()}"
        assert took < self.grace, f"{self.name} took {took:.1f} s to end; it is killed after {self.grace} s"
        say(f"ok: {self.name} ends with 0, {took:.1f} s after SIGTERM")

    def remove(self):
        subprocess.run([ENGINE, "rm", "--force", "--volumes", self.id], capture_output=True, timeout=120)


class Services:
    """The services of compose.yaml that belong to no profile, in the order of their dependencies."""

    def __init__(self):
        self.document = yaml.safe_load((ROOT / "compose.yaml").read_text())
        self.started = []
        self.redis_port, self.http, self.admin = free_port(), free_port(), free_port()

    def start(self):
        waiting = {name: service for name, service in self.document["services"].items() if "profiles" not in service}
        while waiting:
            ready = [name for name, service in waiting.items() if not set(service.get("depends_on", ())) & set(waiting)]
            assert ready, f"compose.yaml: these depend on each other: {sorted(waiting)}"
            for name in ready:
                self.start_one(name, waiting.pop(name))

    def start_one(self, name, service):
        command = service["command"]
        command = on_loopback(shlex.split(command) if isinstance(command, str) else command)
        environment = dict(service.get("environment", {}))
        if name == "redis":
            image = REDIS_IMAGE
            command += ["--bind", "127.0.0.1", "--port", str(self.redis_port)]
        else:
            image = IMAGE
            assert environment["SPATE_REDIS_URL"] == "redis://redis:6379"
            environment |= {
                "SPATE_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
                "SPATE_PORT": self.http, "SPATE_ADMIN_PORT": self.admin,
            }
        container = Container(
            name, image, command, environment, init=service.get("init", False), volumes=service.get("volumes", ()),
            grace=seconds(service.get("stop_grace_period", "10s")))
        self.started.append(container)
        if "healthcheck" in service:
            self.wait_until_healthy(container, service["healthcheck"])

    def wait_until_healthy(self, container, check):
        test = check["test"][1:]
        if container.name == "redis":
            test = [test[0], "-p", self.redis_port, *test[1:]]
        for _ in range(check["retries"]):
            done = subprocess.run([ENGINE, "exec", container.id, *map(str, test)], capture_output=True, text=True, timeout=60)
            if done.returncode == 0:
                return
            assert container.is_running(), f"{container.name} ended:\n{container.log()}"
            time.sleep(seconds(check["interval"]))
        raise AssertionError(f"{container.name} does not become healthy:\n{container.log()}")


def wait_until_ready(port, containers, limit=60):
    end = time.monotonic() + limit
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError as error:
            for container in containers:
                assert container.is_running(), f"{container.name} ended:\n{container.log()}"
            assert time.monotonic() < end, f"not ready after {limit} s: {error}\n" + "".join(c.log() for c in containers)
            time.sleep(0.2)


def infer_digits(port, rows=range(10)):
    """One request a row; the label must be scikit-learn's."""
    for row in rows:
        body = {"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": SAMPLES["images"][row]}]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v2/models/digits/infer", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
        except urllib.error.HTTPError as error:
            raise AssertionError(f"row {row}: status {error.code}: {error.read().decode()}") from error
        assert outputs["label"] == [SAMPLES["labels"][row]], f"row {row}: {outputs}, not {SAMPLES['labels'][row]}"


def check_users(containers):
    for container in containers:
        users = container.user_ids()
        assert users and "0" not in users, f"a process of {container.name} runs as root: {users}"
        say(f"ok: {container.name} runs as user {', '.join(sorted(users))}")


def check_image():
    """Whatever is missing is missing here, with its name, and not at the first request."""
    size = int(engine("image", "inspect", "--format", "{{.Size}}", IMAGE))
    listing = engine(
        "run", "--rm", "--network=host", "--entrypoint=sh", IMAGE, "-c",
        "ldd /usr/local/bin/spate /usr/local/lib/libonnxruntime.so.*; ls /etc/spate/cluster/models/*/*/model.onnx")
    assert "not found" not in listing, listing
    for model in ("digits", "magika"):
        assert f"/{model}/1/model.onnx" in listing, listing
    for config in ("compose.yaml", "spate.yaml"):
        engine("run", "--rm", "--network=host", IMAGE, "check", "--config", f"/etc/spate/cluster/{config}")
    say(f"ok: the image has {size / 1e6:.0f} MB, every library and every model")


def check_services(containers):
    services = Services()
    services.started = containers
    services.start()
    wait_until_ready(services.http, containers)
    infer_digits(services.http)
    for container in containers:
        assert container.is_running(), f"{container.name} ended:\n{container.log()}"
    say(f"ok: {', '.join(container.name for container in containers)} of compose.yaml serve digits")
    check_users(containers)
    for container in reversed(containers):
        container.stop()


def check_up(containers):
    """The image's own command: the whole system in one container."""
    command = json.loads(engine("image", "inspect", "--format", "{{json .Config.Cmd}}", IMAGE))
    port = free_port()
    environment = {"SPATE_PORT": port, "SPATE_ADMIN_PORT": free_port()}
    containers.append(Container("up", IMAGE, on_loopback(command), environment, init=True, grace=45))
    wait_until_ready(port, containers)
    infer_digits(port)
    say("ok: the image's own command serves digits")
    check_users(containers)
    containers[0].stop()


def main():
    check_image()
    for check in (check_services, check_up):
        containers = []
        try:
            check(containers)
        finally:
            for container in containers:
                container.remove()
    say("all is well")


try:
    main()
except AssertionError as error:
    sys.exit(f"containers: {error}")
