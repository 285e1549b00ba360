"""The HTTP side: who is answered, what is refused, and that a request is never found inside another."""

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
from onetime.playground.connection import MAX_BODY, MAX_HEAD, MAX_HEADERS
from onetime.playground.server import MAX_CONNECTIONS, Server
from tests.playground.serving import CREDENTIAL, KEY, PATIENCE, Answer, answers, request, running, send, until
from tests.support import SOURCE

CODE = json.dumps({"credential": CREDENTIAL, "time": 59}).encode()
INSIDE = b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
"""A request that must not be found inside another."""


class Serving(unittest.TestCase):
    server: ClassVar[Server]
    port: ClassVar[int]
    noise: ClassVar[io.StringIO]

    @classmethod
    def setUpClass(cls) -> None:
        cls.noise = io.StringIO()
        cls.enterClassContext(contextlib.redirect_stderr(cls.noise))
        cls.enterClassContext(contextlib.redirect_stdout(cls.noise))
        cls.server = cls.enterClassContext(running())
        cls.port = cls.server.server_port

    def tearDown(self) -> None:
        self.assertEqual("", self.noise.getvalue(), "something was printed")

    def one(self, data: bytes) -> Answer:
        """Send bytes that have exactly one answer."""
        (answer,) = send(self.port, data)
        return answer

    def refused(self, status: int, data: bytes, message: str = "") -> Answer:
        """Send a request that is refused, after which the connection must end, whatever else was sent."""
        answer = self.one(data + INSIDE % self.port)
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
                answer = self.one(request(self.port, "GET", target))
                self.assertEqual((200, path.read_bytes()), (answer.status, answer.body))
                self.assertEqual(types[path.suffix], answer.headers["Content-Type"])

    def test_what_is_not_of_the_page_is_not_served(self) -> None:
        """No way leads out of the page, or into its folder by another name."""
        for target in (
            "/../server.py",
            "/..",
            "/.",
            "//",
            "//index.html",
            "/page/index.html",
            "/index.html/",
            "/index.html?x",
            "/?x",
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
                self.refused(404, request(self.port, "GET", target))
                self.refused(404, request(self.port, "POST", target))

    def test_by_the_other_name(self) -> None:
        """The machine's own name leads here too."""
        host = f"localhost:{self.port}"
        self.assertEqual(200, self.one(request(self.port, "GET", "/", Host=host)).status)
        self.assertEqual(200, self.one(request(self.port, Host=host, Origin=f"http://{host}")).status)

    def test_a_link_on_another_site_may_lead_here(self) -> None:
        """To open the page is no question."""
        self.assertEqual(200, self.one(request(self.port, "GET", "/", Sec_Fetch_Site="cross-site")).status)


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
        own = {"Date", "Content-Type", "Content-Length", *protection}
        for data, more in (
            (request(self.port, "GET", "/"), set[str]()),
            (request(self.port), set[str]()),
            (request(self.port, body=b"x"), set[str]()),
            (request(self.port, "GET", "/x"), {"Connection"}),
            (request(self.port, Origin="http://evil.example"), {"Connection"}),
            (request(self.port, "OPTIONS"), {"Connection", "Allow"}),
            (b"x\r\n\r\n", {"Connection"}),
        ):
            with self.subTest(data[:30]):
                headers = self.one(data).headers
                self.assertEqual({*headers}, own | more)
                self.assertLessEqual(protection.items(), headers.items())

    def test_an_answer_that_is_json(self) -> None:
        """A question is answered in JSON, an error too."""
        for body in (CODE, b"{}"):
            answer = self.one(request(self.port, target="/api/code", body=body))
            self.assertEqual("application/json", answer.headers["Content-Type"])
        self.assertEqual("287082", self.one(request(self.port, target="/api/code", body=CODE)).json["code"])


class Strangers(Serving):
    def test_another_name(self) -> None:
        """A name that leads here and is not ours is another site's (DNS rebinding)."""
        port = self.port
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
                    self.refused(421, request(port, method, target, Host=host), "another server")

    def test_another_origin(self) -> None:
        """What a page of another origin asks is not answered, whatever it asks."""
        port = self.port
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
            for method, target in (("GET", "/"), ("POST", "/api/secret"), ("OPTIONS", "/api/secret")):
                with self.subTest(origin=origin, method=method):
                    self.refused(403, request(port, method, target, Origin=origin), "another site")

    def test_what_the_browser_says_of_the_asker(self) -> None:
        """Only the page itself asks, or the person."""
        for site in ("same-origin", "none"):
            self.assertEqual(200, self.one(request(self.port, Sec_Fetch_Site=site)).status)
        for site in ("cross-site", "same-site", "", "None", "same-origin, none"):
            with self.subTest(site):
                self.refused(403, request(self.port, Sec_Fetch_Site=site), "another site")

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
                self.refused(415, request(self.port, Content_Type=kind))
        for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json ;x"):
            self.assertEqual(200, self.one(request(self.port, Content_Type=kind)).status)
        self.refused(415, request(self.port, Content_Encoding="gzip"))


class Malformed(Serving):
    def test_methods(self) -> None:
        """Each address knows one method, and says which."""
        for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "X" * 999):
            for target, allowed in (("/", "GET"), ("/api/code", "POST")):
                with self.subTest(method=method[:9], target=target):
                    (answer,) = send(self.port, request(self.port, method, target))
                    self.assertEqual((405, allowed), (answer.status, answer.headers["Allow"]))
        self.assertEqual("POST", self.refused(405, request(self.port, "GET", "/api/code")).headers["Allow"])
        self.assertEqual("GET", self.refused(405, request(self.port, "POST", "/")).headers["Allow"])

    def test_a_head_has_no_body(self) -> None:
        """Its answer is headers and nothing else."""
        self.assertEqual(b"", self.one(request(self.port, "HEAD", "/")).body)

    def test_request_lines(self) -> None:
        """What is not a line of HTTP/1.1 with a path is refused."""
        host = f"Host: 127.0.0.1:{self.port}\r\n\r\n".encode()
        for line in (
            b"",
            b" ",
            b"GET",
            b"GET /",
            b"GET / HTTP/0.9",
            b"GET / HTTP/2.0",
            b"GET / HTTP/1.2",
            b"GET / HTTP/1.10",
            b"GET / HTTP/11",
            b"GET / http/1.1",
            b"GET  / HTTP/1.1",
            b"GET /\tHTTP/1.1",
            b"GET / HTTP/1.1 ",
            b" GET / HTTP/1.1",
            b"GET / / HTTP/1.1",
            b"GET * HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"GET index.html HTTP/1.1",
            b"GET http://127.0.0.1:%d/ HTTP/1.1" % self.port,
            b"GET http://evil.example/ HTTP/1.1",
            b"CONNECT 127.0.0.1:%d HTTP/1.1" % self.port,
            b"G@T / HTTP/1.1",
            b"G\0T / HTTP/1.1",
            b"GET /\0 HTTP/1.1",
            b"GET /\xff HTTP/1.1",
            b"GET / HTTP/1.1\r",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ):
            with self.subTest(line):
                self.refused(400, line + b"\r\n" + host, "not a request of HTTP/1.1")
        self.refused(400, b"GET / HTTP/1.1\n" + host)

    def test_headers(self) -> None:
        """What one reader could take for one header and another for two is refused."""
        for line in (
            b"Content-Length : 2",
            b" Content-Length: 2",
            b"\tX: y",
            b"X",
            b": y",
            b"X y: z",
            b"X\0: z",
            b"X: y\0",
            b"X: \x7f",
            b"X: \x1b[2J",
            b"X: a\rContent-Length: 0",
            b"X: a\nContent-Length: 0",
            b"X: a\r\r",
            b"X\xff: y",
            b"X: y\r\n folded",
            b"H(st: x",
        ):
            with self.subTest(line):
                data = request(self.port).replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n")
                self.refused(400, data, "malformed")
        self.assertEqual(200, self.one(request(self.port, X="")).status)
        self.assertEqual(200, self.one(request(self.port, X="\t a \x80\xff \t")).status)

    def test_headers_that_are_there_twice(self) -> None:
        """Whatever its name and its value."""
        for line in (
            f"Host: 127.0.0.1:{self.port}",
            "host: evil.example",
            "Content-Length: 2",
            "CONTENT-LENGTH: 30",
            "Content-type: application/json",
            "X: 1\r\nx: 2",
        ):
            with self.subTest(line):
                data = request(self.port).replace(b"\r\n\r\n", f"\r\n{line}\r\n\r\n".encode())
                self.refused(400, data, "twice")

    def test_heads_without_end(self) -> None:
        """A head is bounded in length and in lines, and one that is cut off is no request."""
        self.refused(414, b"GET /" + b"x" * MAX_HEAD)
        self.refused(431, request(self.port, X="y" * MAX_HEAD))
        long: dict[str, Any] = {"y" * MAX_HEAD: ""}
        self.refused(431, request(self.port, **long))
        many: dict[str, Any] = {f"X{number}": "" for number in range(MAX_HEADERS - 2)}
        self.refused(431, request(self.port, **many))
        self.refused(431, request(self.port, "GET", "/", X="y" * 30_000, Y="y" * 30_000, Z="y" * 30_000))
        allowed: dict[str, Any] = {f"X{number}": "y" * 1000 for number in range(MAX_HEADERS - 3)}
        self.assertEqual(200, self.one(request(self.port, **allowed)).status)
        data = request(self.port, "GET", "/")
        for end in range(1, len(data)):
            self.assertEqual(400, self.one(data[:end]).status, data[:end])
        self.assertEqual([], send(self.port, b""))

    def test_lengths(self) -> None:
        """A body has a length, in digits."""
        self.refused(411, request(self.port, Content_Length=None))
        self.refused(411, request(self.port, Content_Length=""))
        self.refused(411, request(self.port, Content_Length=None, Transfer_Encoding="chunked"))
        self.refused(411, request(self.port, Transfer_Encoding="chunked"))
        self.refused(411, request(self.port, Transfer_Encoding="identity"))
        self.refused(411, request(self.port, "GET", "/", Transfer_Encoding="chunked"))
        for length in ("-1", "+2", "2.0", "0x2", "2 2", "2, 2", "2;", "\xb2", "1e1", "9" * 21, "two"):
            with self.subTest(length):
                self.refused(400, request(self.port, Content_Length=length), "Content-Length")
                self.refused(400, request(self.port, "GET", "/", Content_Length=length), "Content-Length")
        self.refused(417, request(self.port, Expect="100-continue"))
        self.refused(417, request(self.port, "GET", "/", Expect="100-continue"))
        self.refused(400, request(self.port, "GET", "/", b"x", Content_Length="1"), "a GET has no body")
        self.assertEqual(200, self.one(request(self.port, "GET", "/", Content_Length="0")).status)

    def test_sizes(self) -> None:
        """A body of 64 KiB is read, and a longer one not at all."""
        body = b"{%s}" % (b" " * (MAX_BODY - 2))
        self.assertEqual(200, self.one(request(self.port, body=body)).status)
        self.refused(413, request(self.port, body=body + b" "))
        self.refused(413, request(self.port, Content_Length="9" * 20))

    def test_a_body_that_is_cut_off(self) -> None:
        """Less than was said is no request."""
        data = request(self.port, target="/api/code", body=CODE)
        for end in range(data.index(b"\r\n\r\n") + 4, len(data)):
            answer = self.one(data[:end])
            self.assertEqual((400, None, "the body is cut off"), answer.error)

    def test_large_bodies_that_nobody_reads(self) -> None:
        """The answer arrives although much was sent that is not read."""
        for size in (100_000, 500_000):
            answer = self.one(request(self.port, body=b" " * size))
            self.assertEqual(413, answer.status)

    def test_what_comes_after_a_refusal(self) -> None:
        """It is still taken, because the answer would be lost on its way if the connection broke."""
        with (
            mock.patch.object(connection, "LINGER", PATIENCE),
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire,
        ):
            wire.sendall(request(self.port, Content_Length="70000"))
            while wire.recv(65_536):
                pass
            for _ in range(20):
                wire.sendall(b" ")
                self.one(request(self.port))  # which takes the server some time

    def test_a_sender_that_does_not_end(self) -> None:
        """The rest is taken for a while and no longer, then the connection ends whatever comes."""
        with (
            mock.patch.object(connection, "LINGER", 0.05),
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire,
        ):
            wire.sendall(request(self.port, Content_Length="9" * 20))
            with self.assertRaises(ConnectionError):
                end = time.monotonic() + PATIENCE
                while time.monotonic() < end:
                    wire.sendall(b" " * 1_000_000)


