"""`python3 -m tests.soak devices`: random histories of a user with two devices against a plain model.

The model is that of RFC 4226 appendix A.3 with two counters and one throttle. The two devices may share a
key, so that codes of one are codes of the other too, and may have codes of different lengths.
"""

import argparse
import math
import multiprocessing
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from onetime import HOTP, TOTP, MemoryStore, OnetimeError, Policy, Verifier
from onetime.verification.policy import YEAR
from tests.support.credentials import credential_of
from tests.support.model import LAST, Bucket, Device, Enrollment, Model, Numbers, Verdict, canonical

EVENTS = 80
"""Calls in a history."""

PART = 100
"""Histories that one process plays at a time."""

NAMES = ("phone", "fob")


class Pair(Model):
    """The verifier with devices of one user, as its documentation has it.

    Attributes:
        owner: What counts of the user as a whole: failures and buckets.
        sides: What counts of each device, in order of enrollment.
    """

    def __init__(self, numbers: Numbers, devices: dict[str, Device]) -> None:
        super().__init__(numbers)
        self.owner = Enrollment(next(iter(devices.values())), 0)
        self.sides = {name: Enrollment(device, 0) for name, device in devices.items()}

    def one(self, now: int, given: Sequence[str], code: str) -> Verdict:
        """One code."""
        typed, owner = canonical(code), self.owner
        asked = [(name, side) for name, side in self.sides.items() if name in given]
        if typed is not None and not asked:
            return ("NotEnrolledError",)
        asked = [each for each in asked if typed is not None and each[1].device.digits == len(typed)]
        if not asked:
            return ("MalformedCodeError",)
        left_out = tuple(name for name in given if name not in self.sides)
        self._see(owner, now)
        retry_at = self.retry_at(owner)
        if retry_at > now:
            self.seen["throttled"] += 1
            return ("ThrottledError", retry_at)
        found = []
        for name, side in asked:
            if side.device.period is None:
                center, sight = side.expected, self.numbers.look_ahead
                factors = range(center - sight, center + sight)
            else:
                center, sight = side.device.step(now) + side.drift, self.numbers.window
                factors = range(center - sight, center + sight + 1)
            matches = [each for each in factors if 0 <= each <= LAST and side.device.code(each) == typed]
            if matches:
                found.append((name, side, matches, matches[0] - center))
        for name, side, matches, _ in found:
            if any(map(side.spent, matches)):
                self.seen["a replay that the other device would accept"] += len(found) > 1
                return ("ReplayedCodeError", name, min(matches))
        if found:
            self.seen["a code of both devices"] += len(found) > 1
            for _, side, matches, _ in found[1:]:
                side.accepted.append(min(matches))
            name, side, matches, offset = found[0]
            self._follow(side, offset)
            return self._succeed(now, name, side, min(matches), offset, left_out)
        self._fail(owner, now)
        retry_at = self.retry_at(owner)
        return ("IncorrectCodeError", owner.failures, retry_at if retry_at > now else None, left_out)

    def three(self, now: int, given: Sequence[str], codes: Sequence[str]) -> Verdict:
        """Three codes."""
        typed, owner, size = [canonical(code) for code in codes], self.owner, self.numbers.near_misses
        if None in typed or len({len(code or "") for code in typed}) > 1:
            return ("MalformedCodeError",)
        asked = [(name, side) for name, side in self.sides.items() if name in given]
        if not asked:
            return ("NotEnrolledError",)
        asked = [each for each in asked if each[1].device.digits == len(typed[0] or "")]
        if not asked:
            return ("MalformedCodeError",)
        left_out = tuple(name for name in given if name not in self.sides)
        self._see(owner, now)
        if owner.near and owner.near.time > now:
            owner.near = Bucket(owner.near.left, now)
        free_at = self._free_at(owner.near, size)
        if free_at > now:
            self.seen["three codes after too many near misses"] += 1
            return ("ThrottledError", free_at)
        fits = []
        near = False
        for name, side in asked:
            for last in self._lasts(side, now):
                places = sum(side.device.code(last - 2 + i) == typed[i] for i in range(3))
                if places == 3:
                    fits.append((name, side, last))
                near = near or (places == 2 and not side.spent(last - 2))
        for name, side, last in fits:
            if side.spent(last - 2):
                return ("ReplayedCodeError", name, last)
        if fits:
            name, side, last = fits[0]
            offset = last - side.expected
            if side.device.period is not None:
                drift = last - side.device.step(now)
                offset = drift - side.drift
                side.drift = side.anchor = drift
            side.sides = []
            self.seen["three codes while delayed"] += self.retry_at(owner) > now
            return self._succeed(now, name, side, last, offset, left_out)
        if near:
            self.seen["a near miss"] += 1
            owner.near = Bucket(self._left(owner.near, now, size) - 1, now)
        retry_at = self.retry_at(owner)
        return ("IncorrectCodeError", owner.failures, retry_at if retry_at > now else None, left_out)

    def _lasts(self, side: Enrollment, now: int) -> list[int]:
        numbers = self.numbers
        if side.device.period is None:
            lasts = set(range(side.expected - numbers.look_ahead + 2, side.expected + numbers.resync_window))
        else:
            step, far = side.device.step(now), numbers.max_drift
            lasts = {
                last
                for middle in (step, step + side.anchor)
                for last in range(middle - far, middle + far + 1)
                if abs(last - step) <= 86_400 // side.device.period
            }
        return [last for last in sorted(lasts) if 2 <= last <= LAST]

    def _succeed(
        self, now: int, name: str, side: Enrollment, factor: int, offset: int, left_out: tuple[str, ...]
    ) -> Verdict:
        side.accepted.append(factor)
        owner, budget = self.owner, self.numbers.budget
        failures, owner.failures = owner.failures, 0
        left = self._left(owner.bucket, now, budget)
        owner.bucket = None if left == budget else Bucket(left, now)
        return "Accepted", name, factor, offset, side.drift, failures, left_out

    def state(self) -> Verdict:
        """Return what a program can see."""
        owner, sides = self.owner, self.sides.items()
        devices = [(name, side.expected, side.drift, side.anchor, sum(side.sides)) for name, side in sides]
        return (
            *devices,
            owner.failures,
            self.retry_at(owner),
            self._free_at(owner.near, self.numbers.near_misses),
        )


