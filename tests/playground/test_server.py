"""The HTTP server: who is answered, what is refused, and one request for each connection."""

import contextlib
import http.client
import io
import json
import socket
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from onetime.playground import connection
from onetime.playground.connection import MAX_BODY, MAX_REQUEST
from onetime.playground.server import MAX_CONNECTIONS, Server
from tests.support import SOURCE
from tests.support.serving import (
    CREDENTIAL,
    KEY,
    PATIENCE,
    Answer,
    Door,
    answers,
    request,
    running,
    send,
    until,
)

CODE = json.dumps({"credential": CREDENTIAL, "time": 59}).encode()
INSIDE = b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
"""A request that must not be found inside another."""


class Serving(unittest.TestCase):
    server: ClassVar[Server]
    door: ClassVar[Door]
    noise: ClassVar[io.StringIO]

    @classmethod
    def setUpClass(cls) -> None:
        cls.noise = io.StringIO()
        cls.enterClassContext(contextlib.redirect_stderr(cls.noise))
        cls.enterClassContext(contextlib.redirect_stdout(cls.noise))
        cls.server = cls.enterClassContext(running())
        cls.door = Door.of(cls.server)

    def tearDown(self) -> None:
        self.assertEqual("", self.noise.getvalue(), "something was printed")

    def one(self, data: bytes) -> Answer:
        """Send bytes that have exactly one answer."""
        (answer,) = send(self.door, data)
        return answer

    def refused(self, status: int, data: bytes, message: str = "") -> Answer:
        """Send a request that is refused, after which the connection must end, whatever else was sent."""
        answer = self.one(data + INSIDE % self.door.port)
        self.assertEqual((status, None), answer.error[:2], data[:200])
        self.assertRegex(answer.error[2], message or ".")
        self.assertEqual("close", answer.headers["Connection"])
        return answer


class Page(Serving):
    def test_every_file_of_the_page(self) -> None:
        """Each is served with its type, and nothing else is."""
        types = {
            ".html": "text/html; charset=utf-8",
            ".css": "text/css; charset=utf-8",
            ".js": "text/javascript; charset=utf-8",
            ".svg": "image/svg+xml",
        }
        files = {f"/{path.name}": path for path in Path(SOURCE, "playground", "page").iterdir()}
        self.assertLessEqual({"/index.html"}, {*files})
        self.assertEqual({*files, "/"}, {*self.server.site.files})
        for target, path in ((("/", files["/index.html"])), *files.items()):
            with self.subTest(target):
                answer = self.one(request(self.door, "GET", target))
                self.assertEqual((200, path.read_bytes()), (answer.status, answer.body))
                self.assertEqual(types[path.suffix], answer.headers["Content-Type"])

    def test_what_is_not_of_the_page_is_not_served(self) -> None:
        """No way leads out of the page, or into its folder by another name."""
        for target in (
            "/../server.py",
            "/..",
            "/.",
            "/page/index.html",
            "/index.html/",
            "/%69ndex.html",
            "/%2e%2e/server.py",
            "/..%2fserver.py",
            "/....//server.py",
            "/INDEX.HTML",
            "/index.html%00",
            "/server.py",
            "/../../../../../../etc/passwd",
            "/etc/passwd",
            "/api",
            "/api/",
            "/api/code/",
            "/API/code",
            "/favicon.ico",
        ):
            with self.subTest(target):
                self.refused(404, request(self.door, "GET", target))
                self.refused(404, request(self.door, "POST", target))

    def test_by_the_other_name(self) -> None:
        """The machine's own name leads here too."""
        host = f"localhost:{self.door.port}"
        self.assertEqual(200, self.one(request(self.door, "GET", "/", Host=host)).status)
        self.assertEqual(200, self.one(request(self.door, Host=host, Origin=f"http://{host}")).status)

    def test_a_link_on_another_site_may_lead_here(self) -> None:
        """To open the page is no question."""
        self.assertEqual(200, self.one(request(self.door, "GET", "/", Sec_Fetch_Site="cross-site")).status)


