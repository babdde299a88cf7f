"""HTTP/1.1 by hand, for tests of what stock clients hide."""

import json
import socket


class Wire:
    """One connection, byte by byte."""

    def __init__(self, host, timeout=15):
        name, port = host.rsplit(":", 1)
        self.socket = socket.create_connection((name, int(port)), timeout=timeout)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text.encode("latin-1") if isinstance(text, str) else text)
        return self

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def _more(self):
        part = self.socket.recv(65536)
        self.rest += part
        return bool(part)

    def answer(self, method="GET"):
        """The next answer, framed as RFC 9112 6.3 says; None when the gateway closed instead."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                assert not self.rest, self.rest
                return None
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            assert name.lower() not in headers, f"{name} is given twice"
            headers[name.lower()] = value.strip()
        code = int(lines[0].split(" ")[1])
        if 100 <= code < 200:
            return Answer(lines[0], code, headers, b"")
        assert "date" in headers, lines
        bodiless = method == "HEAD" or code in (204, 304)
        length = 0 if bodiless else int(headers["content-length"])
        while len(self.rest) < length:
            assert self._more(), "the body is cut"
        body, self.rest = self.rest[:length], self.rest[length:]
        return Answer(lines[0], code, headers, body)

    def ends(self):
        """Whether the gateway closes, with nothing more said."""
        try:
            return not self.rest and not self._more()
        except ConnectionResetError:
            return True


class Answer:
    def __init__(self, line, code, headers, body):
        self.line, self.code, self.headers, self.body = line, code, headers, body

    @property
    def error(self):
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)["error"]


def ask(host, text, method="GET"):
    """One exchange on a connection of its own."""
    with Wire(host) as wire:
        return wire.send(text).answer(method)


def get(path="/v2/health/live", *headers, version="1.1", method="GET", host="localhost"):
    lines = [f"{method} {path} HTTP/{version}"] + ([f"Host: {host}"] if host else []) + list(headers)
    return "\r\n".join(lines) + "\r\n\r\n"


def post(path, body, *headers):
    body = body.encode() if isinstance(body, str) else body
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
