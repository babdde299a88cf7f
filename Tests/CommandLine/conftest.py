"""The commands as a person or a script calls them: terminals that close, readers that go away, files with a slip in them."""

import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPATE = pathlib.Path(os.environ.get("SPATE", ROOT / ".build/debug/spate"))
SIMULATION = ROOT / "cluster/simulation"


def spate(*arguments, timeout=60, **options):
    """Runs a command to its end."""
    options.setdefault("cwd", ROOT)
    return subprocess.run(
        [SPATE, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options)


def wait(condition, seconds, what):
    """Returns what `condition` gives once that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {seconds} s")


@pytest.fixture
def config(tmp_path):
    """A cluster file of its own with a model that computes nothing, and nothing else of the machine's."""
    folder = tmp_path / "cluster"
    shutil.copytree(SIMULATION / "models", folder / "models")
    path = folder / "spate.yaml"
    path.write_text(
        "repository: models\nmodels: [steady]\nredis: {directory: ../data}\n"
        "gateway: {port: 0, admin_port: 0}\npools:\n  - {name: cpu, maximum_workers: 2}\n")
    return path


class System:
    """`spate up` as a child, with its output in a file or wherever the caller says."""

    def __init__(self, config, folder, *arguments, **options):
        self.address_file = folder / "address.json"
        self.log_path = folder / "up.log"
        if "stdout" not in options:
            options["stdout"] = self.log_path.open("w")
            options["stderr"] = subprocess.STDOUT
        self.process = subprocess.Popen(
            [SPATE, "up", "--config", config, "--address-file", self.address_file, *map(str, arguments)], **options)

    def serving(self, seconds=30):
        def address():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log()}"
            return self.address_file.exists() and json.loads(self.address_file.read_text())
        return wait(address, seconds, "the start")

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def end(self, with_signal=signal.SIGTERM, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"did not end within {seconds} s: {self.log()}")


@pytest.fixture
def system(config, tmp_path):
    """Starts systems; whatever a test leaves running ends."""
    started = []

    def start(*arguments, **options):
        started.append(System(config, tmp_path, *arguments, **options))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end()


class Terminal:
    """A command in a session of its own on a terminal of its own; `screen` collects what it shows."""

    def __init__(self, *arguments, columns=80, cwd=ROOT, ignores=()):
        self.screen = b""
        self.closing = threading.Event()
        self.process_id, self.master = pty.fork()
        if self.process_id == 0:
            os.chdir(cwd)
            os.environ["COLUMNS"] = str(columns)
            for number in ignores:
                signal.signal(number, signal.SIG_IGN)
            os.execv(SPATE, [str(SPATE), *map(str, arguments)])
        import fcntl, struct, termios
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        # Never blocked in a read: that would keep the terminal open when it is closed.
        while not self.closing.is_set():
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                part = os.read(self.master, 65536)
            except OSError:
                return
            if not part:
                return
            self.screen += part

    def shows(self, text, seconds=60):
        wait(lambda: text.encode() in self.screen, seconds, f"{text!r} on the screen")

    def press_control_c(self):
        os.write(self.master, b"\x03")

    def close(self):
        """As closing the window does."""
        self.closing.set()
        self.reader.join()
        os.close(self.master)

    def status(self, seconds=60):
        """The exit status; 128 and the signal's number for a process that one ended."""
        def ended():
            process, status = os.waitpid(self.process_id, os.WNOHANG)
            return process and (status,)
        (status,) = wait(ended, seconds, "the end")
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def children_of(process):
    """The command lines of a process's children, by their ids."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == process:
                found[int(entry.name)] = (
                    (entry / "cmdline").read_bytes().split(b"\0")[0].decode(), (entry / "comm").read_text().strip())
        except (OSError, IndexError):
            continue
    return found


def infer(base):
    """The status of one call of the model that computes nothing."""
    body = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}'
    request = urllib.request.Request(
        base + "/v2/models/steady/infer", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status
