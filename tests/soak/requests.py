"""`python3 -m tests.soak requests`: malformed requests to the playground, a hundred thousand of them.

Each must be answered with an error that shows nothing. The server prints nothing, keeps its size, answers as
before, and ends with Ctrl-C.
"""

import argparse
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.support import mutation
from tests.support.serving import CREDENTIAL, KEY, PATIENCE, Answer, Door, process, request, send
from tests.support.wrong_requests import REQUESTS, wrong_requests

Drawn = tuple[bytes, set[int]]
"""A request, and the statuses that its answer may have."""

WRONG_FIELDS = [(address, json.dumps(values).encode()) for address, values, _ in wrong_requests()]
FILES = ("/", "/index.html", "/icon.svg")
ADDRESSES = list(REQUESTS)
STATUSES = {200, 303, 400, 403, 404, 405, 411, 413, 414, 415, 421, 431, 501, 503, 505}
"""Statuses that a request may be answered with; a failure of the server is not among them."""

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
    "x",
    "~",
)


class CaseError(Exception):
    """The answer to a request is not what it must be."""


def right(source: Random, door: Door) -> bytes:
    """Draw a request that is right, but for a session or a job that is not there."""
    if source.random() < 0.2:
        return request(door, "GET", source.choice(FILES))
    address = source.choice(ADDRESSES)
    return request(door, target=address, body=json.dumps(REQUESTS[address]).encode())


def methods(source: Random, door: Door) -> Drawn:
    """A method that an address does not have."""
    letters = "".join(source.choices(TOKEN, k=source.choice((1, 3, 4, 7, 100))))
    method = source.choice(
        (letters, "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "Post", "G T", "G\0T")
    )
    return request(door, method, source.choice((*FILES, *ADDRESSES))), {400, 405, 501}


def targets(source: Random, door: Door) -> Drawn:
    """A path that leads nowhere."""
    path = "/".join(source.choices(PATHS, k=source.randint(1, 8)))
    start = source.choice(
        ("/", "//", "", f"http://127.0.0.1:{door.port}/", "http://evil.example/", "*", "/" + "x" * 70_000)
    )
    target = start + path
    if "/" + target.lstrip("/") in FILES:
        target += "x"
    return request(door, source.choice(("GET", "POST")), target), {400, 404, 414}


def request_lines(source: Random, door: Door) -> Drawn:
    """A first line that is not one of HTTP."""
    good = request(door, "GET", "/")
    _, _, rest = good.partition(b"\r\n")
    junk = source.randbytes(source.randint(0, 40)).replace(b"\n", b"").replace(b"\r", b"")
    line = source.choice(
        (
            b"GET",
            b"GET / HTTP/%d.%d" % (source.choice((2, 3, 9, 11)), source.randint(0, 9)),
            b"GET / HTTP/1.x",
            b"GET / http/1.1",
            b"GET / / HTTP/1.1",
            b"\x16\x03\x01" + junk,
            b"GET / " + junk,
        )
    )
    return line + source.choice((b"\r\n", b"\n")) + rest, STATUSES


def hosts(source: Random, door: Door) -> Drawn:
    """The name of another server."""
    name = source.choice(
        ("evil.example", "127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.1", "a@localhost", "")
    )
    number = source.choice(
        ("", ":", f":{door.port + 1}", ":80", f":{door.port}x", f":0{door.port}", f":{door.port}:{door.port}")
    )
    host = source.choice(
        (None, name + number, f"evil.example:{door.port}", source.randbytes(source.randint(1, 99)).hex())
    )
    method, target = source.choice((("GET", "/"), ("POST", "/api/code")))
    return request(door, method, target, Host=host), {421}


def origins(source: Random, door: Door) -> Drawn:
    """A page of another origin."""
    other = source.choice(
        ("null", "http://evil.example", f"https://127.0.0.1:{door.port}", f"http://localhost:{door.port}", "")
    )
    if source.random() < 0.5:
        return request(door, target=source.choice(ADDRESSES), Origin=other), {403}
    site = source.choice(("cross-site", "same-site", "", "x" * source.randint(1, 99)))
    return request(door, target=source.choice(ADDRESSES), Sec_Fetch_Site=site), {403}


def headers(source: Random, door: Door) -> Drawn:
    """A head with a header that is a duplicate, or with too many or too long ones."""
    line = source.choice(
        (
            b"Host: 127.0.0.1:%d" % door.port,
            b"Host: evil.example",
            b"Content-Length: 2",
            b"X: " + b"x" * 70_000,
            b"x" * 70_000,
            b"\r\n".join(b"X%d: y" % number for number in range(source.randint(110, 3000))),
        )
    )
    lines = right_post(source, door).split(b"\r\n")
    # Before the empty line at the end of the head; after the first line.
    lines.insert(source.randint(1, lines.index(b"")), line)
    return b"\r\n".join(lines), {411, 421, 431}


def right_post(source: Random, door: Door) -> bytes:
    """Draw a call that is right."""
    while not (data := right(source, door)).startswith(b"POST"):
        pass
    return data


def lengths(source: Random, door: Door) -> Drawn:
    """A body without a length, or with a length that is malformed or wrong."""
    body = json.dumps(REQUESTS["/api/code"]).encode()
    if source.random() < 0.3:
        changes = source.choice(
            (
                {"Content_Length": None},
                {"Transfer_Encoding": source.choice(("chunked", "identity", "", "gzip, chunked"))},
                {"Content_Length": None, "Transfer_Encoding": "chunked"},
            )
        )
        return request(door, target="/api/code", body=body, **changes), {411}
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
    return request(door, target="/api/code", body=body, Content_Length=length), {400, 411, 413}


def kinds(source: Random, door: Door) -> Drawn:
    """A body whose type is not JSON."""
    kind = source.choice((None, "", "text/plain", "multipart/form-data", "application/x-json", "json", "*/*"))
    if source.random() < 0.2:
        return request(door, Content_Encoding=source.choice(("gzip", "identity", ""))), {415}
    return request(door, Content_Type=kind), {415}


def bodies(source: Random, door: Door) -> Drawn:
    """A body that is not JSON, or is not a right call."""
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
            b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % door.port,
            json.dumps(source.choice((None, True, 1, "x", [], [good.decode()], {KEY: KEY}))).encode(),
            b"{" + b" " * 70_000 + b"}",
        )
    )
    return request(door, target=source.choice(("/api/code", "/api/login/start")), body=body or b" "), {
        400,
        413,
    }