class Headers(Serving):
    def test_every_answer_is_protected(self) -> None:
        """Page, answer and error have the same headers, and no origin is let in."""
        protection = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
            "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        own = {"Date", "Connection", "Content-Type", "Content-Length", *protection}
        for data, more in (
            (request(self.door, "GET", "/"), set[str]()),
            (request(self.door), set[str]()),
            (request(self.door, body=b"x"), set[str]()),
            (request(self.door, "GET", "/x"), set[str]()),
            (request(self.door, Origin="http://evil.example"), set[str]()),
            (request(self.door, "GET", "/api/code"), {"Allow"}),
            (request(self.door, "OPTIONS"), set[str]()),
            (b"x\r\n\r\n", set[str]()),
        ):
            with self.subTest(data[:30]):
                headers = self.one(data).headers
                self.assertEqual({*headers}, own | more)
                self.assertLessEqual(protection.items(), headers.items())

    def test_an_answer_that_is_json(self) -> None:
        """A question is answered in JSON, an error too."""
        for body in (CODE, b"{}"):
            answer = self.one(request(self.door, target="/api/code", body=body))
            self.assertEqual("application/json", answer.headers["Content-Type"])
        self.assertEqual("287082", self.one(request(self.door, target="/api/code", body=CODE)).json["code"])


class Strangers(Serving):
    def test_another_name(self) -> None:
        """A name that leads here and is not ours is another site's (DNS rebinding)."""
        port = self.door.port
        for host in (
            None,
            "",
            "127.0.0.1",
            "localhost",
            "evil.example",
            f"evil.example:{port}",
            f"127.0.0.1:{port + 1}",
            f"127.0.0.1:0{port}",
            f"127.0.0.1.:{port}",
            f"127.1:{port}",
            f"0.0.0.0:{port}",
            f"[::1]:{port}",
            f"LOCALHOST:{port}",
            f"localhost.:{port}",
            f"127.0.0.1:{port}.evil.example",
            f"evil.example#127.0.0.1:{port}",
            f"user@127.0.0.1:{port}",
            f"127.0.0.1:{port}, evil.example",
            f"http://127.0.0.1:{port}",
        ):
            for method, target in (("GET", "/"), ("POST", "/api/secret")):
                with self.subTest(host=host, method=method):
                    self.refused(421, request(self.door, method, target, Host=host), "another server")

    def test_another_origin(self) -> None:
        """What a page of another origin asks is not answered, whatever it asks."""
        port = self.door.port
        for origin in (
            "null",
            "",
            "http://evil.example",
            f"http://evil.example:{port}",
            f"https://127.0.0.1:{port}",
            "http://127.0.0.1",
            f"http://127.0.0.1:{port + 1}",
            f"http://localhost:{port}",
            f"http://127.0.0.1:{port}/",
            f"http://127.0.0.1:{port} http://evil.example",
            f"HTTP://127.0.0.1:{port}",
            f"file://127.0.0.1:{port}",
        ):
            for method, target in (("GET", "/"), ("POST", "/api/secret")):
                with self.subTest(origin=origin, method=method):
                    self.refused(403, request(self.door, method, target, Origin=origin), "another site")
        # What a browser asks before a call of another origin is not granted either.
        asked = request(self.door, "OPTIONS", "/api/secret", Origin="http://evil.example")
        self.refused(501, asked)

    def test_what_the_browser_says_of_the_asker(self) -> None:
        """Only the page itself asks, or the person."""
        for site in ("same-origin", "none"):
            self.assertEqual(200, self.one(request(self.door, Sec_Fetch_Site=site)).status)
        for site in ("cross-site", "same-site", "", "None", "same-origin, none"):
            with self.subTest(site):
                self.refused(403, request(self.door, Sec_Fetch_Site=site), "another site")

    def test_forms_of_another_site(self) -> None:
        """What a form can send without asking first is no JSON."""
        for kind in (
            None,
            "",
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json, text/plain",
        ):
            with self.subTest(kind=kind):
                self.refused(415, request(self.door, Content_Type=kind))
        for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json ;x"):
            self.assertEqual(200, self.one(request(self.door, Content_Type=kind)).status)
        self.refused(415, request(self.door, Content_Encoding="gzip"))


