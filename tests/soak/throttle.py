"""`python3 -m tests.soak throttle`: the throttle against version 0.1.0's, and under a clock that jumps.

Over random histories with a clock that only goes forward, it checks the same codes as the formula of
version 0.1.0. Over all histories of up to eight events with jumps of the clock, an attacker has no more codes
checked than the budget, one for each refill of real time, and one budget for each jump; and no owner waits
longer than the delay that the failures in a row have earned.
"""

import argparse
import random
from typing import NamedTuple

from onetime.verification.policy import Limits
from onetime.verification.throttle import Throttle

START = 1_800_000_000
EVENTS = 60
"""Events of a random history."""

JUMP = 100_000
"""Seconds."""

REAL = (3, 10)
"""Seconds that pass in real time."""

TIERS = (
    Limits(budget=2, refill=10, delay_after=100, min_delay=0),
    Limits(budget=2, refill=10, delay_after=1, min_delay=4, max_delay=16),
    Limits(budget=3, refill=7, delay_after=2, min_delay=1, max_delay=9),
)
"""The second tier alone, then both."""


class Before(NamedTuple):
    """The throttle of version 0.1.0, written out: two times, each in the future while it counts."""

    failures: int = 0
    delayed_until: int = 0
    full_at: int = 0

    def checks(self, limits: Limits, now: int) -> bool:
        """Return whether a code is checked."""
        return max(self.full_at - (limits.budget - 1) * limits.refill, self.delayed_until) <= now

    def failed(self, limits: Limits, now: int) -> "Before":
        """Count a failure."""
        failures, delayed = self.failures + 1, 0
        if failures >= limits.delay_after:
            doublings = min(failures - limits.delay_after, 40)
            delayed = now + min(limits.min_delay << doublings, limits.max_delay)
        return Before(failures, delayed, max(self.full_at, now) + limits.refill)

    def succeeded(self) -> "Before":
        """Clear the first tier."""
        return Before(0, 0, self.full_at)


def differs_from_before(seed: int) -> str:
    """Play one random history on both; return the first difference."""
    source = random.Random(seed)
    min_delay = source.choice((0, 1, 30))
    limits = Limits(
        delay_after=source.randint(1, 6),
        min_delay=min_delay,
        max_delay=min_delay + source.choice((0, 50, 3600)),
        budget=source.choice((1, 2, 5, 50)),
        refill=source.choice((1, 40, 1000, 51_840)),
    )
    throttle, before, now = Throttle(), Before(), source.choice((0, 1, START))
    kinds = source.choices(("fail", "succeed", "wait", "edge"), (5, 1, 3, 3), k=EVENTS)
    for number, kind in enumerate(kinds):
        if kind == "wait":
            now += source.choice((0, 1, source.randint(0, 100), source.randint(0, 3 * limits.refill)))
            continue
        if kind == "edge":
            # To the very second at which the next code is checked, or next to it.
            now = max(now, throttle.retry_at(limits) + source.choice((-1, 0, 1)))
        throttle = throttle.seen(limits, now)
        checked = throttle.wait_until(limits, now) is None
        if checked != before.checks(limits, now):
            return f"history {seed}, event {number} at {now}: {throttle}, {before}, {limits}"
        if checked and kind == "succeed":
            throttle, before = throttle.succeeded(now), before.succeeded()
        elif checked:
            throttle, before = throttle.failed(limits, now), before.failed(limits, now)
    return ""


class Point(NamedTuple):
    """Where a history with jumps has come to.

    Attributes:
        throttle: What is stored.
        now: The server's clock.
        real: Seconds of real time that have passed.
        jumps: Number of jumps of the clock.
        checked: Number of failures that were counted.
        row: Number of those since the last success.
    """

    throttle: Throttle
    now: int
    real: int = 0
    jumps: int = 0
    checked: int = 0
    row: int = 0


def fault(limits: Limits, point: Point) -> str:
    """Return what is wrong at a point."""
    if point.checked > limits.budget * (1 + point.jumps) + point.real // limits.refill:
        return f"{point.checked} codes were checked: {point}"
    delay = 0
    if point.row >= limits.delay_after:
        delay = min(limits.min_delay * 2 ** (point.row - limits.delay_after), limits.max_delay)
    # An owner whose budget is not spent waits for the delay alone.
    most = delay if point.checked < limits.budget else max(delay, limits.refill)
    seen = point.throttle.seen(limits, point.now)
    if (seen.wait_until(limits, point.now) or 0) > point.now + most:
        return f"the owner waits until {seen.retry_at(limits)}: {point}"
    return ""


def after(limits: Limits, point: Point) -> list[Point]:
    """Return the points after each event: real time, a jump, as many guesses as are checked, a success."""
    throttle, now = point.throttle, point.now
    points = [point._replace(now=now + seconds, real=point.real + seconds) for seconds in REAL]
    points += [point._replace(now=now + jump, jumps=point.jumps + 1) for jump in (JUMP, -JUMP)]
    throttle = throttle.seen(limits, now)
    looked = point._replace(throttle=throttle)
    if throttle.wait_until(limits, now) is not None:
        return [*points, looked]
    points.append(looked._replace(throttle=throttle.succeeded(now), row=0))
    guessed = looked
    while guessed.throttle.wait_until(limits, now) is None:
        failed = guessed.throttle.failed(limits, now)
        guessed = guessed._replace(throttle=failed, checked=guessed.checked + 1, row=guessed.row + 1)
    return [*points, guessed]


def play_all(limits: Limits, events: int) -> tuple[int, str]:
    """Play all histories of so many events; return their number, and the first fault."""
    points, count = [(Point(Throttle(), START), 0)], 0
    while points:
        point, depth = points.pop()
        found = fault(limits, point)
        if found:
            return count, found
        if depth == events:
            count += 1
        else:
            points += [(each, depth + 1) for each in after(limits, point)]
    return count, ""


def main(arguments: list[str]) -> int:
    """Play everything; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak throttle", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, help="at random (default: 100000)")
    parser.add_argument("--events", type=int, default=8, help="of the histories with jumps (default: 8)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    for seed in range(options.seed, options.seed + options.histories):
        found = differs_from_before(seed)
        if found:
            print(f"FAILED: {found}")
            return 1
    print(f"{options.histories:,} random histories: the same codes are checked as in 0.1.0", flush=True)
    for limits in TIERS:
        count, found = play_all(limits, options.events)
        print(found or f"{count:,} histories of {options.events} events with jumps: {limits}", flush=True)
        if found:
            return 1
    return 0