def fields(source: Random, door: Door) -> Drawn:
    """A field that is wrong."""
    address, body = source.choice(WRONG_FIELDS)
    return request(door, target=address, body=body), {200, 400}


def halves(source: Random, door: Door) -> Drawn:
    """A call that ends too early."""
    data = right_post(source, door)
    return data[: source.randint(1, len(data) - 1)], STATUSES - {200}


def tokens(source: Random, door: Door) -> Drawn:
    """A call with another token, or none."""
    flipped = door.token[:-1] + ("1" if door.token[-1] == "0" else "0")
    drawn = source.choice(
        (
            None,
            "",
            "Bearer ",
            "Bearer \xff",
            "\xb2" * 99,
            door.token,
            f"Basic {door.token}",
            f"bearer {door.token}",
            f"Bearer {door.token[:-1]}",
            f"Bearer {door.token}0",
            f"Bearer {flipped}",
        )
    )
    return request(door, target=source.choice(ADDRESSES), Authorization=drawn), {403}


def mutations(source: Random, door: Door) -> Drawn:
    """A right request, changed anywhere; it may be right still."""
    text = mutation.mutate(source, right(source, door).decode("latin-1"))
    return text.encode("utf-8" if source.random() < 0.5 else "latin-1", "replace"), STATUSES


FAMILIES: dict[str, Callable[[Random, Door], Drawn]] = {
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
        tokens,
        mutations,
    )
}


