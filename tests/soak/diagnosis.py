"""`python3 -m tests.soak diagnosis`: plant each known mistake, and see what the diagnosis makes of it.

Each is planted alone, with another one, and, if it is a common one, where the clock or the counter is far
off. It must be found and ranked first: alone in at least 99 of 100 cases, with another in 95. Random codes
must be called chance, and the chances that are stated must be true.
"""

import argparse
import hashlib
import multiprocessing
import random
import secrets
import time
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from onetime.inspection.diagnosis import CHUNK, Diagnosis, diagnose
from onetime.inspection.sighting import Sighting
from tests.support.mistakes import MISTAKES, partners
from tests.support.planted import Seen
from tests.support.planting import plant

SHARES = {"alone": 0.99, "with another": 0.95, "far off": 0.95}
"""Share of the planted mistakes that must be found, all together; of a single one, some may be missed."""

ALONE, PAIRED, FAR = "alone", "with another", "far off"
TIME, COUNTER, SINGLE = "time", "counter", "single"
CHANCES = (0.001, 0.003, 0.01, 0.03)
"""Stated chances that are held against how often they come."""

SINGLES = 5
"""Number of single codes for each case of the others, because an answer takes little time."""

PART = 5
"""Number of cases that a process does at a time."""


class Result(NamedTuple):
    """What became of one case.

    Attributes:
        seconds: How long the answer took.
        failure: What is wrong with it; empty for nothing.
        chance: The lowest chance that is stated, or 1.
    """

    seconds: float
    failure: str
    chance: float = 1.0


def answer(text: str, seen: Sequence[Seen]) -> Diagnosis:
    """Diagnose codes and what is known of them."""
    first, *more = (Sighting(*each) for each in seen)
    return diagnose(text, first.code, first.time, counter=first.counter, more=more)


def find(name: str, way: str, seed: str) -> Result | None:
    """Plant a mistake and look whether it is found; None where it can't be planted in this way."""
    source = random.Random(seed)
    mistakes = [MISTAKES[name]]
    if way != ALONE:
        others = partners(mistakes[0], way == FAR)
        if not others:
            return None
        mistakes.append(source.choice(others))
    case = plant(source, *mistakes)
    start = time.perf_counter()
    diagnosis = answer(case.program.text, case.seen)
    seconds = time.perf_counter() - start
    findings = [finding.to_dict() for finding in diagnosis.findings]
    wrong = case.differences(findings[0]) if findings else ["nothing is found"]
    if not diagnosis.found:
        wrong.append("it is called chance")
    planted = " and ".join(mistake.name for mistake in mistakes)
    return Result(seconds, f"{planted}, case {seed!r}: {', '.join(wrong)}" if wrong else "")


def guess(way: str, seed: str) -> Result:
    """Diagnose random codes: two that should come from the time or from a counter, or a single one."""
    source = random.Random(seed)
    seen = [
        Seen(
            f"{source.randrange(10**6):06}",
            None if way == COUNTER else source.uniform(1e9, 3e9),
            None if way == TIME else source.randrange(10**6),
        )
        for _ in range(1 if way == SINGLE else 2)
    ]
    text = source.randbytes(20).hex()
    start = time.perf_counter()
    diagnosis = answer(text, seen)
    seconds = time.perf_counter() - start
    wrong = way != SINGLE and diagnosis.found
    chance = min((finding.chance for finding in diagnosis.findings), default=1.0)
    return Result(seconds, f"two random codes, case {seed!r}: found" if wrong else "", chance)


