"""One connection to the playground, with one request that is checked before it is answered.

The standard library reads the request, and this module refuses all requests that are not from the server's
own page. A request must name the server as its host, so that another site cannot reach the server through a
name of the site's own (DNS rebinding). Calls must come from the server's page, and carry the token in its
address. A connection ends after one request, so that no request can be hidden inside another.
"""

import hmac
import io
import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from socketserver import BaseServer, _RequestType

PATIENCE = 30
"""Seconds within which a whole request must arrive, and within which the client must read the answer."""

LINGER = 1
"""Seconds for which unread data is discarded before the connection is closed."""

MAX_BODY = 65_536
"""Maximum size of a body, in bytes."""

MAX_REQUEST = 2 * MAX_BODY
"""Maximum size of a request, in bytes. Browsers send the cookies of all servers on this machine."""

JSON = "application/json"

TICKETS = "/open/"
"""Prefix of the paths that lead to the page once."""

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
"""Headers of every answer. None of them allows another origin through CORS."""


@dataclass(frozen=True, slots=True)
class Site:
    """The content of the server.

    Attributes:
        hosts: The names of the server, with its port.
        files: The type and the bytes of each file of the page, by path.
        interface: Answers the calls of the page.
        token: The token that each call must carry.
        tickets: Paths that lead to the page with its token, each path once.
    """

    hosts: frozenset[str]
    files: Mapping[str, tuple[str, bytes]]
    interface: Interface
    token: str
    tickets: set[str] = field(default_factory=set)

    @property
    def page(self) -> str:
        """The path of the page, with its token."""
        return f"/?token={self.token}"


class _Wire(io.RawIOBase):
    """A stream that limits how long a request takes to arrive, and how large it is.

    Without a deadline, a client that sends one byte now and then would occupy a thread forever.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + PATIENCE
        self._room = MAX_REQUEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the type that BufferedReader passes
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer[: self._room])
        self._room -= count
        return count


class Connection(BaseHTTPRequestHandler):
    """A connection with one request."""

    protocol_version = "HTTP/1.0"  # ends each connection after its answer
    default_request_version = "HTTP/1.0"  # if the client names no version; answers then have headers
    wbufsize = -1  # headers and body are sent together

    def __init__(
        self, request: "_RequestType", client_address: object, server: "BaseServer", site: Site
    ) -> None:
        self.site = site
        super().__init__(request, client_address, server)

    def setup(self) -> None:
        """Replace the input by a stream with limits."""
        super().setup()
        self.rfile.close()  # the socket closes after the last of its files
        self.rfile: io.BufferedReader = io.BufferedReader(_Wire(self.connection))

    def finish(self) -> None:
        """End the connection. Discard unread data first, which would reset it and lose the answer."""
        self.connection.settimeout(PATIENCE)
        super().finish()
        end = time.monotonic() + LINGER
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            while self.connection.recv(MAX_BODY) and time.monotonic() < end:
                pass

    def do_GET(self) -> None:
        """Send a file of the page, or redirect to the page."""
        self._respond(self._file)

    def do_POST(self) -> None:
        """Answer a call."""
        self._respond(self._call)

    def send_error(self, code: int, *_: object) -> None:
        """Refuse a request that cannot be read. The standard library's message would quote the request."""
        self._refuse(RequestError(HTTPStatus(code).phrase.lower(), status=code))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Do nothing, because a log might show a secret."""

    def _respond(self, answer: "Callable[[str], None]") -> None:
        try:
            self._check_sender()
            answer(self.path.partition("?")[0])
        except RequestError as error:
            self._refuse(error)
        except OSError:
            raise
        except Exception:  # the reason is not shown, because it might contain a secret
            self._refuse(RequestError("the playground has failed", status=500))

    def _check_sender(self) -> None:
        """Raise an error if another site may have sent the request."""
        if len(self.requestline.split()) != 3:
            raise RequestError("the request must name its HTTP version")  # HTTP/0.9 has no headers
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in self.site.hosts:
            raise RequestError("the request is addressed to another server", status=421)
        foreign = {*self.headers.get_all("Origin", [])} - {f"http://{hosts[0]}"}
        if self.command == "POST":  # another site may link to the page, but must not call it
            foreign |= {*self.headers.get_all("Sec-Fetch-Site", [])} - {"same-origin", "none"}
        if foreign:
            raise RequestError("another site must not call the playground", status=403)

    def _file(self, path: str) -> None:
        if path.startswith(TICKETS):
            self._send(303, "text/plain", b"", Location=self._redeem(path))
        elif path in self.site.files:
            self._send(200, *self.site.files[path])
        else:
            self._refuse_path(path in self.site.interface.calls, "POST")

    def _redeem(self, path: str) -> str:
        """Return the target of a ticket: once the page with its token, then the page without a token."""
        try:
            self.site.tickets.remove(path)  # atomic, even if two threads use the ticket at once
        except KeyError:
            return "/"
        return self.site.page

    def _call(self, path: str) -> None:
        if path not in self.site.interface.calls:
            return self._refuse_path(path in self.site.files, "GET")
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, f"Bearer {self.site.token}".encode()):
            raise RequestError(
                "the address must include the token: open the address that was printed", status=403
            )
        return self._send(200, JSON, self.site.interface.answer(path, self._read_body()))

    def _read_body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers:
            raise RequestError("a call must have one Content-Length", status=411)
        length = lengths[0]
        if not (length.isascii() and length.isdigit() and len(length) <= 20):
            raise RequestError("the Content-Length is malformed")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip(" \t").lower()
        if kind != JSON or "Content-Encoding" in self.headers:
            raise RequestError(f"a body must be {JSON}", status=415)
        if int(length) > MAX_BODY:
            raise RequestError(f"a body must have at most {MAX_BODY:,} bytes", status=413)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise RequestError("the body is cut off")
        return body

    def _refuse_path(self, exists: bool, method: str) -> None:
        if exists:
            raise RequestError(f"the method must be {method}", status=405)
        raise RequestError("there is nothing at this address", status=404)

    def _refuse(self, error: RequestError) -> None:
        told = {"error": {"field": error.field, "message": error.message}}
        more = {}
        if error.status == 405:
            more = {"Allow": "GET" if self.command == "POST" else "POST"}
        self._send(error.status, JSON, json.dumps(told).encode(), **more)

    def _send(self, status: int, kind: str, body: bytes, **more: str) -> None:
        self.send_response_only(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **PROTECTION, **more}
        for name, value in {"Date": self.date_time_string(), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
