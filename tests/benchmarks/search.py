"""The search of `diagnose`: codes that nothing explains, beside version 0.1.0; and each mistake alone."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median

from onetime.inspection.diagnosis import diagnose
from onetime.inspection.sighting import Sighting
from tests.benchmarks.old import old_version
from tests.support.mistakes import MISTAKES
from tests.support.peers import CHECKOUT
from tests.support.planting import plant

SEARCH = """
import sys, time
from onetime import Sighting, diagnose
text, first, second, moves = sys.argv[1:]
seen = [dict(time=t, counter=c) if moves == "both" else {moves: c if moves == "counter" else t}
        for t, c in ((2e9, 1000), (2e9 + 1000, 1400))]
sighting = Sighting(second, **seen[1])
start = time.process_time()
diagnosis = diagnose(text, first, seen[0].get("time"), counter=seen[0].get("counter"), more=[sighting])
print(time.process_time() - start, diagnosis.tried, diagnosis.found)
"""
"""One search, in a process of its own: two random codes, from the time, a counter, or either."""

TEXTS = {
    "base32": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "hexadecimal": "3132333435363738393031323334353637383930",
    "text": "correct horse battery staple",
}
MOVES = ("time", "counter", "both")
TURNS = 5
"""Searches of each kind, by each version in turns."""

CASES = 5
"""Cases of each mistake that are planted alone."""


def search(source: Path, *arguments: str) -> tuple[float, int]:
    """Search in a process of its own; return its seconds of the processor and the number of codes tried."""
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, *arguments],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, tried, _ = done.stdout.split()
    return float(seconds), int(tried)


def fruitless(old: Path) -> Iterator[str]:
    """Measure searches that find nothing."""
    yield "| two random codes | ms | codes tried | time, beside 0.1.0 (target: 1.5 at most) |"
    yield "|---|---:|---:|---:|"
    source = random.Random(1)
    for (name, text), moves in product(TEXTS.items(), MOVES):
        ratios, times, tried = [], [], 0
        for turn in range(TURNS):
            codes = [f"{source.randrange(10**6):06}" for _ in range(2)]
            sides = [CHECKOUT / "src", old]
            found = {side: search(side, text, *codes, moves) for side in sides[:: 1 - 2 * (turn % 2)]}
            seconds, tried = found[sides[0]]
            times.append(seconds)
            ratios.append(seconds / found[old][0])
        yield f"| {name}, {moves} | {median(times) * 1000:.0f} | {tried:,} | {median(ratios):.2f} x |"


def alone() -> Iterator[str]:
    """Measure how long the answer for a single mistake takes."""
    slowest: list[tuple[float, str]] = []
    for name, mistake in MISTAKES.items():
        for number in range(CASES):
            case = plant(random.Random(f"{name} {number}"), mistake)
            first, *more = (Sighting(*each) for each in case.seen)
            start = time.perf_counter()
            diagnose(case.program.text, first.code, first.time, counter=first.counter, more=more)
            slowest.append((time.perf_counter() - start, name))
    slowest.sort()
    yield "| an answer for a single mistake | s |"
    yield "|---|---:|"
    yield f"| median of {len(slowest)} | {slowest[len(slowest) // 2][0]:.3f} |"
    yield f"| 99 of 100 | {slowest[len(slowest) * 99 // 100][0]:.2f} |"
    yield f"| slowest: {slowest[-1][1]} | {slowest[-1][0]:.2f} |"


def table() -> Iterator[str]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        old = old_version(Path(folder))
        if old is None:
            yield "0.1.0 not measured: there is no history."
        else:
            yield from fruitless(old)
    yield ""
    yield from alone()