def draw(source: random.Random) -> tuple[Numbers, dict[str, Device], int]:
    """Draw the numbers, two devices and a time."""
    look_ahead, window = source.randint(1, 9), source.randint(0, 4)
    min_delay, most = source.choice((0, 1, 30)), YEAR * max(look_ahead, 2 * window + 1) * 2 // 48_000 + 1
    numbers = Numbers(
        delay_after=source.choice((1, 2, 5)),
        min_delay=min_delay,
        max_delay=min_delay + source.choice((0, 100, 3600)),
        budget=source.choice((1, 2, 5, 50)),
        refill=source.randint(most, most + 20_000),
        look_ahead=look_ahead,
        window=window,
        resync_window=source.randint(3, 25),
        max_drift=source.randint(0, 9),
        max_creep=source.randint(0, window),
        near_misses=source.choice((1, 2, 10)),
        disable_after=None,
        max_devices=2,
    )
    key = source.randbytes(20)
    other = key if source.random() < 0.6 else source.randbytes(20)
    digits = 6 if source.random() < 0.8 else 8
    phone, fob = Device(key, 6, period=30), Device(other, digits)
    if source.random() < 0.2 and other != key:
        fob = Device(other, digits, period=60)
    now = 1_800_000_000 + source.randrange(YEAR)
    names = source.sample(NAMES, 2)
    return numbers, {name: phone if name == "phone" else fob for name in names}, now


