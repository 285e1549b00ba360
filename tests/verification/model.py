"""A plain model of the verifier, written from RFC 4226 appendix A.3 and the rules in words.

It shares nothing with the library: it makes its own codes, keeps every accepted factor, and its second
tier is a bucket that holds a fraction of a guess. It is slow, and remembers more than a server would.
"""

import hmac
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

LAST = 2**64 - 1
Verdict = tuple[object, ...]
"""The name of an error with its fields, or "Accepted" with the evidence, or "None"."""


@dataclass(frozen=True)
class Numbers:
    """A policy's numbers."""

    delay_after: int
    min_delay: int
    max_delay: int
    budget: int
    refill: int
    look_ahead: int
    window: int
    resync_window: int
    max_drift: int
    max_creep: int
    disable_after: int | None
    min_secret_size: int = 16


@dataclass(frozen=True)
class Device:
    """What the owner holds: a HOTP, or with a period a TOTP. The algorithm is named as hashlib does."""

    key: bytes
    digits: int = 6
    algorithm: str = "sha1"
    period: int | None = None
    t0: int = 0
    made: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    def code(self, factor: int) -> str:
        """RFC 4226 section 5.3, once for each factor."""
        if factor not in self.made:
            hs = hmac.digest(self.key, factor.to_bytes(8, "big"), self.algorithm)
            offset = hs[-1] % 16
            number = int.from_bytes(hs[offset : offset + 4], "big") % 2**31 % 10**self.digits
            self.made[factor] = f"{number:0{self.digits}d}"
        return self.made[factor]

    def step(self, time: int) -> int:
        """Count the steps of a TOTP, also those below 0 and past the last one."""
        assert self.period is not None
        return (time - self.t0) // self.period


@dataclass(frozen=True)
class Bucket:
    """The second tier: so many guesses were left at a time. One comes back in each `refill`."""

    left: Fraction
    time: int


@dataclass
class Enrolment:
    """What the model knows of one key."""

    device: Device
    counter: int
    accepted: list[int] = field(default_factory=list)
    drift: int = 0
    sides: list[int] = field(default_factory=list)
    failures: int = 0
    delayed_until: int = 0
    bucket: Bucket | None = None
    disabled: bool = False

    @property
    def expected(self) -> int:
        """Everything below it is spent. A.3: the counter is one more than what was accepted last."""
        return max([self.counter, *(factor + 1 for factor in self.accepted)])

    def spent(self, factor: int) -> bool:
        """Whether a factor was accepted, or skipped by a later one."""
        return factor < self.counter or any(factor <= accepted for accepted in self.accepted)


