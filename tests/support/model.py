"""A plain model of the verifier, written from RFC 4226 appendix A.3 and the documented rules.

The model shares no code with the library. It computes its own codes and stores every accepted moving factor,
and its second tier is a bucket that may hold a fraction of a failure. It is slow, and stores more than a
server would.
"""

import hmac
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    near_misses: int
    disable_after: int | None
    min_secret_size: int = 16
    max_devices: int = 1


@dataclass(frozen=True)
class Device:
    """The owner's device: a TOTP if it has a period, otherwise an HOTP. `algorithm` is a name of hashlib."""

    key: bytes
    digits: int = 6
    algorithm: str = "sha1"
    period: int | None = None
    t0: int = 0
    made: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    def code(self, factor: int) -> str:
        """Return the code of a moving factor (RFC 4226 section 5.3), which is computed only once."""
        if factor not in self.made:
            hs = hmac.digest(self.key, factor.to_bytes(8, "big"), self.algorithm)
            offset = hs[-1] % 16
            number = int.from_bytes(hs[offset : offset + 4], "big") % 2**31 % 10**self.digits
            self.made[factor] = f"{number:0{self.digits}d}"
        return self.made[factor]

    def step(self, time: int) -> int:
        """Return the step of a time, even if it is below 0 or after the last one."""
        assert self.period is not None
        return (time - self.t0) // self.period


@dataclass(frozen=True)
class Bucket:
    """The number of failures that were left at a time. Each `refill` seconds restore one."""

    left: Fraction
    time: int


def have_one_secret(one: Device, other: Device) -> bool:
    """Return whether two devices differ at most in the length of their codes."""
    return replace(one, digits=other.digits) == other


@dataclass
class Enrollment:
    """The model's state of one user."""

    device: Device
    counter: int
    accepted: list[int] = field(default_factory=list)
    drift: int = 0
    anchor: int = 0
    sides: list[int] = field(default_factory=list)
    failures: int = 0
    bucket: Bucket | None = None
    near: Bucket | None = None
    disabled: bool = False

    @property
    def expected(self) -> int:
        """The lowest moving factor that is not spent. A.3: one more than the last accepted one."""
        return max([self.counter, *(factor + 1 for factor in self.accepted)])

    def spent(self, factor: int) -> bool:
        """Return whether a moving factor was accepted, or skipped by a later one."""
        return factor < self.counter or any(factor <= accepted for accepted in self.accepted)