def play(seed: int) -> tuple[str, Counter[str]]:
    """Play a history on both; return the first difference, and what happened."""
    source = random.Random(seed)
    numbers, devices, start = draw(source)
    now = start
    model = Pair(numbers, devices)
    verifier = Verifier(MemoryStore(), policy=Policy(**asdict(numbers)), clock=lambda: now)
    credentials: dict[str, HOTP | TOTP] = {name: credential_of(each) for name, each in devices.items()}
    step = devices["phone"].step(now)
    for name, device in devices.items():
        model.sides[name].counter = 0 if device.period else step + source.randint(-3, 3)
        verifier.adopt("alice", credentials[name], device=name, watermark=model.sides[name].counter)
    calls = Counter[str]()
    for number in range(EVENTS):
        now += source.choice((0, 0, 7, 30, 30, 60, source.randrange(numbers.refill)))
        if source.random() < 0.05:
            now += source.choice((-1, 1)) * source.choice((100, 40 * numbers.refill))
        if source.random() < 0.3:
            now = max(now, model.retry_at(model.owner))
        name = source.choice(NAMES)
        device, side = devices[name], model.sides.get(name)
        known = side or Enrollment(device, step)
        center = known.expected if device.period is None else device.step(now) + known.drift
        factor = center + source.choice((0, 0, 0, 1, 1, 2, -1, source.randint(-9, 9)))
        given = source.sample(NAMES, 2) if source.random() < 0.8 else [source.choice(NAMES)]
        asked = {each: credentials[each] for each in given}
        kind, what = source.random(), ""
        expected: Verdict
        try:
            if kind < 0.55:
                code = device.code(factor) if source.random() < 0.65 else f"{source.randrange(10**6):06}"
                what, expected = "verify", model.one(now, given, code)
                verdict: Verdict = ("Accepted", *verifier.verify("alice", asked, code).to_dict().values())
            elif kind < 0.85:
                codes = [device.code(factor + i) for i in range(3)]
                if source.random() < 0.4:
                    codes[source.randrange(3)] = f"{source.randrange(10**6):06}"
                what, expected = "resynchronize", model.three(now, given, codes)
                accepted = verifier.resynchronize("alice", asked, codes)
                verdict = ("Accepted", *accepted.to_dict().values())
            elif kind < 0.87:
                what, expected = "unlock", ("None",)
                model.owner.failures, model.owner.bucket, model.owner.near = 0, None, None
                verifier.unlock("alice")
                verdict = ("None",)
            elif side is not None and len(model.sides) == 2 and kind < 0.92:
                what, expected = "forget", ("None",)
                del model.sides[name]
                model._see(model.owner, now)
                if model.owner.near and model.owner.near.time > now:
                    model.owner.near = Bucket(model.owner.near.left, now)
                verifier.forget("alice", name)
                verdict = ("None",)
            elif side is None:
                what, expected = "adopt", ("None",)
                model.sides[name] = Enrollment(device, center if device.period is None else 0)
                verifier.adopt("alice", credentials[name], device=name, watermark=model.sides[name].counter)
                verdict = ("None",)
            else:
                continue
        except OnetimeError as error:
            fields = () if type(error).__name__ == "NotEnrolledError" else vars(error).values()
            verdict = (type(error).__name__, *fields)
        if verdict != expected:
            return f"history {seed}, event {number}: {what} gives {verdict}, not {expected}", calls
        calls[f"{what}: {verdict[0]}"] += 1
        seen, expected = _visible(verifier), model.state()
        if seen != expected:
            return f"history {seed}, event {number}: after {what} the state is {seen}, not {expected}", calls
    return "", calls + model.seen


def _visible(verifier: Verifier) -> Verdict:
    state, policy = verifier.state("alice"), verifier.policy
    assert state is not None
    devices = [(name, *device[1:5]) for name, device in state.devices.items()]
    near = state.near_misses.retry_at(policy.near_miss_limits)
    return *devices, state.throttle.failures, state.retry_at(policy), near


def play_part(seeds: Iterable[int]) -> tuple[str, Counter[str]]:
    """Play histories up to the first difference."""
    total = Counter[str]()
    for seed in seeds:
        found, seen = play(seed)
        total += seen
        if found:
            return found, total
    return "", total


def main(arguments: list[str]) -> int:
    """Play all; 0 if there is no difference."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak devices", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, help="(default: 100000)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="of the first history")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    count = math.ceil(options.histories / PART)
    parts = [range(options.seed + i * PART, options.seed + (i + 1) * PART) for i in range(count)]
    total = Counter[str]()
    with multiprocessing.Pool() as pool:
        for found, seen in pool.imap_unordered(play_part, parts):
            total += seen
            if found:
                print(f"FAILED: {found}")
                return 1
    for what, times in sorted(total.items()):
        print(f"{times:>9,} {what}")
    print(f"{count * PART:,} histories of {EVENTS} events with two devices, no difference")
    return 0
