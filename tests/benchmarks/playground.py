"""The playground: how long its page waits for an answer, on loopback and over one connection."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from typing import Any

from onetime import Secret
from tests.support.serving import process

REQUESTS = 1000
"""Requests of each kind; the first tenth warms up and does not count."""

KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
TIME = 1_234_567_890


def code(number: int) -> tuple[str, Any]:
    """Ask for the code of the next step, as the page does when a code runs out."""
    return "/api/code", {"credential": {"secret": KEY}, "time": TIME + 30 * number}


def another(number: int) -> tuple[str, Any]:
    """Ask for a code of another secret, as the page does when something is typed."""
    return "/api/code", {"credential": {"secret": Secret.generate().to_base32()}, "time": TIME}


def steps(number: int) -> tuple[str, Any]:
    """Ask for all that the picture of a code shows."""
    return "/api/steps", {"credential": {"secret": KEY}, "time": TIME + 30 * number}


def rows(number: int) -> tuple[str, Any]:
    """Ask for the largest table."""
    return "/api/table", {"credential": {"secret": KEY}, "start": TIME, "count": 1000}


KINDS: dict[str, tuple[Callable[[int], tuple[str, Any]], str]] = {
    "the next code of a secret, with its link and QR code": (code, "under 5"),
    "a code of another secret each time, with the same": (another, "under 5"),
    "the steps of a code": (steps, ""),
    "a table of 1,000 codes": (rows, ""),
}


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    yield "| answer on loopback, over a new connection | ms (median) | ms (99 of 100) | target |"
    yield "|---|---:|---:|---|"
    with process() as (_, door):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {door.token}"}
        client = http.client.HTTPConnection("127.0.0.1", door.port)
        for words, (make, target) in KINDS.items():
            times = []
            for number in range(REQUESTS):
                address, values = make(number)
                body = json.dumps(values)
                start = time.perf_counter()
                client.request("POST", address, body, headers)
                response = client.getresponse()
                response.read()
                times.append((time.perf_counter() - start) * 1000)
                assert response.status == 200, f"{words}: {response.status}"
            counted = times[REQUESTS // 10 :]
            yield f"| {words} | {median(counted):.2f} | {quantiles(counted, n=100)[-1]:.2f} | {target} |"
        client.close()
