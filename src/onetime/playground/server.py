"""The HTTP server of the playground, for one user on this machine only.

The server writes no log and no file.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from importlib.resources import files
from socketserver import TCPServer

from onetime.playground.connection import TICKETS, Connection, Site
from onetime.playground.interface import Interface

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from socketserver import BaseServer
    from socketserver import _RequestType as _Request

HOST = "127.0.0.1"

MAX_CONNECTIONS = 64
"""Maximum number of connections at a time."""

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class Server(ThreadingHTTPServer):
    """The playground. `serve_forever()` runs the server; `with` closes it.

    Other users of the machine can reach the port. A random token in the address keeps them out.

    Args:
        port: The port; 0 for a free port.
        clock: Returns Unix time in seconds.

    Attributes:
        site: The content of the server.

    Raises:
        OSError: The port is not available.
    """

    daemon_threads = True  # Ctrl-C does not wait for a browser
    request_queue_size = MAX_CONNECTIONS
    # On POSIX, a port that was just closed is available again. Elsewhere, two programs could share a port.
    allow_reuse_address: bool = os.name == "posix"
    allow_reuse_port = False

    def __init__(self, port: int = 0, *, clock: Callable[[], float] = time.time) -> None:
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((HOST, port), self._connect)
        hosts = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))
        self.site: Site = Site(hosts, _page(), Interface(clock), secrets.token_hex(16))

    @property
    def origin(self) -> str:
        """The address of the server, without path and token."""
        return f"http://{HOST}:{self.server_port}"

    @property
    def address(self) -> str:
        """The page's address, with its token."""
        return f"{self.origin}{self.site.page}"

    def ticket(self) -> str:
        """Return an address that leads to the page once.

        Use it to start a browser, because all users of the machine can see the arguments of programs.
        """
        path = f"{TICKETS}{secrets.token_hex(16)}"
        self.site.tickets.add(path)
        return f"{self.origin}{path}"

    def server_bind(self) -> None:
        """Bind the port, without asking a name service for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name: str = HOST
        self.server_port: int = self.server_address[1]

    def process_request(self, request: "_Request", client_address: object) -> None:
        """Serve a connection in a thread of its own, or close it if there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: "_Request", client_address: object) -> None:
        """Serve a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: "_Request", client_address: object) -> None:
        """Print nothing, because only the connection failed, and a traceback might show a secret."""

    def _connect(self, request: "_Request", client_address: object, server: "BaseServer") -> Connection:
        return Connection(request, client_address, server, self.site)


def _page() -> dict[str, tuple[str, bytes]]:
    """Read the files of the page, which may be in a zip file."""
    found = {
        f"/{file.name}": (TYPES[suffix], file.read_bytes())
        for file in (files(__package__) / "page").iterdir()
        if (suffix := file.name.rpartition(".")[2]) in TYPES
    }
    return {**found, "/": found["/index.html"]}