class Tokens(Serving):
    def test_a_call_without_the_token(self) -> None:
        """Other users of the machine reach the port, but do not know the token of the address."""
        token = self.door.token
        self.assertRegex(token, r"\A[0-9a-f]{32}\Z")
        for given in (
            None,
            "",
            token,
            f"Basic {token}",
            f"bearer {token}",
            f"Bearer {token[:-1]}",
            f"Bearer {token}0",
            f"Bearer {token.upper()}x",
            "Bearer " + "0" * 32,
            "Bearer \xb2",
        ):
            with self.subTest(given=given):
                self.refused(403, request(self.door, Authorization=given), "must include the token")

    def test_the_page_itself_is_no_secret(self) -> None:
        """Its files are those of the package, with or without a token."""
        for target in ("/", f"/?token={self.door.token}", "/?token=x", "/style.css"):
            with self.subTest(target):
                answer = self.one(request(self.door, "GET", target))
                self.assertEqual(200, answer.status)
                self.assertNotIn(self.door.token.encode(), answer.body)

    def test_each_server_has_another_token(self) -> None:
        """What one server printed does not open the next one."""
        tokens = set()
        for _ in range(3):
            with Server() as server:
                tokens.add(server.site.token)
        self.assertEqual(3, len(tokens))

    def test_the_comparison_takes_the_same_time(self) -> None:
        """How much of a token was right cannot be measured."""
        with mock.patch("hmac.compare_digest", return_value=True) as compared:
            self.assertEqual(200, self.one(request(self.door, Authorization="x")).status)
        compared.assert_called_once_with(b"x", f"Bearer {self.door.token}".encode())

    def test_a_ticket_works_once(self) -> None:
        """All users see the arguments of a browser that is started, so its address leads here only once."""
        path = self.server.ticket().removeprefix(f"http://127.0.0.1:{self.door.port}")
        self.assertNotIn(self.door.token, path)
        answer = self.one(request(self.door, "GET", path))
        self.assertEqual((303, b""), (answer.status, answer.body))
        self.assertEqual(f"/?token={self.door.token}", answer.headers["Location"])
        # Then it leads to the page without its token, which says what to do.
        for other in (path, "/open/" + "0" * 32, "/open/"):
            self.assertEqual("/", self.one(request(self.door, "GET", other)).headers["Location"])

    def test_a_ticket_is_not_for_others(self) -> None:
        """Another site's request does not use it up."""
        path = self.server.ticket().removeprefix(f"http://127.0.0.1:{self.door.port}")
        self.refused(421, request(self.door, "GET", path, Host="evil.example"))
        self.refused(403, request(self.door, "GET", path, Origin="http://evil.example"))
        self.assertEqual(303, self.one(request(self.door, "GET", path)).status)


