"""`python3 -m tests.soak frames`: interrupt verifications at each instruction, and at random moments.

Whatever is raised, wherever it comes, no frame of the library may show a code to an error reporter. First an
exception is raised at each instruction that the library executes, then a signal's handler raises one at
random moments. The single place that cannot be helped is the entry of the outermost function, before its
first statement: its arguments are there, as they are in the caller's own frame. Between its other
instructions the interpreter runs no handler.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any

from onetime import HOTP, TOTP, IncorrectCodeError, MemoryStore, Secret, Verifier
from tests.support import SOURCE, shown

STEP = 60_000_000
NOW = STEP * 30 + 7
PHONE, FOB = TOTP(Secret(b"p" * 20)), HOTP(Secret(b"f" * 20))
BOTH: dict[str, HOTP | TOTP] = {"phone": PHONE, "fob": FOB}
CODES = [PHONE.at_step(STEP + i) for i in range(3)]
"""Unspent codes."""

ENTRY = "forgetting"
"""Name of the outermost function of each call."""

Act = Callable[[Verifier], object]

ACTS: dict[str, Act] = {
    "verify": lambda verifier: verifier.verify("alice", BOTH, CODES[0]),
    "throttled": lambda verifier: verifier.verify("bob", BOTH, CODES[0]),
    "three codes": lambda verifier: verifier.resynchronize("bob", BOTH, CODES),
    "enroll": lambda verifier: verifier.enroll("carol", PHONE, CODES[0]),
}


class Interruption(BaseException):
    """What is raised."""


def begin() -> Verifier:
    """Return a verifier with two devices of Alice's, and of Bob's, who is throttled."""
    store = MemoryStore()
    for key, text in entries():
        store.swap(key, None, text)
    return Verifier(store, clock=lambda: NOW)


@cache
def entries() -> tuple[tuple[str, str], ...]:
    """Make what is stored at the beginning."""
    store = MemoryStore()
    verifier = Verifier(store, clock=lambda: NOW)
    for user in ("alice", "bob"):
        verifier.adopt(user, PHONE, device="phone")
        verifier.adopt(user, FOB, device="fob", watermark=50)
    for _ in range(5):
        with suppress(IncorrectCodeError):
            verifier.verify("bob", BOTH, "000000")
    return tuple(store.items())


def place_of_a_code(error: BaseException) -> str:
    """Return what shows a code of the library's frames, and "" if nothing does."""
    if not any(code in shown(error) for code in CODES):
        return ""
    # Nothing of the library may stand between its entry and the reporter.
    frames: list[FrameType] = []
    trace = error.__traceback__
    while trace is not None:
        # CPython 3.11.2 has a frame twice where a call was interrupted.
        if trace.tb_frame.f_code.co_filename.startswith(str(SOURCE)) and trace.tb_frame not in frames:
            frames.append(trace.tb_frame)
        trace = trace.tb_next
    return " in ".join(frame.f_code.co_name for frame in reversed(frames)) or "the error"


def interrupt_at(act: Act, point: int, events: Sequence[str]) -> tuple[bool, str]:
    """Raise at one point of an act.

    Args:
        act: The act.
        point: Number of the point, from 1.
        events: The tracer's events that are points.

    Returns:
        Whether there is such a point; and what shows a code.
    """
    verifier, count = begin(), 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(str(SOURCE)):
            return None
        frame.f_trace_opcodes = "opcode" in events
        if event in events and (event == "call" or frame.f_code.co_name != ENTRY):
            count += 1
            if count == point:
                raise Interruption
        return trace

    before, found = sys.gettrace(), ""
    sys.settrace(trace)
    try:
        act(verifier)
    except BaseException as error:
        sys.settrace(before)
        if count >= point and not isinstance(error, Interruption):
            found = f"swallowed: {error!r}"
        else:
            found = place_of_a_code(error)
    finally:
        sys.settrace(before)
    return count >= point, found


def interrupt_everywhere(act: Act, events: Sequence[str]) -> tuple[int, Counter[str]]:
    """Raise at each point of an act; return the number of points, and what showed codes."""
    point, found = 1, Counter[str]()
    while True:
        there, place = interrupt_at(act, point, events)
        if not there:
            return point - 1, found
        if place:
            found[place] += 1
        point += 1


def interrupt_at_random(act: Act, seconds: float, source: random.Random) -> tuple[int, Counter[str]]:
    """Let a signal's handler raise at random moments; return how often it did, and what showed codes."""

    def raise_(number: int, frame: FrameType | None) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, raise_)
    count, found = 0, Counter[str]()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            verifier = begin()
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, source.uniform(1e-6, 400e-6))
                    act(verifier)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interruption as error:
                count += 1
                place = place_of_a_code(error)
                if place:
                    found[place] += 1
            except Exception:
                continue
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return count, found


def main(arguments: list[str]) -> int:
    """Interrupt everything; 0 if no frame shows a code but at the entry."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak frames", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of signals for each call (default: 60)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="of the moments")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    source, bad = random.Random(options.seed), 0
    for name, act in ACTS.items():
        for way, (points, found) in (
            ("instructions", interrupt_everywhere(act, ("call", "opcode"))),
            ("signals", interrupt_at_random(act, options.seconds, source)),
        ):
            print(f"{name}: {points:,} {way}; codes shown: {dict(found) or 'none'}", flush=True)
            bad += sum(found.values()) - found[ENTRY]
    print("FAILED" if bad else "no frame of the library showed a code, but at the entry")
    return 1 if bad else 0
