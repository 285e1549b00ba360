"""The search for what makes given codes: what is tried, in which order, and how.

It is planned, not a full product. A hypothesis makes a choice at each step of the computation. Those near
the expected counter or time may be wrong in any two of them, those far from it in one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onetime.hotp import LAST_FACTOR
from onetime.inspection.mistake import BYTE_19, MESSAGES, TRUNCATIONS, Choice, Keying, keyings
from onetime.inspection.reading import Reading

DAY = 86_400
"""How far, in seconds, a clock may be wrong either way."""

NEAR = 10
"""How far a near clock may be wrong either way, in steps; and a near counter."""

FAR = 1_000
"""How far another counter may be from the expected one either way."""

PERIODS = (30, 15, 60)
"""Seconds, the usual one first."""

STAGES = ((0, False), (1, False), (0, True), (2, False), (1, True))
"""The order of the search: how many mistakes, and whether the clock or counter is far off."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the moving factor comes about: floor((place + error) / length), the error being unknown.

    Attributes:
        kind: "totp" or "hotp".
        places: Where each code is expected: its time or counter, in units.
        length: Units to a factor.
        near: The lowest and the highest error that is near, in units.
        far: The same, farther away.
        period: Seconds to a step; None where no period is involved.
        second: Units to a second of the clock; 0 where there is no clock.
        slack: A place is known up to so many units.
    """

    kind: str
    places: tuple[int, ...]
    length: int
    near: tuple[int, int]
    far: tuple[int, int]
    period: int | None = None
    second: int = 0
    slack: int = 1

    def errors(self, far: bool) -> list[tuple[int, int]]:
        """Tell where to look: near, or farther away on both sides."""
        if not far:
            return [self.near]
        sides = ((self.far[0], self.near[0] - 1), (self.near[1] + 1, self.far[1]))
        return [(low, high) for low, high in sides if low <= high]

    def factors(self, number: int, errors: tuple[int, int]) -> range:
        """List the factors that the code of a number may have, with errors from one to another."""
        place = self.places[number]
        low, high = (place + errors[0]) // self.length, (place + self.slack - 1 + errors[1]) // self.length
        return range(max(low, 0), min(high, LAST_FACTOR) + 1)

    def narrowed(self, number: int, factor: int, errors: tuple[int, int]) -> tuple[int, int]:
        """Narrow the errors to those with which the code of a number has a factor."""
        least = factor * self.length - self.places[number] - (self.slack - 1)
        most = (factor + 1) * self.length - 1 - self.places[number]
        return max(errors[0], least), min(errors[1], most)


def courses(times: tuple[int, ...], counters: tuple[int, ...]) -> list[Choice[Course]]:
    """Tell every way to a moving factor.

    Args:
        times: Unix time in seconds of each code, or nothing.
        counters: The counter expected for each code, or nothing.
    """
    found: list[Choice[Course]] = []
    if counters:
        steps = ((-NEAR, NEAR), (-FAR, FAR))
        found.append(Choice(Course("hotp", counters, 1, *steps)))
        for period in PERIODS:
            place = Course("totp", counters, period, (0, 0), (0, 0), period)
            cost = 1 + (period != 30)
            found.append(Choice(place, cost, "the counter taken for a time in seconds"))
    elif times:
        row = tuple(range(len(times)))
        device = Course("hotp", row, 1, (0, FAR), (0, FAR))
        found.append(Choice(device, 1, "a counter (HOTP) where the time is expected"))
    if times:
        wrong = "the time (TOTP) where a counter is expected" if counters else ""
        for period in PERIODS:
            near = (-NEAR * period, NEAR * period)
            place = Course("totp", times, period, near, (-DAY, DAY), period, second=1)
            found.append(Choice(place, (period != 30) + bool(wrong), wrong))
        near, far = (-NEAR * 30, NEAR * 30), (-DAY, DAY)
        undivided = Course("totp", times, 1, near, far, second=1)
        words = "the time in seconds itself as the counter, not divided by a period"
        found.append(Choice(undivided, 1 + bool(wrong), words))
        millis = Course(
            "totp",
            tuple(time * 1000 for time in times),
            30,
            (near[0] * 1000, near[1] * 1000),
            (-DAY * 1000, DAY * 1000),
            30,
            second=1000,
            slack=1000,
        )
        found.append(Choice(millis, 1 + bool(wrong), "milliseconds where seconds are expected"))
    return found


class Hypothesis(NamedTuple):
    """What may have been done: a choice for each step, and where the factor is looked for.

    Attributes:
        stage: The place in `STAGES`.
        factors: The factors that the first code may have.
        errors: The lowest and the highest error of the course, in its units.
    """

    stage: int
    factors: range
    errors: tuple[int, int]
    reading: Choice[Reading]
    keying: Choice[Keying]
    message: Choice[Callable[[int], bytes]]
    truncation: Choice[Callable[[bytes], int]]
    digits: Choice[int]
    course: Choice[Course]

    @property
    def likelihood(self) -> float:
        """The chance that a code is hit that has nothing to do with the secret."""
        # Snum has 31 bits; with nine digits and more not all codes are equally likely (RFC 4226 A.4.1).
        codes: int = 10**self.digits.value
        return -(-(2**31) // codes) / 2**31


def plan(
    readings: tuple[Reading, ...], digits: list[Choice[int]], ways: list[Choice[Course]]
) -> list[Hypothesis]:
    """List what is tried, in order: in each stage the shortest search first."""
    hypotheses = [
        Hypothesis._make((stage, choices[-1].value.factors(0, errors), errors, *choices))
        for stage, (cost, far) in enumerate(STAGES)
        for choices in _choices(readings, digits, ways, cost)
        for errors in choices[-1].value.errors(far)
    ]
    return sorted(hypotheses, key=lambda each: (each.stage, len(each.factors)))


def _choices(
    readings: tuple[Reading, ...], digits: list[Choice[int]], ways: list[Choice[Course]], cost: int
) -> Iterator[tuple[Choice[Any], ...]]:
    """Combine the choices of all steps, with exactly so many mistakes."""
    for number, reading in enumerate(readings):
        start = Choice(reading, int(number > 0))
        for keying in keyings(reading.key):
            tables = ([start], [keying], MESSAGES, TRUNCATIONS, digits, ways)
            for choices in _within(cost, tables):
                if BYTE_19 not in choices or keying.value.algorithm.digest_size > 20:
                    yield choices


def _within(cost: int, tables: Sequence[Sequence[Choice[Any]]]) -> Iterator[tuple[Choice[Any], ...]]:
    """Combine one choice of each table, so that together they cost exactly so much."""
    if not tables:
        if not cost:
            yield ()
        return
    for choice in tables[0]:
        if choice.cost <= cost:
            for others in _within(cost - choice.cost, tables[1:]):
                yield choice, *others


class Trace(NamedTuple):
    """Where the codes of a hypothesis were found.

    Attributes:
        factors: The factor of each code.
        errors: The lowest and the highest error of the course with which all codes have these factors.
        likelihood: The chance that codes which have nothing to do with the secret are found so, for each
            factor of the first one.
    """

    factors: tuple[int, ...]
    errors: tuple[int, int]
    likelihood: float


class Machine:
    """Computes the numbers that a hypothesis makes of factors."""

    def __init__(self, hypothesis: Hypothesis) -> None:
        keying = hypothesis.keying.value
        padded = keying.padded(hypothesis.reading.value.key)
        # RFC 2104 section 4: the two keyed states are computed once, and copied for each code.
        self.inner = keying.algorithm.new(bytes(byte ^ 0x36 for byte in padded))
        self.outer = keying.algorithm.new(bytes(byte ^ 0x5C for byte in padded))
        self.hypothesis = hypothesis

    def matches(self, factors: range, number: int) -> Iterator[int]:
        """Find the factors whose code is a number."""
        inner, outer = self.inner.copy, self.outer.copy
        message, truncation = self.hypothesis.message.value, self.hypothesis.truncation.value
        modulus = 10**self.hypothesis.digits.value
        for factor in factors:
            inside = inner()
            inside.update(message(factor))
            outside = outer()
            outside.update(inside.digest())
            if truncation(outside.digest()) % modulus == number:
                yield factor

    def follow(self, factor: int, numbers: Sequence[int]) -> Trace | None:
        """Find the other codes, the first having a factor; None if one is not where it should be."""
        course = self.hypothesis.course.value
        errors = course.narrowed(0, factor, self.hypothesis.errors)
        factors = [factor]
        likelihood = self.hypothesis.likelihood
        for place in range(1, len(numbers)):
            expected = course.factors(place, errors)
            match = next(self.matches(expected, numbers[place]), None)
            if match is None:
                return None
            # A code that is seen twice proves nothing the second time.
            if not set(expected) & set(factors):
                likelihood *= len(expected) * self.hypothesis.likelihood
            factors.append(match)
            errors = course.narrowed(place, match, errors)
        return Trace(tuple(factors), errors, likelihood)