class Malformed(Serving):
    def test_methods(self) -> None:
        """Each path has one method, and the answer says which."""
        for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "X" * 999):
            for target in ("/", "/api/code"):
                with self.subTest(method=method[:9], target=target):
                    (answer,) = send(self.door, request(self.door, method, target))
                    self.assertEqual(501, answer.status)
        for method, target, allowed in (("GET", "/api/code", "POST"), ("POST", "/", "GET")):
            answer = self.refused(405, request(self.door, method, target), f"must be {allowed}")
            self.assertEqual(allowed, answer.headers["Allow"])

    def test_the_answer_to_a_head_has_no_body(self) -> None:
        """It has headers and nothing else."""
        self.assertEqual(b"", self.one(request(self.door, "HEAD", "/")).body)

    def test_request_lines(self) -> None:
        """A line that is not one of HTTP is refused; the message does not show it."""
        for status, line in (
            (400, b"GET"),
            (400, b"POST /"),
            (400, b"GET / / HTTP/1.1"),
            (400, b"GET / http/1.1"),
            (400, b"GET / HTTP/1.x"),
            (400, b"GET / HTTP/11"),
            (400, b"\x16\x03\x01\x02\x00\x01"),
            (404, b"GET http://127.0.0.1/ HTTP/1.1"),
            (404, b"GET index.html HTTP/1.1"),
            (414, b"GET /" + b"x" * 70_000 + b" HTTP/1.1"),
            (501, b"G@T / HTTP/1.1"),
            (505, b"GET / HTTP/2.0"),
        ):
            with self.subTest(line[:30]):
                head = request(self.door, "GET", "/").partition(b"\r\n")[2]
                answer = self.refused(status, line + b"\r\n" + head)
                self.assertRegex(answer.error[2], r"\A[a-z -]+\Z")

    def test_a_request_without_a_version(self) -> None:
        """A request of HTTP/0.9 has no headers, so it is refused, with an answer that has."""
        head = request(self.door, "GET", "/").partition(b"\r\n")[2]
        self.assertEqual(400, self.one(b"GET /icon.svg\r\n" + head).status)

    def test_headers(self) -> None:
        """Too many or too long headers are refused, and so are two of a header that must be one."""
        many: dict[str, Any] = {f"X{number}": "" for number in range(110)}
        self.refused(431, request(self.door, **many))
        self.refused(431, request(self.door, X="y" * 70_000))
        host = f"127.0.0.1:{self.door.port}"
        for status, line in ((421, f"Host: {host}"), (411, "Content-Length: 2"), (403, "Origin: null")):
            data = request(self.door, Origin=f"http://{host}")
            with self.subTest(line):
                self.refused(status, data.replace(b"\r\n", f"\r\n{line}\r\n".encode(), 1))

    def test_a_request_has_a_size(self) -> None:
        """What exceeds it is not read, so that no client fills the memory."""
        wire = connection._Wire(mock.Mock(**{"recv_into.side_effect": len}))
        buffer = memoryview(bytearray(MAX_REQUEST))
        self.assertEqual([MAX_REQUEST - 9, 9, 0], [wire.readinto(buffer[:-9]) for _ in range(3)])

    def test_lengths(self) -> None:
        """A body has a length, in digits."""
        self.refused(411, request(self.door, Content_Length=None))
        for coding in ("chunked", "identity", ""):
            self.refused(411, request(self.door, Transfer_Encoding=coding))
            self.refused(411, request(self.door, Transfer_Encoding=coding, Content_Length=None))
        for length in ("", "-1", "+2", "2.0", "0x2", "2 2", "2, 2", "2;", "\xb2", "1e1", "9" * 21, "two"):
            with self.subTest(length):
                self.refused(400, request(self.door, Content_Length=length), "Content-Length")

    def test_sizes(self) -> None:
        """A body of 64 KiB is read, and a longer one is not."""
        body = b"{%s}" % (b" " * (MAX_BODY - 2))
        self.assertEqual(200, self.one(request(self.door, body=body)).status)
        self.refused(413, request(self.door, body=body + b" "))
        self.refused(413, request(self.door, Content_Length="9" * 20))

    def test_a_body_that_is_cut_off(self) -> None:
        """A body that is shorter than its length is refused."""
        data = request(self.door, target="/api/code", body=CODE)
        for end in range(data.index(b"\r\n\r\n") + 4, len(data)):
            answer = self.one(data[:end])
            self.assertEqual((400, None, "the body is cut off"), answer.error)

    def test_large_bodies_that_are_not_read(self) -> None:
        """The answer arrives although much was sent that is not read."""
        for size in (100_000, 500_000):
            answer = self.one(request(self.door, body=b" " * size))
            self.assertEqual(413, answer.status)

    def test_what_comes_after_a_refusal(self) -> None:
        """It is still received, because a connection that is reset could lose the answer."""
        with (
            mock.patch.object(connection, "LINGER", PATIENCE),
            socket.create_connection(("127.0.0.1", self.door.port), PATIENCE) as wire,
        ):
            wire.sendall(request(self.door, Content_Length="70000"))
            while wire.recv(65_536):
                pass
            for _ in range(20):
                wire.sendall(b" ")
                self.one(request(self.door))  # which takes the server some time

    def test_a_sender_that_does_not_end(self) -> None:
        """The rest is received for a while and no longer; then the connection ends."""
        with (
            mock.patch.object(connection, "LINGER", 0.05),
            socket.create_connection(("127.0.0.1", self.door.port), PATIENCE) as wire,
        ):
            wire.sendall(request(self.door, Content_Length="9" * 20))
            with self.assertRaises(ConnectionError):
                end = time.monotonic() + PATIENCE
                while time.monotonic() < end:
                    wire.sendall(b" " * 1_000_000)


