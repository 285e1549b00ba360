"""One connection to the playground: requests read strictly, and answers that let nobody else in.

Only what is addressed to the server by its own name is answered, so that no other site gets here through
a name of its own (DNS rebinding), and only the server's own page may ask anything. Whatever is not as
RFC 9112 writes it is refused, and ends the connection: no request is ever found inside another.
"""

import io
import json
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from socketserver import BaseServer, _RequestType

PATIENCE = 30
"""Seconds within which a whole request must follow the one before it, and within which an answer is taken."""

LINGER = 1
"""Seconds in which the rest of a request that was refused is still taken, and thrown away."""

MAX_HEAD = 65_536
"""Bytes of a request's line and headers. Browsers send the cookies of all servers on this machine."""

MAX_HEADERS = 64
MAX_BODY = 65_536
"""Bytes."""

JSON = "application/json"

PROTECTION = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer. None of them lets another origin in: there is no CORS."""

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (/[!-~]*) HTTP/1\.([01])\r\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\r\n")


@dataclass(frozen=True, slots=True)
class Site:
    """What is served.

    Attributes:
        hosts: The names that the server is asked for by, with its port.
        files: The page, by address: the type and the bytes of each file.
        interface: What answers the page.
    """

    hosts: frozenset[str]
    files: Mapping[str, tuple[str, bytes]]
    interface: Interface


class _Wire(io.RawIOBase):
    """What comes in, until a deadline: without one, a byte now and then would hold a thread for ever."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Connection(BaseHTTPRequestHandler):
    """One connection. The head of a request is read here, because the library's reader is forgiving."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True

    def __init__(
        self, request: "_RequestType", client_address: object, server: "BaseServer", site: Site
    ) -> None:
        self.site = site
        super().__init__(request, client_address, server)

    def setup(self) -> None:
        """Begin."""
        super().setup()
        self.wire = _Wire(self.connection)
        self.rfile = io.BufferedReader(self.wire)
        self.refused = False

    def handle_one_request(self) -> None:
        """Read a request and answer it. The connection goes on only if the request was read to its end."""
        self.close_connection = True
        self.wire.deadline = time.monotonic() + PATIENCE
        try:
            line = self.rfile.readline(MAX_HEAD)
            if line:
                self._respond(line)
                self.connection.settimeout(PATIENCE)
                self.wfile.flush()
        except OSError:  # whoever asked has gone, or takes too long
            self.close_connection = True

    def finish(self) -> None:
        """End the connection. Data that nobody read would reset it before the answer has arrived."""
        super().finish()
        if self.refused:
            buffer = memoryview(bytearray(MAX_BODY))
            self.wire.deadline = time.monotonic() + LINGER
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
                while self.wire.readinto(buffer):
                    pass

    def _respond(self, line: bytes) -> None:
        # Whatever is asked is answered in HTTP/1.1.
        self.command, self.allowed, self.request_version = "", "", self.protocol_version
        try:
            kind, body = self._answer(line)
        except RequestError as error:
            self.refused = self.close_connection
            self._send(error.status, JSON, _told(error))
        except OSError:
            raise
        except Exception:  # the reason stays unknown: it might show a secret
            self._send(500, JSON, _told(RequestError("the playground has failed")))
        else:
            self._send(200, kind, body)

    def _answer(self, line: bytes) -> tuple[str, bytes]:
        """Give the type and the body of an answer.

        Raises:
            RequestError: The request cannot be served.
        """
        target, goes_on = self._read_request_line(line)
        headers = self._read_headers(MAX_HEAD - len(line))
        host = headers.get("host", "")
        if host not in self.site.hosts:
            raise RequestError("this is another server than the one that was asked for", status=421)
        foreign = headers.get("origin", f"http://{host}") != f"http://{host}"
        if self.command != "GET":  # a link on another site may lead to the page
            foreign = foreign or headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if foreign:
            raise RequestError("another site may not ask here", status=403)
        files, calls = self.site.files, self.site.interface.calls
        if target not in files and target not in calls:
            raise RequestError("there is nothing at this address", status=404)
        self.allowed = "GET" if target in files else "POST"
        if self.command != self.allowed:
            raise RequestError(f"this address knows only {self.allowed}", status=405)
        body = self._read_body(headers)
        self.close_connection = not goes_on or "close" in headers.get("connection", "").lower()
        if target in files:
            return files[target]
        return JSON, self.site.interface.answer(target, body)

    def _read_request_line(self, line: bytes) -> tuple[str, bool]:
        """Read the first line (RFC 9112 section 3): the target, and whether the connection may go on."""
        if len(line) == MAX_HEAD:
            raise RequestError("the address is too long", status=414)
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            raise RequestError("this is not a request of HTTP/1.1")
        method, target, minor = (part.decode("ascii") for part in match.groups())
        self.command = method
        return target, minor == "1"

    def _read_headers(self, room: int) -> dict[str, str]:
        """Read the headers (RFC 9112 section 5), each name once, in lower case."""
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(room)) != b"\r\n":
            room -= len(line)
            if not room or len(headers) == MAX_HEADERS:
                raise RequestError("the headers are too many or too long", status=431)
            match = _HEADER.fullmatch(line)
            if match is None:
                raise RequestError("a header is malformed or cut off")
            name = match[1].decode("ascii").lower()
            if name in headers:
                raise RequestError("a header is there twice")
            headers[name] = match[2].decode("latin-1").strip(" \t")
        return headers

    def _read_body(self, headers: dict[str, str]) -> bytes:
        """Read the body (RFC 9112 section 6); a GET has none."""
        length = headers.get("content-length", "0" if self.command == "GET" else "")
        if not length or "transfer-encoding" in headers:
            raise RequestError("a body needs a Content-Length", status=411)
        if "expect" in headers:
            raise RequestError("nothing is promised before a body", status=417)
        if not (length.isascii() and length.isdigit() and len(length) <= 20):
            raise RequestError("the Content-Length is malformed")
        size = int(length)
        if self.command == "GET":
            if size:
                raise RequestError("a GET has no body")
            return b""
        kind = headers.get("content-type", "").partition(";")[0].strip(" \t").lower()
        if kind != JSON or "content-encoding" in headers:
            raise RequestError(f"a body is {JSON}", status=415)
        if size > MAX_BODY:
            raise RequestError(f"a body has at most {MAX_BODY} bytes", status=413)
        body = self.rfile.read(size)
        if len(body) < size:
            raise RequestError("the body is cut off")
        return body

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in PROTECTION.items():
            self.send_header(name, value)
        if status == 405:
            self.send_header("Allow", self.allowed)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _told(error: RequestError) -> bytes:
    return json.dumps({"error": {"field": error.field, "message": error.message}}).encode()