class KeepAlive(Serving):
    def test_one_answer_for_each_request(self) -> None:
        """Requests that come together are answered in order, those with wrong fields too."""
        data = [
            request(self.port, target="/api/code", body=CODE),
            request(self.port, target="/api/code", body=b"{}"),
            request(self.port, target="/api/code", body=b"no json"),
            request(self.port, target="/api/diagnose/result", body=b'{"job": "x"}'),
            request(self.port, "GET", "/"),
            request(self.port, target="/api/code", body=CODE),
        ]
        received = send(self.port, b"".join(data))
        self.assertEqual([200, 200, 400, 200, 200, 200], [answer.status for answer in received])
        self.assertEqual([1, 2, 3], [number for number, answer in enumerate(received) if answer.refused])
        self.assertEqual("287082", received[-1].json["code"])
        for answer in received:
            self.assertNotIn("Connection", answer.headers)

    def test_a_body_is_no_request(self) -> None:
        """What stands in a body is never taken for a request."""
        inside = INSIDE % self.port
        for body in (inside, b"{}" + inside, b'{"x": 1}\r\n\r\n' + inside):
            received = send(self.port, request(self.port, body=body) + request(self.port, "GET", "/"))
            self.assertEqual([400, 200], [answer.status for answer in received])

    def test_a_length_that_is_too_short(self) -> None:
        """What follows a body is the next request, and has to be one."""
        received = send(self.port, request(self.port, Content_Length="1"))
        self.assertEqual([400, 400], [answer.status for answer in received])
        self.assertEqual(
            ["the body is not JSON in UTF-8", "this is not a request of HTTP/1.1"],
            [answer.error[2] for answer in received],
        )

    def test_the_end_of_a_connection(self) -> None:
        """It ends when the browser says so, and after each request of HTTP/1.0."""
        more = request(self.port, "GET", "/")
        for data in (
            request(self.port, Connection="close"),
            request(self.port, Connection="Keep-Alive, Close"),
            request(self.port).replace(b"HTTP/1.1", b"HTTP/1.0"),
            request(self.port, Connection="keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
        ):
            (answer,) = send(self.port, data + more)
            self.assertEqual((200, "close"), (answer.status, answer.headers["Connection"]))

    def test_an_answer_leaves_at_once(self) -> None:
        """Nagle's algorithm would hold it back."""
        seen = []
        real = connection.Connection.handle_one_request

        def look(self: connection.Connection) -> None:
            seen.append(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            real(self)

        with mock.patch.object(connection.Connection, "handle_one_request", look):
            self.one(request(self.port, Connection="close"))
        self.assertEqual([True], [bool(each) for each in seen])


class Waiting(Serving):
    def open(self, data: bytes) -> socket.socket:
        """Open a connection, send something, and leave it open."""
        wire = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.addCleanup(wire.close)
        wire.sendall(data)
        return wire

    def test_half_a_request_ends(self) -> None:
        """A connection that has not said all it has to in time is closed, at whatever point it stopped."""
        whole = request(self.port, target="/api/code", body=CODE)
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
        wire = connection._Wire(below)
        with mock.patch("time.monotonic", side_effect=[7.0, 9.5, 10.0, 10.5]):
            wire.deadline = 10.0
            self.assertEqual([1, 1], [wire.readinto(memoryview(bytearray(9))) for _ in range(2)])
            for _ in range(2):
                with self.assertRaises(TimeoutError):
                    wire.readinto(memoryview(bytearray(9)))
        waits = [call.args[0] for call in below.settimeout.call_args_list]
        self.assertEqual([3.0, 0.5], waits)

    def test_connections_are_bounded(self) -> None:
        """One too many is closed; when one ends, there is room again."""
        wires = [self.open(b"P") for _ in range(MAX_CONNECTIONS)]
        until(lambda: not self.server._places._value)  # the last ones are on their way
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual([], send(self.port, request(self.port)))
        for wire in wires:
            wire.close()
        until(lambda: self.server._places._value == MAX_CONNECTIONS)
        self.assertEqual(200, self.one(request(self.port)).status)

    def test_a_thread_that_cannot_be_started(self) -> None:
        """The connection is closed, and its place is free again."""
        with mock.patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
            self.assertEqual([], send(self.port, request(self.port)))
        self.assertEqual(MAX_CONNECTIONS, self.server._places._value)
        self.assertEqual(200, self.one(request(self.port)).status)

    def test_who_asked_has_gone(self) -> None:
        """A connection that breaks leaves nothing behind."""
        for data in (request(self.port, target="/api/table", body=CODE), request(self.port) * 50, b"x" * 99):
            wire = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            wire.sendall(data)
            # It is reset, not closed.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wire.close()
        until(lambda: self.server._places._value == MAX_CONNECTIONS)
        self.assertEqual(200, self.one(request(self.port)).status)


class Failures(Serving):
    def test_what_nobody_foresaw(self) -> None:
        """It is an error without a reason or a trace, and the connection goes on."""
        broken = mock.Mock(side_effect=KeyError(KEY))
        with mock.patch.dict(self.server.site.interface.calls, {"/api/code": broken}):
            received = send(self.port, request(self.port, target="/api/code", body=CODE) + request(self.port))
        self.assertEqual((500, None, "the playground has failed"), received[0].error)
        self.assertEqual(200, received[1].status)

    def test_an_answer_that_cannot_be_written(self) -> None:
        """The connection ends, silently."""
        with mock.patch.object(connection.Connection, "_send", side_effect=KeyError(KEY)):
            self.assertEqual([], send(self.port, request(self.port)))
        self.assertEqual(200, self.one(request(self.port)).status)

    def test_secrets_leave_no_trace(self) -> None:
        """Errors show nothing of what was sent, wherever it stood."""
        for data in (
            request(self.port, target="/" + KEY),
            request(self.port, KEY),
            KEY.encode() + b"\r\n\r\n",
            request(self.port, X=KEY).replace(b"HTTP/1.1", b"HTTP/3"),
            request(self.port, Host=KEY),
            request(self.port, Origin=KEY),
            request(self.port, Content_Type=KEY),
            request(self.port, Content_Length=KEY),
            request(self.port, body=KEY.encode()),
            request(self.port, body=json.dumps({KEY: KEY}).encode()),
            request(self.port, body=json.dumps({"form": KEY}).encode()),
            request(self.port, target="/api/code", body=json.dumps({"credential": {KEY: KEY}}).encode()),
            request(
                self.port, target="/api/code", body=json.dumps({"credential": {"secret": f"{KEY}!"}}).encode()
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
            self.assertEqual(f"http://127.0.0.1:{port}/", server.address)
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
                request(server.server_port, "GET", "/"),
                request(server.server_port, target="/api/code", body=CODE),
                b"x",
            ]
            for _ in range(2):
                for each in data:
                    send(server.server_port, each)
                watching = True
            watching = False
        self.assertEqual([], opened)

    def test_threads_end_with_their_connections(self) -> None:
        """A server that was used leaves none behind."""
        before = threading.active_count()
        with running() as server:
            client = http.client.HTTPConnection("127.0.0.1", server.server_port)
            for _ in range(3):
                client.request("POST", "/api/secret", b"{}", {"Content-Type": "application/json"})
                self.assertEqual(200, client.getresponse().status)
                client.close()
            until(lambda: server._places._value == MAX_CONNECTIONS)
        self.assertEqual(before, threading.active_count())