class OneRequest(Serving):
    def test_files_that_are_collected_late(self) -> None:
        """The socket closes after the last of its files, so none is left to the collector."""
        files: list[Any] = []
        make = socket.socket.makefile

        def keep(*arguments: Any) -> Any:
            files.append(make(*arguments))
            return files[-1]

        with mock.patch("socket.socket.makefile", keep):
            self.one(request(self.door, "GET", "/"))
        self.assertTrue(files)
        self.assertTrue(all(file.closed for file in files))

    def test_a_connection_has_one_request(self) -> None:
        """Whatever follows is not answered, so that no request can be hidden inside another."""
        inside = INSIDE % self.door.port
        for data in (
            request(self.door, "GET", "/"),
            request(self.door, Connection="keep-alive"),
            request(self.door, "GET", "/", Connection="keep-alive"),
            request(self.door, body=inside),
            request(self.door, body=b"{}" + inside),
            request(self.door, Content_Length="1"),
            request(self.door, "GET", "/", inside),
            request(self.door, Expect="100-continue"),
        ):
            with self.subTest(data[:40]):
                (answer,) = send(self.door, data + inside)
                self.assertEqual("close", answer.headers["Connection"])


class Waiting(Serving):
    def open(self, data: bytes) -> socket.socket:
        """Open a connection, send something, and leave it open."""
        wire = socket.create_connection(("127.0.0.1", self.door.port), PATIENCE)
        self.addCleanup(wire.close)
        wire.sendall(data)
        return wire

    def test_half_a_request_ends(self) -> None:
        """A connection that has not said all it has to in time is closed, at whatever point it stopped."""
        whole = request(self.door, target="/api/code", body=CODE)
        with mock.patch.object(connection, "PATIENCE", 0.05):
            for data in (b"", b"P", whole[:20], whole[: -len(CODE)], whole[:-1], whole + b"P"):
                with self.subTest(data):
                    wire = self.open(data)
                    received = b""
                    while part := wire.recv(65_536):
                        received += part
                    expected = [200] if len(data) > len(whole) else []
                    self.assertEqual(expected, [answer.status for answer in answers(received)])

    def test_the_time_is_for_the_whole_request(self) -> None:
        """A byte now and then does not make it longer."""
        below = mock.Mock(**{"recv_into.return_value": 1})
        with mock.patch("time.monotonic", side_effect=[0.0, 7.0, 29.5, 30.0, 30.5]):
            wire = connection._Wire(below)
            self.assertEqual([1, 1], [wire.readinto(memoryview(bytearray(9))) for _ in range(2)])
            for _ in range(2):
                with self.assertRaises(TimeoutError):
                    wire.readinto(memoryview(bytearray(9)))
        waits = [call.args[0] for call in below.settimeout.call_args_list]
        self.assertEqual([23.0, 0.5], waits)

    def test_connections_are_bounded(self) -> None:
        """One too many is closed; when one ends, there is room again."""
        wires = [self.open(b"P") for _ in range(MAX_CONNECTIONS)]
        until(lambda: not self.server._places._value)  # the last ones are on their way
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual([], send(self.door, request(self.door)))
        for wire in wires:
            wire.close()
        until(lambda: self.server._places._value == MAX_CONNECTIONS)
        self.assertEqual(200, self.one(request(self.door)).status)

    def test_a_thread_that_cannot_be_started(self) -> None:
        """The connection is closed, and its place is free again."""
        with mock.patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
            self.assertEqual([], send(self.door, request(self.door)))
        self.assertEqual(MAX_CONNECTIONS, self.server._places._value)
        self.assertEqual(200, self.one(request(self.door)).status)

    def test_who_asked_has_gone(self) -> None:
        """A connection that breaks leaves nothing behind."""
        for data in (request(self.door, target="/api/table", body=CODE), request(self.door) * 50, b"x" * 99):
            wire = socket.create_connection(("127.0.0.1", self.door.port), PATIENCE)
            wire.sendall(data)
            # It is reset, not closed.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wire.close()
        until(lambda: self.server._places._value == MAX_CONNECTIONS)
        self.assertEqual(200, self.one(request(self.door)).status)