class Model:
    """The verifier, as its documentation has it.

    Attributes:
        enrolled: What is known of each key.
        seen: How often something happened that histories should lead to.
    """

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.enrolled: dict[str, Enrolment] = {}
        self.seen: Counter[str] = Counter()

    def enroll(
        self,
        now: float,
        key: str,
        device: Device,
        code: object = None,
        counter: int = 0,
        replace: bool = False,
    ) -> Verdict:
        """Only success is stored, and the second tier stays; the same device is judged as ever."""
        if len(device.key) < self.numbers.min_secret_size or (counter and device.period):
            return ("ValueError",)
        old = self.enrolled.get(key)
        if old and not replace:
            return ("AlreadyEnrolledError",)
        same = old is not None and old.device == device
        new = old if old and same else Enrolment(device, counter)
        before = new.counter
        new.counter = max(counter, before)
        verdict: Verdict = ("None",)
        if code is not None:
            judge = self._judge_three if isinstance(code, list | tuple) else self._judge
            verdict = judge(new, now, device, code)
            if verdict[0] != "Accepted":
                new.counter = before
                return verdict
        if old and not same:
            new.bucket = old.bucket
        self.enrolled[key] = new
        return verdict

    def verify(self, now: float, key: str, device: Device, code: object) -> Verdict:
        """One code."""
        if key not in self.enrolled:
            return ("NotEnrolledError",)
        return self._judge(self.enrolled[key], now, device, code)

    def resynchronize(self, now: float, key: str, device: Device, codes: object) -> Verdict:
        """Three codes."""
        if key not in self.enrolled:
            return ("NotEnrolledError",)
        return self._judge_three(self.enrolled[key], now, device, codes)

    def unlock(self, now: float, key: str) -> Verdict:
        """Clears what guessers did, and nothing else."""
        if key not in self.enrolled:
            return ("NotEnrolledError",)
        known = self.enrolled[key]
        known.failures, known.delayed_until, known.bucket, known.disabled = 0, 0, None, False
        return ("None",)

    def forget(self, now: float, key: str) -> Verdict:
        """There is nothing afterwards, whatever there was."""
        self.enrolled.pop(key, None)
        return ("None",)

    def visible(self, key: str) -> Verdict | None:
        """What a program can see: factor, drift, lean, failures, disabled, and when the next is judged."""
        if key not in self.enrolled:
            return None
        known = self.enrolled[key]
        retry_at = self.retry_at(known.delayed_until, known.bucket)
        return known.expected, known.drift, sum(known.sides), known.failures, known.disabled, retry_at

    def retry_at(self, delayed_until: int, bucket: Bucket | None) -> int:
        """The first second that is past the delay and finds a whole guess in the bucket."""
        if bucket is None:
            return delayed_until
        return max(delayed_until, math.ceil(bucket.time + (1 - bucket.left) * self.numbers.refill))

    def _left(self, bucket: Bucket | None, time: int) -> Fraction:
        """Count what is in the bucket at a time; below 0 if the clock went back."""
        if bucket is None:
            return Fraction(self.numbers.budget)
        refilled = Fraction(time - bucket.time, self.numbers.refill)
        return min(bucket.left + refilled, Fraction(self.numbers.budget))

    def _judge(self, known: Enrolment, now: float, device: Device, code: object) -> Verdict:
        # Rule 1: digits, and what people put between them.
        typed = canonical(code, device.digits)
        if typed is None:
            return ("MalformedCodeError",)
        # Rule 2: the device that was enrolled, and no other.
        if device != known.device:
            return ("NotEnrolledError",)
        # Rule 3.
        if known.disabled:
            return ("DisabledError",)
        time, numbers = math.floor(now), self.numbers
        if time < 0:
            return ("ValueError",)
        # Rule 4, both tiers. No clock that came back delays longer than a policy can.
        delayed_until, bucket = min(known.delayed_until, time + numbers.max_delay), known.bucket
        if self._left(bucket, time) < 0:
            bucket = Bucket(Fraction(0), time)
        if (delayed_until, bucket) != (known.delayed_until, known.bucket):
            self.seen["a delay from the future"] += 1
        retry_at = self.retry_at(delayed_until, bucket)
        if retry_at > time:
            self.seen["first tier" if retry_at == delayed_until else "second tier"] += 1
            known.delayed_until, known.bucket = delayed_until, bucket
            return ("ThrottledError", retry_at)
        # Rule 5: what is in sight.
        if device.period is None:
            centre = known.expected
            sight = range(centre - numbers.look_ahead, centre + numbers.look_ahead)
        else:
            if not 0 <= device.step(time) <= LAST:
                return ("ValueError",)
            centre = device.step(time) + known.drift
            sight = range(centre - numbers.window, centre + numbers.window + 1)
        known.delayed_until, known.bucket = delayed_until, bucket
        matches = {factor for factor in sight if 0 <= factor <= LAST and device.code(factor) == typed}
        if len(matches) > 1:
            self.seen["a code of two factors"] += 1
        if any(map(known.spent, matches)):
            if not all(map(known.spent, matches)):
                self.seen["a spent code that is also a later one's"] += 1
            return ("ReplayedCodeError",)
        # Rule 6.
        if matches:
            factor = min(matches)
            self._follow(known, factor - centre)
            return self._accept(known, factor, factor - centre)
        # Rule 7.
        if known.expected > LAST:
            self.seen["a wrong code past the last factor"] += 1
        else:
            self._fail(known, time)
        return ("IncorrectCodeError",)

    def _judge_three(self, known: Enrolment, now: float, device: Device, codes: object) -> Verdict:
        if isinstance(codes, str):
            return ("TypeError",)
        assert isinstance(codes, Sequence)
        if len(codes) != 3:
            return ("ValueError",)
        typed = [canonical(code, device.digits) for code in codes]
        if None in typed:
            return ("MalformedCodeError",)
        if device != known.device:
            return ("NotEnrolledError",)
        if known.disabled:
            return ("DisabledError",)
        time, numbers = math.floor(now), self.numbers
        if time < 0:
            return ("ValueError",)
        # Where the last of the three may be. Behind a HOTP's counter there are only replays to be told.
        if device.period is None:
            centre = step = known.expected
            lasts = range(centre - numbers.look_ahead + 2, centre + numbers.resync_window)
        else:
            step = device.step(time)
            if not 0 <= step <= LAST:
                return ("ValueError",)
            centre = step + known.drift
            lasts = range(step - numbers.max_drift, step + numbers.max_drift + 1)
        matches = [
            last
            for last in lasts
            if 2 <= last <= LAST
            and [device.code(last - 2), device.code(last - 1), device.code(last)] == typed
        ]
        if not matches:
            return ("IncorrectCodeError",)
        if known.spent(matches[0] - 2):
            return ("ReplayedCodeError",)
        # Not charged, also while delayed.
        if self.retry_at(known.delayed_until, known.bucket) > time:
            self.seen["three codes while delayed"] += 1
        if self._left(known.bucket, time) < 0:
            known.bucket = Bucket(Fraction(0), time)
        known.sides = []
        if device.period is not None:
            known.drift = matches[0] - step
        return self._accept(known, matches[0], matches[0] - centre)

    def _accept(self, known: Enrolment, factor: int, offset: int) -> Verdict:
        """A.3: the code is the factor's, and the counter goes past it. The first tier is cleared."""
        known.accepted.append(factor)
        failures, known.failures, known.delayed_until = known.failures, 0, 0
        return "Accepted", factor, offset, known.drift, failures

    def _fail(self, known: Enrolment, time: int) -> None:
        """A.3: the counter stays. Both tiers are charged."""
        numbers = self.numbers
        known.bucket = Bucket(self._left(known.bucket, time) - 1, time)
        known.failures += 1
        known.delayed_until = 0
        if known.failures >= numbers.delay_after:
            delay = numbers.min_delay * 2 ** (known.failures - numbers.delay_after)
            known.delayed_until = time + min(delay, numbers.max_delay)
        if numbers.disable_after is not None and known.failures >= numbers.disable_after:
            known.disabled = True

    def _follow(self, known: Enrolment, offset: int) -> None:
        """Three accepted codes in a row on one side move the centre of a TOTP one step, up to a bound."""
        if known.device.period is None:
            return
        side = (offset > 0) - (offset < 0)
        if known.sides and known.sides[-1] != side:
            known.sides = []
        if side:
            known.sides.append(side)
        if len(known.sides) == 3:
            known.sides = []
            if abs(known.drift + side) <= self.numbers.max_creep:
                known.drift += side
                self.seen["the centre moved"] += 1
            else:
                self.seen["the centre could not move"] += 1


def canonical(code: object, digits: int) -> str | None:
    """Take a code as a person would read it: digits, with spaces and hyphens between them."""
    if not isinstance(code, str):
        return None
    kept = [character for character in code if character not in " -"]
    if len(kept) != digits or not set(kept) <= set("0123456789"):
        return None
    return "".join(kept)
