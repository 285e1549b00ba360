"""A server of the playground for tests, and requests to it as bytes."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from onetime.playground.server import Server
from tests.support.session import environment, hear_interrupts

PATIENCE = 30
"""Seconds after which a server counts as stuck."""

KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The key of the RFCs, as base32: 287082 at Unix time 59, 755224 at counter 0."""

CREDENTIAL: dict[str, Any] = {"secret": KEY}


@dataclass(frozen=True, slots=True)
class Door:
    """The port and the token of a server."""

    port: int
    token: str

    @classmethod
    def of(cls, server: Server) -> Self:
        """Return the port and the token of a server in this process."""
        return cls(server.server_port, server.site.token)


@contextmanager
def running(clock: Callable[[], float] = time.time) -> Iterator[Server]:
    """Run a server during a block."""
    with Server(clock=clock) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def until(condition: Callable[[], bool]) -> None:
    """Wait until another thread has made a condition true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never comes true"
        time.sleep(0.001)


@contextmanager
def process() -> Iterator[tuple[int, Door]]:
    """Run the command as a process during a block; yield its id and its address; then press Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "onetime", "playground", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=hear_interrupts,
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline()
            found = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)/\?token=([0-9a-f]{32})\n", address)
            assert found, f"the address is {address!r}"
            yield server.pid, Door(int(found[1]), found[2])
        finally:
            server.send_signal(signal.SIGINT)
            said, complained = server.communicate(timeout=PATIENCE)
    end = (server.returncode, said, complained)
    assert end == (130, "", "onetime: the playground runs until Ctrl-C\n"), f"the server ends with {end}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)

    @property
    def refused(self) -> bool:
        """Whether the answer reports an error of the request or of one of its fields."""
        return self.status != 200 or self.body.startswith(b'{"error": {')

    @property
    def error(self) -> tuple[int, str | None, str]:
        """The status, the field and the message of an error."""
        error = self.json["error"]
        assert {*error} == {"field", "message"} and {*self.json} == {"error"}, "an error has another form"
        return self.status, error["field"], error["message"]


def request(
    door: Door,
    method: str = "POST",
    target: str = "/api/secret",
    body: bytes | None = None,
    **changes: Any,
) -> bytes:
    """Return a valid request in which the given parts are replaced. A header that is None is left out.

    The names of headers have an underscore for each hyphen.
    """
    if body is None:
        body = b"{}" if method == "POST" else b""
    headers = {"Host": f"127.0.0.1:{door.port}", "Content-Type": "application/json"}
    if method == "POST":
        headers["Authorization"] = f"Bearer {door.token}"
    if body:
        headers["Content-Length"] = str(len(body))
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def send(door: Door, data: bytes) -> list[Answer]:
    """Send bytes over a connection, and read all answers until the server ends it."""
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as wire:
        received = b""
        try:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
        except OSError:  # the request was refused before all of it was sent
            pass
        while part := wire.recv(65_536):
            received += part
    return answers(received, data.startswith(b"HEAD "))


def answers(received: bytes, bodiless: bool = False) -> list[Answer]:
    """Parse the bytes that a server sent, strictly, into answers."""
    found = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        assert end, "an answer is cut off"
        line, *lines = head.decode("ascii").split("\r\n")
        version, status, phrase = line.split(" ", 2)
        assert version == "HTTP/1.0" and phrase == http.client.responses[int(status)], line
        headers = dict(each.split(": ", 1) for each in lines)
        assert len(headers) == len(lines), "a header is there twice"
        size = 0 if bodiless else int(headers["Content-Length"])
        assert len(received) >= size, "a body is cut off"
        found.append(Answer(int(status), headers, received[:size]))
        received = received[size:]
    return found