def check(name: str, door: Door) -> tuple[str, bool]:
    """Send a request, with one that is right after it, and check what comes back.

    Args:
        name: The case, which seeds the random numbers.
        door: Where the server is.

    Returns:
        The kind of request, and whether it was refused.

    Raises:
        CaseError: The answers are not what they have to be.
    """
    source = Random(name)
    family = source.choice(list(FAMILIES))
    data, statuses = FAMILIES[family](source, door)
    after = b"" if family == "halves" else request(door, "GET", "/icon.svg")
    try:
        received = send(door, data + after)
        _judge(received, statuses)
    except (AssertionError, CaseError, OSError, ValueError) as error:
        raise CaseError(f"case {name!r}, of {family}: {error!r} after {data[:300]!r}") from error
    return family, not received or received[0].refused


def _judge(received: list[Answer], statuses: set[int]) -> None:
    if len(received) > 1:
        raise CaseError("a request was found inside another")
    if not received and 200 not in statuses:
        raise CaseError("there is no answer")
    for answer in received:
        if answer.status not in statuses:
            raise CaseError(f"the status is {answer.status}, not one of {statuses}")
        if "Content-Security-Policy" not in answer.headers or "Access-Control-Allow-Origin" in answer.headers:
            raise CaseError("an answer has other headers")
        if not answer.refused or answer.status == 303:
            continue
        if answer.headers["Content-Type"] != "application/json":
            raise CaseError("an error is not JSON")
        if answer.body:  # the answer to a HEAD has none
            _, _, message = answer.error
            text = answer.body.decode()
            if not message.isascii() or KEY[:8] in text or "Traceback" in text:
                raise CaseError(f"an error says {answer.body!r}")


MAX_GROWTH = 4096
"""Kilobytes by which the server may grow after the first tenth."""


class FailedError(Exception):
    """The server is not what it was."""


def size(server: int) -> tuple[int, int] | None:
    """Tell a process's memory in kilobytes, and its threads; None where the system does not say."""
    path = Path(f"/proc/{server}/status")
    if not path.exists():
        return None
    text = path.read_text(encoding="ascii")
    values = dict(re.findall(r"^(VmRSS|Threads):\s+([0-9]+)", text, re.MULTILINE))
    return int(values["VmRSS"]), int(values["Threads"])


def code(door: Door) -> str:
    """Ask for a code."""
    body = json.dumps({"credential": CREDENTIAL, "time": 59}).encode()
    (answer,) = send(door, request(door, target="/api/code", body=body))
    return str(answer.json["code"])


def attack(server: int, door: Door, seed: int, cases: int) -> None:
    """Send all cases, and print what came of them."""
    sent, refused = Counter[str](), Counter[str]()
    before = None
    for number in range(cases):
        if number == cases // 10:
            before = size(server)
        family, was_refused = check(f"{seed} {number}", door)
        sent[family] += 1
        refused[family] += was_refused
    for family, count in sorted(sent.items()):
        print(f"{family}: {count} requests, {refused[family]} refused")
    if code(door) != "287082":
        raise FailedError("the server answers wrongly")
    if before is None:
        return
    # Searches that a request began by chance may still be under way.
    end = time.monotonic() + PATIENCE
    while (after := size(server)) and after[1] > 1 and time.monotonic() < end:
        time.sleep(0.1)
    if after is None:
        raise FailedError("the server has gone")
    print(f"memory: {before[0]} kB after a tenth, {after[0]} kB at the end; threads: {after[1]}")
    if after[0] - before[0] > MAX_GROWTH or after[1] > 1:
        raise FailedError("the server has grown")


def main(arguments: list[str]) -> int:
    """Attack."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak requests", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="how many (default: 100000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    start = time.monotonic()
    try:
        with process() as (server, door):
            attack(server, door, options.seed, options.cases)
    except (AssertionError, CaseError, FailedError) as error:
        print(f"FAILED: {error}")
        return 1
    print(f"{options.cases} requests in {time.monotonic() - start:.0f} s")
    return 0
