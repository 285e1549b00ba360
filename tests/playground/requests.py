"""Malformed requests, drawn at random, and what has to come of each."""

import json
from collections.abc import Callable
from random import Random

from tests import mutation
from tests.playground.serving import KEY, Answer, request, send
from tests.playground.wrong import REQUESTS, wrong_requests

Drawn = tuple[bytes, set[int]]
"""A request, and the statuses that its answer may have."""

WRONG_FIELDS = [(address, json.dumps(values).encode()) for address, values, _ in wrong_requests()]
FILES = ("/", "/index.html", "/icon.svg")
ADDRESSES = list(REQUESTS)
STATUSES = {200, 400, 403, 404, 405, 411, 413, 414, 415, 417, 421, 431, 503}
"""What any request may be answered with; a failure of the server is not among them."""

TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PATHS = (
    "..",
    ".",
    "",
    "%2e%2e",
    "..%2f",
    "%00",
    "%5c",
    "index.html",
    "api",
    "page",
    "server.py",
    "?",
    "x",
    "~",
)


class CaseError(Exception):
    """A request of which came what must not."""


def right(source: Random, port: int) -> bytes:
    """Draw a request that is right, but for a session or a job that is not there."""
    if source.random() < 0.2:
        return request(port, "GET", source.choice(FILES))
    address = source.choice(ADDRESSES)
    return request(port, target=address, body=json.dumps(REQUESTS[address]).encode())


