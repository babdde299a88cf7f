"""The server of KEDA's calls (Tests/Keda/Server) and a stock grpcio client generated from its proto."""

import os
import pathlib
import subprocess
import sys
import threading

import grpc
import pytest
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = pathlib.Path(os.environ.get("KEDA_TEST_SERVER", ROOT / ".build/debug/KedaTestServer"))
PROTO = ROOT / "Sources/ExternalScaler/Protocol"
# A server that says nothing for so long has failed; no test waits for it otherwise.
PATIENCE = 20


class Server:
    """The server process; its clock and counts move only by what the test says."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [SERVER, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line().removeprefix("port "))

    def say(self, *words):
        """Returns the number of open streams."""
        print(*words, file=self.process.stdin, flush=True)
        answer = self._line()
        assert answer.startswith("ok"), answer
        return int(answer.split()[1])

    def publish(self, pool, count, *state):
        return self.say("publish", pool, count, *state)

    def stop(self):
        """Ends its input, which ends it in order. Returns its status."""
        self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def _line(self):
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().strip()
        timer.cancel()
        assert line, f"the server said nothing for {PATIENCE} s or ended with {self.process.poll()}"
        return line


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """The modules that a user of the proto would generate."""
    out = tmp_path_factory.mktemp("generated")
    status = protoc.main(["protoc", f"--proto_path={PROTO}", f"--python_out={out}", f"--grpc_python_out={out}",
                          str(PROTO / "externalscaler.proto")])
    assert status == 0
    sys.path.insert(0, str(out))
    import externalscaler_pb2
    import externalscaler_pb2_grpc
    return externalscaler_pb2, externalscaler_pb2_grpc


@pytest.fixture
def server():
    running = Server()
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


@pytest.fixture
def scaler(stubs, server):
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield stubs[1].ExternalScalerStub(channel)


@pytest.fixture
def ref(stubs):
    def make(**metadata):
        return stubs[0].ScaledObjectRef(name="spate-worker-cpu", namespace="spate", scalerMetadata=metadata)
    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """An authority, a server's and a client's certificate, as PEM files."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Test authority", "-keyout", "authority.key",
            "-out", "authority.pem")
    for name, extension in ("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth"):
        (folder / f"{name}.ext").write_text(extension + "\n")
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    return folder
