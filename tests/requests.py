"""Send malformed requests to the playground, a hundred thousand of them.

Each must be answered with an error that shows nothing; the server prints nothing, keeps its size, answers
as before, and ends with Ctrl-C as ever.
"""

import argparse
import json
import re
import secrets
import sys
import time
from collections import Counter
from pathlib import Path

from tests.playground.requests import CaseError, check
from tests.playground.serving import CREDENTIAL, PATIENCE, Door, process, request, send

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


def main() -> int:
    """Attack."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.requests", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="how many (default: 100000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args()
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


if __name__ == "__main__":
    sys.exit(main())