def speed() -> float:
    """Search for random codes, and in turns run a bare loop of two copied hash states; take the ratio."""
    message, inner, outer = bytes(8), hashlib.sha1(bytes(64)), hashlib.sha1(bytes(64))
    turns: list[float] = []

    def bare(_: float) -> None:
        start = time.perf_counter()
        copy_inner, copy_outer = inner.copy, outer.copy
        for _ in range(CHUNK):
            inside = copy_inner()
            inside.update(message)
            outside = copy_outer()
            outside.update(inside.digest())
            outside.digest()
        turns.append(time.perf_counter() - start)

    start = time.perf_counter()
    diagnosis = diagnose(bytes(20).hex(), "123456", 2e9, more=[Sighting("654321", 2e9 + 1000)], progress=bare)
    seconds = time.perf_counter() - start - sum(turns)
    return (diagnosis.tried / seconds) / (CHUNK * len(turns) / sum(turns))


def run_part(part: tuple[str, str, int, int, int]) -> tuple[str, str, list[Result]]:
    """Do a part of the cases of one mistake in one way; a name that is empty stands for random codes."""
    name, way, seed, first, cases = part
    results = []
    for number in range(first, first + cases):
        # Each case has a seed of its own, by which it can be repeated.
        own = f"{seed} {name} {way} {number}"
        result = find(name, way, own) if name else guess(way, own)
        if result is not None:
            results.append(result)
    return name, way, results


def run(seed: int, cases: int) -> dict[tuple[str, str], list[Result]]:
    """Do so many cases of each mistake, in each way, in all processors, and print those that fail."""
    cells = [*product(MISTAKES, (FAR, PAIRED, ALONE)), ("", TIME), ("", COUNTER), ("", SINGLE)]
    parts = []
    for name, way in cells:
        count = cases * SINGLES if way == SINGLE else cases if name and way == ALONE else -(-cases // 10)
        parts += [(name, way, seed, first, min(PART, count - first)) for first in range(0, count, PART)]
    done: dict[tuple[str, str], list[Result]] = {cell: [] for cell in cells}
    with multiprocessing.Pool() as pool:
        for name, way, results in pool.imap_unordered(run_part, parts):
            done[name, way] += results
            for result in results:
                if result.failure:
                    print(result.failure, flush=True)
    return done


def report(done: dict[tuple[str, str], list[Result]]) -> bool:
    """Print what came out; return whether it is good enough."""
    good = True
    print(f"{'found and ranked first':40}{''.join(f'{way:>16}' for way in SHARES)}{'slowest':>10}")
    for name in MISTAKES:
        line = f"{name:40}"
        for way in SHARES:
            results = done[name, way]
            found = sum(not result.failure for result in results)
            good = good and (way != ALONE or found >= int(SHARES[ALONE] * len(results)))
            line += f"{f'{found} of {len(results)}' if results else '-':>16}"
        slowest = max(result.seconds for way in SHARES for result in done[name, way])
        print(f"{line}{f'{slowest:.2f} s':>10}")
    for way, share in SHARES.items():
        results = [result for name in MISTAKES for result in done[name, way]]
        found = sum(not result.failure for result in results)
        good = good and found >= share * len(results)
        times = sorted(result.seconds for result in results)
        median, worst = times[len(times) // 2], times[-1]
        print(
            f"{way}: {found} of {len(results)}; an answer took {median:.3f} s (median), {worst:.2f} s (worst)"
        )
    for way in (TIME, COUNTER):
        found = sum(bool(result.failure) for result in done["", way])
        good = good and not found
        print(f"two random codes, {way}: found in {found} of {len(done['', way])}")
    singles = done["", SINGLE]
    for chance in CHANCES:
        hits = sum(result.chance < chance for result in singles)
        expected = len(singles) * chance
        good = good and hits <= expected + 4 * expected**0.5 + 1
        print(f"one random code, a chance under {chance}: {hits} of {len(singles)}, expected {expected:g}")
    print(f"longest answer: {max(result.seconds for results in done.values() for result in results):.1f} s")
    return good


def main(arguments: list[str]) -> int:
    """Plant, diagnose and report; 0 if all is good enough, otherwise 1."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak diagnosis", description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=100, help="of each mistake alone, ten times those of two (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    print(f"the search is {speed():.2f} times as fast as a bare loop of two copied hash states", flush=True)
    return 0 if report(run(options.seed, options.cases)) else 1