class Failures(Serving):
    def test_what_nobody_foresaw(self) -> None:
        """It is an error without a reason or a trace, and the server goes on."""
        broken = mock.Mock(side_effect=KeyError(KEY))
        with mock.patch.dict(self.server.site.interface.calls, {"/api/code": broken}):
            answer = self.one(request(self.door, target="/api/code", body=CODE))
        self.assertEqual((500, None, "the playground has failed"), answer.error)
        self.assertEqual(200, self.one(request(self.door)).status)

    def test_an_answer_that_cannot_be_written(self) -> None:
        """The connection ends, silently."""
        with mock.patch.object(connection.Connection, "_send", side_effect=KeyError(KEY)):
            self.assertEqual([], send(self.door, request(self.door)))
        self.assertEqual(200, self.one(request(self.door)).status)

    def test_secrets_leave_no_trace(self) -> None:
        """Errors show nothing of what was sent, wherever it stood."""
        for data in (
            request(self.door, target="/" + KEY),
            request(self.door, KEY),
            KEY.encode() + b"\r\n\r\n",
            request(self.door, X=KEY).replace(b"HTTP/1.1", b"HTTP/3"),
            request(self.door, Host=KEY),
            request(self.door, Origin=KEY),
            request(self.door, Content_Type=KEY),
            request(self.door, Content_Length=KEY),
            request(self.door, body=KEY.encode()),
            request(self.door, body=json.dumps({KEY: KEY}).encode()),
            request(self.door, body=json.dumps({"form": KEY}).encode()),
            request(self.door, target="/api/code", body=json.dumps({"credential": {KEY: KEY}}).encode()),
            request(
                self.door, target="/api/code", body=json.dumps({"credential": {"secret": f"{KEY}!"}}).encode()
            ),
        ):
            answer = self.one(data)
            self.assertTrue(answer.refused)
            self.assertNotIn(KEY[:8].encode(), answer.body)
            self.assertNotIn(KEY[:8], str(answer.headers))


class Address(unittest.TestCase):
    def test_this_machine_alone(self) -> None:
        """It listens on the loopback address, on a port that is free or the one that is asked for."""
        with Server() as server:
            self.assertEqual("127.0.0.1", server.socket.getsockname()[0])
            port = server.server_port
            self.assertEqual(f"http://127.0.0.1:{port}/?token={server.site.token}", server.address)
            with self.assertRaises(OSError):
                Server(port)
        with Server(port) as server:
            self.assertEqual(port, server.server_port)

    def test_no_name_service_is_asked(self) -> None:
        """What this machine is called is nobody's business."""
        with mock.patch("socket.getfqdn", side_effect=AssertionError), Server():
            pass

    def test_the_file_system_is_read_once(self) -> None:
        """After the start, nothing on disk is opened."""
        opened = []
        watching = False  # a hook stays until the process ends
        sys.addaudithook(lambda event, given: opened.append(given) if watching and event == "open" else None)
        with running() as server:
            data = [
                request(Door.of(server), "GET", "/"),
                request(Door.of(server), target="/api/code", body=CODE),
                b"x",
            ]
            for _ in range(2):
                for each in data:
                    send(Door.of(server), each)
                watching = True
            watching = False
        self.assertEqual([], opened)

    def test_threads_end_with_their_connections(self) -> None:
        """A server that was used leaves none behind."""
        before = threading.active_count()
        with running() as server:
            client = http.client.HTTPConnection("127.0.0.1", server.server_port)
            for _ in range(3):
                client.request("GET", "/icon.svg")
                self.assertEqual(200, client.getresponse().status)
                client.close()
            until(lambda: server._places._value == MAX_CONNECTIONS)
        self.assertEqual(before, threading.active_count())