def methods(source: Random, port: int) -> Drawn:
    """Another method than an address has, or none at all."""
    letters = "".join(source.choices(TOKEN, k=source.choice((1, 3, 4, 7, 100))))
    method = source.choice(
        (letters, "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "Post", "G T", "G\0T")
    )
    return request(port, method, source.choice((*FILES, *ADDRESSES))), {400, 405}


def targets(source: Random, port: int) -> Drawn:
    """A path that leads nowhere, or is none."""
    path = "/".join(source.choices(PATHS, k=source.randint(1, 8)))
    start = source.choice(
        ("/", "//", "", f"http://127.0.0.1:{port}/", "http://evil.example/", "*", "/" + "x" * 70_000)
    )
    target = start + path
    if target in FILES:
        target += "x"
    return request(port, source.choice(("GET", "POST")), target), {400, 404, 414}


def request_lines(source: Random, port: int) -> Drawn:
    """A first line that is none of HTTP/1.1."""
    good = request(port, "GET", "/")
    _, _, rest = good.partition(b"\r\n")
    junk = source.randbytes(source.randint(0, 40)).replace(b"\n", b"").replace(b"\r", b"")
    line = source.choice(
        (
            b"GET /",
            b"GET / HTTP/%d.%d" % (source.choice((0, 2, 3, 9, 11)), source.randint(0, 9)),
            b"GET / HTTP/1.%d" % source.randint(2, 99),
            b"GET  / HTTP/1.1",
            b"GET / HTTP/1.1 ",
            b"\x16\x03\x01" + junk,
            b"GET " + junk.replace(b"/", b"") + b" HTTP/1.1",
            junk,
        )
    )
    return line + source.choice((b"\r\n", b"\n", b"\r", b"")) + rest, {400}


def hosts(source: Random, port: int) -> Drawn:
    """The name of another server."""
    name = source.choice(
        ("evil.example", "127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.1", "a@localhost", "")
    )
    number = source.choice(("", ":", f":{port + 1}", ":80", f":{port}x", f":0{port}", f":{port}:{port}"))
    host = source.choice(
        (None, name + number, f"evil.example:{port}", source.randbytes(source.randint(1, 99)).hex())
    )
    method, target = source.choice((("GET", "/"), ("POST", "/api/code")))
    return request(port, method, target, Host=host), {421}


def origins(source: Random, port: int) -> Drawn:
    """A page of another origin."""
    other = source.choice(
        ("null", "http://evil.example", f"https://127.0.0.1:{port}", f"http://localhost:{port}", "")
    )
    if source.random() < 0.5:
        return request(port, target=source.choice(ADDRESSES), Origin=other), {403}
    site = source.choice(("cross-site", "same-site", "", "x" * source.randint(1, 99)))
    return request(port, target=source.choice(ADDRESSES), Sec_Fetch_Site=site), {403}


def headers(source: Random, port: int) -> Drawn:
    """A head with a line that is no header, or too many of them."""
    line = source.choice(
        (
            b"Content-Length : 2",
            b" folded",
            b"\tfolded",
            b"no colon",
            b": nothing",
            b"X: \0",
            b"X: a\rb",
            b"X: a\nb",
            b"X: a\r\r",
            b"\xff: x",
            b"Host: 127.0.0.1:%d" % port,
            b"Content-Length: 2",
            b"content-TYPE: application/json",
            b"X: " + b"x" * 70_000,
            b"x" * 70_000,
            b"\r\n".join(b"X%d: y" % number for number in range(source.randint(70, 3000))),
        )
    )
    lines = right_post(source, port).split(b"\r\n")
    # Before the empty line at the end of the head; after the first line.
    lines.insert(source.randint(1, lines.index(b"")), line)
    return b"\r\n".join(lines), {400, 431}


def right_post(source: Random, port: int) -> bytes:
    """Draw a right question."""
    while not (data := right(source, port)).startswith(b"POST"):
        pass
    return data


def lengths(source: Random, port: int) -> Drawn:
    """A body without a length, with none that is one, or with another than it has."""
    body = json.dumps(REQUESTS["/api/code"]).encode()
    if source.random() < 0.3:
        changes = source.choice(
            (
                {"Content_Length": None},
                {"Transfer_Encoding": source.choice(("chunked", "identity", "", "gzip, chunked"))},
                {"Content_Length": None, "Transfer_Encoding": "chunked"},
                {"Expect": source.choice(("100-continue", ""))},
            )
        )
        return request(port, target="/api/code", body=body, **changes), {411, 417}
    length = source.choice(
        (
            "-1",
            "+5",
            "5.0",
            "0x5",
            "5, 5",
            "",
            " ",
            "\xb2",
            "9" * 30,
            str(len(body) - source.randint(1, len(body))),
            str(source.randint(65_537, 10**15)),
            f"{len(body)};",
            f"{len(body)}\t1",
        )
    )
    return request(port, target="/api/code", body=body, Content_Length=length), {400, 411, 413}


def kinds(source: Random, port: int) -> Drawn:
    """A body that says that it is no JSON."""
    kind = source.choice((None, "", "text/plain", "multipart/form-data", "application/x-json", "json", "*/*"))
    if source.random() < 0.2:
        return request(port, Content_Encoding=source.choice(("gzip", "identity", ""))), {415}
    return request(port, Content_Type=kind), {415}


def bodies(source: Random, port: int) -> Drawn:
    """A body that is no JSON, or not the right one."""
    good = json.dumps(REQUESTS["/api/code"]).encode()
    cut = source.randint(0, len(good) - 1)
    depth = source.choice((10, 900, 30_000))
    body = source.choice(
        (
            source.randbytes(source.randint(1, 200)),
            good[:cut],
            good[:cut] + b"\xff" + good[cut:],
            b"\xef\xbb\xbf" + good,
            good.decode().encode("utf-16"),
            good + b"{}",
            b"[" * depth,
            b"[" * depth + b"]" * depth,
            b'{"credential":' * (depth // 10),
            b'{"time": NaN}',
            b'{"time": -Infinity}',
            b'{"time": 1e999}',
            b'{"time": %s}' % (b"9" * 5000),
            b'{"time": 1, "time": 2}',
            b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port,
            json.dumps(source.choice((None, True, 1, "x", [], [good.decode()], {KEY: KEY}))).encode(),
            b"{" + b" " * 70_000 + b"}",
        )
    )
    return request(port, target=source.choice(("/api/code", "/api/login/start")), body=body or b" "), {
        400,
        413,
    }


def fields(source: Random, port: int) -> Drawn:
    """A field that is wrong."""
    address, body = source.choice(WRONG_FIELDS)
    return request(port, target=address, body=body), {200, 400}


def halves(source: Random, port: int) -> Drawn:
    """A request that ends too early."""
    data = right_post(source, port)
    return data[: source.randint(1, len(data) - 1)], {400}


def mutations(source: Random, port: int) -> Drawn:
    """A right request, changed anywhere; it may be right still."""
    text = mutation.mutate(source, right(source, port).decode("latin-1"))
    return text.encode("utf-8" if source.random() < 0.5 else "latin-1", "replace"), STATUSES


FAMILIES: dict[str, Callable[[Random, int], Drawn]] = {
    family.__name__: family
    for family in (
        methods,
        targets,
        request_lines,
        hosts,
        origins,
        headers,
        lengths,
        kinds,
        bodies,
        fields,
        halves,
        mutations,
    )
}


def check(name: str, port: int, icon: bytes) -> tuple[str, bool]:
    """Send a request, and after it one that is right; look at all that comes back.

    Args:
        name: The case, which decides what is drawn.
        port: The server's.
        icon: What the request after it gives.

    Returns:
        The kind of request, and whether it was refused.

    Raises:
        CaseError: The answers are not what they have to be.
    """
    source = Random(name)
    family = source.choice(list(FAMILIES))
    data, statuses = FAMILIES[family](source, port)
    after = family != "halves"
    try:
        received = send(port, data + request(port, "GET", "/icon.svg") if after else data)
        _judge(received, statuses, icon)
    except (AssertionError, CaseError, OSError, ValueError) as error:
        raise CaseError(f"case {name!r}, of {family}: {error!r} after {data[:300]!r}") from error
    return family, not received or received[0].refused


def _judge(received: list[Answer], statuses: set[int], icon: bytes) -> None:
    if not received and 200 not in statuses:
        raise CaseError("there is no answer")
    for number, answer in enumerate(received):
        allowed = STATUSES if number else statuses
        if answer.status not in allowed:
            raise CaseError(f"answer {number} has the status {answer.status}, not one of {allowed}")
        if "Content-Security-Policy" not in answer.headers or "Access-Control-Allow-Origin" in answer.headers:
            raise CaseError("an answer has other headers")
        if not answer.refused:
            # Of what follows, only the last one is a request.
            if number and answer.body != icon:
                raise CaseError("a request was found inside another")
            continue
        if answer.headers["Content-Type"] != "application/json":
            raise CaseError("an error is no JSON")
        if answer.body:  # a HEAD has none
            _, _, message = answer.error
            if (
                not message.isascii()
                or KEY[:8] in answer.body.decode()
                or "Traceback" in answer.body.decode()
            ):
                raise CaseError(f"an error says {answer.body!r}")