class Model:
    """The verifier as it is documented.

    Attributes:
        enrolled: The state of each user, by key.
        seen: Number of occurrences of each event that the histories of a test should include.
    """

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.enrolled: dict[str, Enrollment] = {}
        self.seen: Counter[str] = Counter()

    def adopt(
        self, now: float, key: str, device: Device, watermark: int = 0, replace: bool = False
    ) -> Verdict:
        """Adopt a device without a code; spent codes of the same secret stay spent."""
        time = math.floor(now)
        if time < 0 or not 0 <= watermark <= LAST + 1:
            return ("ValueError",)
        if device.period is not None:
            step = device.step(time)
            if not 0 <= step <= LAST or watermark > step + 86_400 // device.period:
                return ("ValueError",)
        old = self.enrolled.get(key)
        if old and not replace:
            return ("AlreadyEnrolledError",)
        self.enrolled[key] = self._instead(old, device, watermark)
        return ("None",)

    def enroll(
        self, now: float, key: str, device: Device, code: object, counter: int = 0, replace: bool = False
    ) -> Verdict:
        """Enroll a device. Only a success is stored. The same device's code is checked as by `verify`."""
        time = math.floor(now)
        if not isinstance(code, str | list | tuple):
            return ("TypeError",)
        if len(device.key) < self.numbers.min_secret_size or (counter and device.period) or time < 0:
            return ("ValueError",)
        old = self.enrolled.get(key)
        if old and not replace:
            return ("AlreadyEnrolledError",)
        if old and old.disabled:
            return ("DisabledError",)
        judge = self._judge_three if isinstance(code, list | tuple) else self._judge
        if old and old.device == device:
            return judge(old, now, device, code)
        new = self._instead(None if old is None else old, device, counter)
        if old and have_one_secret(old.device, device):
            verdict = judge(new, now, device, code)
            if verdict[0] == "Accepted":
                self.enrolled[key] = new
            old.failures, old.bucket, old.near, old.disabled = (
                new.failures,
                new.bucket,
                new.near,
                new.disabled,
            )
            return verdict
        new.failures, new.bucket, new.near = 0, None, None
        verdict = judge(new, now, device, code)
        if verdict[0] in ("TypeError", "ValueError"):
            return verdict
        if old:
            self._see(old, time)
        failures = old.failures if old else 0
        if verdict[0] == "IncorrectCodeError":
            return ("IncorrectCodeError", failures, None, ())
        if verdict[0] != "Accepted":
            return verdict
        new.failures, new.bucket, new.near = 0, None, None
        if old:
            new.failures, new.bucket, new.near = old.failures, old.bucket, old.near
        self.enrolled[key] = new
        return (*verdict[:5], failures, ())

    def _instead(self, old: Enrollment | None, device: Device, counter: int) -> Enrollment:
        """Replace a device; if only the digits differ, the spent moving factors stay spent."""
        new = Enrollment(device, counter)
        if old:
            new.failures, new.bucket, new.near, new.disabled = (
                old.failures,
                old.bucket,
                old.near,
                old.disabled,
            )
            if have_one_secret(old.device, device):
                new.counter = max(counter, old.expected)
        return new

    def verify(self, now: float, key: str, device: Device, code: object) -> Verdict:
        """Check one code."""
        return self._judge(self.enrolled.get(key), now, device, code)

    def resynchronize(self, now: float, key: str, device: Device, codes: object) -> Verdict:
        """Check three codes."""
        return self._judge_three(self.enrolled.get(key), now, device, codes)

    def unlock(self, now: float, key: str) -> Verdict:
        """Clear the failures, the near misses and the disablement, and nothing else."""
        if key not in self.enrolled:
            return ("NotEnrolledError",)
        known = self.enrolled[key]
        known.failures, known.bucket, known.near, known.disabled = 0, None, None, False
        return ("None",)

    def forget(self, now: float, key: str) -> Verdict:
        """Delete the user's state, if there is any."""
        self.enrolled.pop(key, None)
        return ("None",)

    def visible(self, key: str) -> Verdict | None:
        """Return the values that a program can read; None if the user is not enrolled."""
        if key not in self.enrolled:
            return None
        known = self.enrolled[key]
        drifts = known.drift, known.anchor, sum(known.sides)
        near = self._free_at(known.near, self.numbers.near_misses)
        return known.expected, *drifts, known.failures, known.disabled, self.retry_at(known), near

    def retry_at(self, known: Enrollment) -> int:
        """Return the first second after the delay at which the bucket has at least one failure left."""
        if known.bucket is None:
            return 0
        numbers, delay = self.numbers, 0
        if known.failures >= numbers.delay_after:
            delay = min(numbers.min_delay * 2 ** (known.failures - numbers.delay_after), numbers.max_delay)
        return max(known.bucket.time + delay, self._free_at(known.bucket, numbers.budget))

    def _free_at(self, bucket: Bucket | None, size: int) -> int:
        """Return the first second, at or after the bucket's time, at which a whole failure is left in it."""
        if bucket is None:
            return 0
        return max(bucket.time, math.ceil(bucket.time + (1 - bucket.left) * self.numbers.refill))

    def _left(self, bucket: Bucket | None, time: int, size: int) -> Fraction:
        """Return the number of failures that are left at a time in a bucket of a given size."""
        if bucket is None:
            return Fraction(size)
        return min(bucket.left + Fraction(time - bucket.time, self.numbers.refill), Fraction(size))

    def _see(self, known: Enrollment, time: int) -> None:
        """Change a stored time that is ahead of the clock to now."""
        if known.bucket and known.bucket.time > time:
            self.seen["a failure from the future"] += 1
            known.bucket = Bucket(known.bucket.left, time)

    def _judge(self, known: Enrollment | None, now: float, device: Device, code: object) -> Verdict:
        time, numbers = math.floor(now), self.numbers
        if time < 0:
            return ("ValueError",)
        # Rule 1: digits, with white space and hyphens between them. Rule 2: the enrolled device.
        typed = canonical(code)
        if typed is None:
            return ("MalformedCodeError",)
        if known is None:
            return ("NotEnrolledError",)
        if device != known.device:
            return ("OtherCredentialError",)
        if len(typed) != device.digits:
            return ("MalformedCodeError",)
        # Rule 3.
        if known.disabled:
            return ("DisabledError",)
        # Rule 4, both tiers.
        if device.period is not None and not 0 <= device.step(time) <= LAST:
            # A throttled code is refused before its step is computed.
            ahead = replace_bucket(known, time)
            if self.retry_at(ahead) <= time:
                return ("ValueError",)
        self._see(known, time)
        retry_at = self.retry_at(known)
        if retry_at > time:
            first = self._free_at(known.bucket, numbers.budget) < retry_at
            self.seen["first tier" if first else "second tier"] += 1
            return ("ThrottledError", retry_at)
        # Rule 5: the codes within the window.
        if device.period is None:
            center = known.expected
            sight = range(center - numbers.look_ahead, center + numbers.look_ahead)
        else:
            center = device.step(time) + known.drift
            sight = range(center - numbers.window, center + numbers.window + 1)
        matches = {factor for factor in sight if 0 <= factor <= LAST and device.code(factor) == typed}
        if len(matches) > 1:
            self.seen["a code of two factors"] += 1
        if any(map(known.spent, matches)):
            if not all(map(known.spent, matches)):
                self.seen["a spent code that is also a later one's"] += 1
            return ("ReplayedCodeError", "default", min(matches))
        # Rule 6.
        if matches:
            factor = min(matches)
            self._follow(known, factor - center)
            return self._accept(known, time, factor, factor - center)
        if known.expected > LAST:
            self.seen["a wrong code past the last factor"] += 1
        else:
            self._fail(known, time)
        retry_at = self.retry_at(known)
        return ("IncorrectCodeError", known.failures, retry_at if retry_at > time else None, ())

    def _judge_three(self, known: Enrollment | None, now: float, device: Device, codes: object) -> Verdict:
        if isinstance(codes, str):
            return ("TypeError",)
        assert isinstance(codes, Sequence)
        time, numbers = math.floor(now), self.numbers
        if len(codes) != 3 or time < 0:
            return ("ValueError",)
        typed = [canonical(code) for code in codes]
        lengths = {len(code) for code in typed if code is not None}
        if None in typed or len(lengths) > 1:
            return ("MalformedCodeError",)
        if known is None:
            return ("NotEnrolledError",)
        if device != known.device:
            return ("OtherCredentialError",)
        if lengths != {device.digits}:
            return ("MalformedCodeError",)
        if known.disabled:
            return ("DisabledError",)
        near = known.near
        if near and near.time > time:
            near = Bucket(near.left, time)
        free_at = self._free_at(near, numbers.near_misses)
        if free_at <= time and device.period is not None and not 0 <= device.step(time) <= LAST:
            return ("ValueError",)
        self._see(known, time)
        known.near = near
        if free_at > time:
            self.seen["three codes after too many near misses"] += 1
            return ("ThrottledError", free_at)
        # The possible places of the last code. Below the counter of an HOTP, three codes can only be replays.
        if device.period is None:
            center = step = known.expected
            lasts = set(range(center - numbers.look_ahead + 2, center + numbers.resync_window))
        else:
            step, day = device.step(time), 86_400 // device.period
            center = step + known.drift
            lasts = {
                last
                for middle in (step, step + known.anchor)
                for last in range(middle - numbers.max_drift, middle + numbers.max_drift + 1)
                if abs(last - step) <= day
            }
        places = {
            last: sum(device.code(last - 2 + i) == typed[i] for i in range(3))
            for last in sorted(lasts)
            if 2 <= last <= LAST
        }
        matches = [last for last, count in places.items() if count == 3]
        replays = [last for last in matches if known.spent(last - 2)]
        if replays:
            return ("ReplayedCodeError", "default", replays[0])
        if not matches:
            if any(count == 2 and not known.spent(last - 2) for last, count in places.items()):
                self.seen["a near miss"] += 1
                known.near = Bucket(self._left(known.near, time, numbers.near_misses) - 1, time)
            retry_at = self.retry_at(known)
            return ("IncorrectCodeError", known.failures, retry_at if retry_at > time else None, ())
        if self.retry_at(known) > time:
            self.seen["three codes while delayed"] += 1
        known.sides = []
        if device.period is not None:
            known.drift = known.anchor = matches[0] - step
        return self._accept(known, time, matches[0], matches[0] - center)

    def _accept(self, known: Enrollment, time: int, factor: int, offset: int) -> Verdict:
        """A.3: accept a code, advance the counter beyond its moving factor, and clear the first tier."""
        known.accepted.append(factor)
        failures, known.failures = known.failures, 0
        left = self._left(known.bucket, time, self.numbers.budget)
        known.bucket = None if left == self.numbers.budget else Bucket(left, time)
        return "Accepted", "default", factor, offset, known.drift, failures, ()

    def _fail(self, known: Enrollment, time: int) -> None:
        """A.3: count a failure in both tiers, without changing the counter."""
        numbers = self.numbers
        known.bucket = Bucket(self._left(known.bucket, time, numbers.budget) - 1, time)
        known.failures += 1
        if numbers.disable_after is not None and known.failures >= numbers.disable_after:
            known.disabled = True

    def _follow(self, known: Enrollment, offset: int) -> None:
        """Move a TOTP's center one step, up to a bound, after three accepted codes in a row on one side."""
        if known.device.period is None:
            return
        side = (offset > 0) - (offset < 0)
        if known.sides and known.sides[-1] != side:
            known.sides = []
        if side:
            known.sides.append(side)
        if len(known.sides) == 3:
            known.sides = []
            if abs(known.drift + side - known.anchor) <= self.numbers.max_creep:
                known.drift += side
                self.seen["the center moved"] += 1
            else:
                self.seen["the center could not move"] += 1


def replace_bucket(known: Enrollment, time: int) -> Enrollment:
    """Return a copy whose bucket has no time that is ahead of the clock."""
    bucket = known.bucket
    if bucket and bucket.time > time:
        bucket = Bucket(bucket.left, time)
    return replace(known, bucket=bucket)


def canonical(code: object) -> str | None:
    """Return a code without white space and hyphens; None if the rest is not ASCII digits or is empty."""
    if not isinstance(code, str):
        return None
    kept = [character for character in code if character != "-" and not character.isspace()]
    if not kept or not set(kept) <= set("0123456789"):
        return None
    return "".join(kept)
