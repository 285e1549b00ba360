"""The HTTP side of the playground: a server for one person, on one's own machine and nowhere else.

It writes no log and no file.
"""

import os
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

from onetime.playground.connection import Connection, Site
from onetime.playground.interface import Interface

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from socketserver import BaseServer
    from socketserver import _RequestType as _Request

HOST = "127.0.0.1"
MAX_CONNECTIONS = 64
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Server(ThreadingHTTPServer):
    """The playground. `serve_forever()` runs it; `with` closes it.

    Args:
        port: The port; 0 for one that is free.
        clock: Gives Unix time in seconds.

    Attributes:
        site: What is served.

    Raises:
        OSError: The port cannot be had.
    """

    daemon_threads = True  # Ctrl-C waits for no browser
    request_queue_size = MAX_CONNECTIONS
    # POSIX: a port that was just closed can be had again. Elsewhere, two programs could share one.
    allow_reuse_address = os.name == "posix"
    allow_reuse_port = False

    def __init__(self, port: int = 0, *, clock: Callable[[], float] = time.time) -> None:
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((HOST, port), self._connect)
        hosts = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))
        self.site = Site(hosts, _page(), Interface(clock))

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_port}/"

    def server_bind(self) -> None:
        """Take the port, and ask no name service who this machine is."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: "_Request", client_address: object) -> None:
        """Serve a connection in a thread of its own; one too many is closed."""
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
        """Say nothing: what broke is a connection, and a trace might show a secret."""

    def _connect(self, request: "_Request", client_address: object, server: "BaseServer") -> Connection:
        return Connection(request, client_address, server, self.site)


def _page() -> dict[str, tuple[str, bytes]]:
    folder = Path(__file__).parent / "page"
    files = {
        f"/{path.name}": (TYPES[path.suffix], path.read_bytes())
        for path in folder.iterdir()
        if path.suffix in TYPES
    }
    return {**files, "/": files["/index.html"]}
