"""A server for the site of an example, in a process of its own, and a simple browser."""

import html
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import urllib.response
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import SOURCE

Cleanup = Callable[[Callable[[], None]], object]
ROOT = Path(__file__).parents[2]
WSGI = """
import importlib, sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

module, name = sys.argv[1:]
application = getattr(importlib.import_module(module), name)
server = make_server("127.0.0.1", 0, application, Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A program that serves a WSGI application, and prints its port."""


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process that can import the library and the examples."""
    path = os.pathsep.join(filter(None, [str(ROOT), str(SOURCE.parent), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path} | variables


class Answer:
    """An answer of a server.

    Attributes:
        status: The status.
        headers: The headers.
        text: The body.
        path: Path of the page, after redirects.
    """

    def __init__(self, response: urllib.error.HTTPError | urllib.response.addinfourl) -> None:
        with response:
            self.status = int(response.status or 0)
            self.headers = response.headers
            self.text = response.read().decode()
            self.path = urllib.parse.urlsplit(response.url).path

    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.text)


class Browser:
    """A browser that keeps cookies, follows redirects and sends the hidden fields of a form.

    Args:
        origin: Scheme, host and port.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        # Loopback counts as safe, as in browsers.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy))
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self._hidden: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self._open(urllib.request.Request(self._origin + path))

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form, with the hidden fields of the page before."""
        body = urllib.parse.urlencode(self._hidden | fields).encode()
        return self._open(urllib.request.Request(self._origin + path, body))

    def send(self, method: str, path: str, fields: object = None) -> Answer:
        """Send JSON, as a page's script does."""
        request = urllib.request.Request(self._origin + path, json.dumps(fields).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        return self._open(request)

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            answer = Answer(self._opener.open(request, timeout=60))
        except urllib.error.HTTPError as error:
            answer = Answer(error)
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
        self._hidden = {name: html.unescape(value) for name, value in hidden}
        return answer


def serve(cleanup: Cleanup, command: list[str], folder: Path, **variables: str) -> str:
    """Start a server that prints its port, and return its origin.

    Args:
        cleanup: A test's `addCleanup`, or a class's `addClassCleanup`, which stops the server.
        command: Arguments of Python.
        folder: Where the server starts.
        variables: Variables of its environment.
    """
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()

    def stop() -> None:
        process.terminate()
        process.communicate()

    if not port:
        _, errors = process.communicate()
        raise AssertionError(f"the server did not start: {errors}")
    cleanup(stop)
    return f"http://127.0.0.1:{port}"


def serve_wsgi(cleanup: Cleanup, module: str, application: str, folder: Path, **variables: str) -> str:
    """Serve a WSGI application of a module, and return its origin."""
    return serve(cleanup, ["-c", WSGI, module, application], folder, **variables)
