"""The search for what makes given codes: what is tried, in which order, and how.

It is planned, not a full product. A hypothesis makes a choice at each step of the computation. Near the
expected counter or time any two of them may be wrong. To be far from it counts as a mistake, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Any, NamedTuple

from onetime.hotp import IPAD, LAST_MOVING_FACTOR, OPAD
from onetime.inspection.mistake import BYTE_19, MESSAGES, PLACES, SIGNS, Choice, Keying, keyings, truncation
from onetime.inspection.reading import Reading

MAX_MISTAKES = 2
"""So many mistakes are looked for together."""

DAY = 86_400
"""How far, in seconds, a clock may be wrong either way."""

NEAR = 10
"""How far a near clock may be wrong either way, in steps; and a near counter."""

FAR = 1_000
"""How far another counter may be from the expected one either way."""

TOLERANCE = 5
"""The time of a code is known to so many seconds either way: people are slow to read and to write."""

PERIODS = (30, 15, 60)
"""Seconds, the usual one first."""


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
        slack: The true place may be up to so many units later.
    """

    kind: str
    places: tuple[int, ...]
    length: int
    near: tuple[int, int]
    far: tuple[int, int]
    period: int | None = None
    second: int = 0
    slack: int = 0

    def search(self, far: bool) -> list[range]:
        """Tell which factors the first code may have: near ones, or those farther away on both sides."""
        sides = ((self.far[0], self.near[0] - 1), (self.near[1] + 1, self.far[1])) if far else (self.near,)
        return [self.factors(0, (low, high)) for low, high in sides if low <= high]

    def factors(self, number: int, errors: tuple[int, int]) -> range:
        """List the factors that the code of a number may have, with errors from one to another."""
        place = self.places[number]
        low, high = (place + errors[0]) // self.length, (place + self.slack + errors[1]) // self.length
        return range(max(low, 0), min(high, LAST_MOVING_FACTOR) + 1)

    def narrowed(self, number: int, factor: int, errors: tuple[int, int]) -> tuple[int, int]:
        """Narrow the errors to those with which the code of a number has a factor."""
        least = factor * self.length - self.places[number] - self.slack
        most = (factor + 1) * self.length - 1 - self.places[number]
        return max(errors[0], least), min(errors[1], most)


def courses(times: tuple[int, ...], counters: tuple[int, ...]) -> list[Choice[Course]]:
    """Tell every way to a moving factor.

    Args:
        times: Unix time in seconds of each code, or nothing if there are counters.
        counters: The counter expected for each code, or nothing.
    """
    found: list[Choice[Course]] = []
    if counters:
        found.append(Choice(Course("hotp", counters, 1, (-NEAR, NEAR), (-FAR, FAR))))
        for period in PERIODS:
            taken = Course("totp", counters, period, (0, 0), (0, 0), period)
            found.append(Choice(taken, 1 + (period != 30), "the counter taken for a time in seconds"))
    else:
        # Each code is one later than the one before, or more if codes were made in between.
        order = sorted(times)
        row = tuple(map(order.index, times))
        device = Course("hotp", row, 1, (0, FAR), (0, FAR), slack=NEAR)
        found.append(Choice(device, 1, "a counter (HOTP) where the time is expected"))
    if times:
        wrong = "the time (TOTP) where a counter is expected" if counters else ""
        for period, (second, words) in product(PERIODS, ((1, wrong), (1000, _MILLISECONDS))):
            cost = (period != 30) + bool(counters) + (second > 1)
            found.append(Choice(_clock(times, period, second, period), cost, words))
        found.append(Choice(_clock(times, 30, 1, None), 1 + bool(counters), _UNDIVIDED))
    return found


_MILLISECONDS = "milliseconds where seconds are expected"
_UNDIVIDED = "the time in seconds itself as the counter, not divided by a period"


def _clock(times: tuple[int, ...], near: int, second: int, period: int | None) -> Course:
    """Tell the way from a clock, with so many seconds to a near step and units to a second."""
    return Course(
        "totp",
        tuple((time - TOLERANCE) * second for time in times),
        period or 1,
        (-NEAR * near * second, NEAR * near * second),
        (-DAY * second, DAY * second),
        period,
        second,
        (2 * TOLERANCE + 1) * second - 1,
    )


class Hypothesis(NamedTuple):
    """What may have been done: a choice for each step, and where the factor is looked for.

    Attributes:
        mistakes: How many there are.
        factors: The factors that the first code may have.
    """

    mistakes: int
    factors: range
    reading: Choice[Reading]
    keying: Choice[Keying]
    message: Choice[Callable[[int], bytes]]
    place: Choice[Callable[[bytes], int]]
    sign: Choice[Callable[[int], int]]
    digits: Choice[int]
    course: Choice[Course]

    @property
    def likelihood(self) -> float:
        """The chance that a code is hit that has nothing to do with the secret."""
        # Snum has 31 bits; with nine digits and more not all codes are equally likely (RFC 4226 A.4.1).
        codes: int = 10**self.digits.value
        return -(-(2**31) // codes) / 2**31


def plan(
    readings: tuple[Reading, ...], digits: list[Choice[int]], ways: list[Choice[Course]], codes: int
) -> list[Hypothesis]:
    """List what is tried, the likeliest first: with few mistakes, then with few factors.

    It ends where chance alone is expected to have fitted, with so many different codes.
    """
    hypotheses: list[Hypothesis] = []
    for choices in _combined(readings, digits, ways):
        mistakes = sum(choice.cost for choice in choices)
        for far in (False, True)[: MAX_MISTAKES + 1 - mistakes]:
            ranges = choices[-1].value.search(far)
            hypotheses += [Hypothesis(mistakes + far, factors, *choices) for factors in ranges]
    hypotheses.sort(key=lambda each: (each.mistakes, len(each.factors)))
    hits = accumulate(len(each.factors) * each.likelihood**codes for each in hypotheses)
    return hypotheses[: sum(expected <= 1 for expected in hits)]


def _combined(
    readings: tuple[Reading, ...], digits: list[Choice[int]], ways: list[Choice[Course]]
) -> Iterator[tuple[Choice[Any], ...]]:
    """Combine the choices of all steps."""
    for number, reading in enumerate(readings):
        start = Choice(reading, int(number > 0))
        for keying in keyings(reading.key):
            short = keying.value.algorithm.digest_size == 20
            places = [place for place in PLACES if not (short and place is BYTE_19)]
            yield from _within(MAX_MISTAKES, ([start], [keying], MESSAGES, places, SIGNS, digits, ways))


def _within(most: int, tables: Sequence[Sequence[Choice[Any]]]) -> Iterator[tuple[Choice[Any], ...]]:
    """Combine one choice of each table, with so many mistakes at most."""
    if not tables:
        yield ()
        return
    for choice in tables[0]:
        if choice.cost <= most:
            for others in _within(most - choice.cost, tables[1:]):
                yield choice, *others


class Trace(NamedTuple):
    """Where the codes of a hypothesis were found.

    Attributes:
        factors: The factor of each code.
        errors: The lowest and the highest error of the course with which all codes have these factors.
        likelihood: The chance that all codes but the first are found so if they have nothing to do with
            the secret.
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
        self.inner = keying.algorithm.new(padded.translate(IPAD))
        self.outer = keying.algorithm.new(padded.translate(OPAD))
        self.hypothesis = hypothesis

    def matches(self, factors: range, number: int) -> Iterator[int]:
        """Find the factors whose code is a number."""
        inner, outer = self.inner.copy, self.outer.copy
        hypothesis = self.hypothesis
        message, truncate = hypothesis.message.value, truncation(hypothesis.place, hypothesis.sign)
        modulus = 10**hypothesis.digits.value
        for factor in factors:
            inside = inner()
            inside.update(message(factor))
            outside = outer()
            outside.update(inside.digest())
            if truncate(outside.digest()) % modulus == number:
                yield factor

    def follow(self, factor: int, numbers: Sequence[int]) -> Trace | None:
        """Find the other codes, the first having a factor; None if one is not where it should be."""
        course = self.hypothesis.course.value
        # Not only the errors that were looked for: the last factor that is near is also the first far off.
        errors = course.narrowed(0, factor, course.far)
        factors = [factor]
        likelihood = 1.0
        for number in range(1, len(numbers)):
            expected = course.factors(number, errors)
            match = next(self.matches(expected, numbers[number]), None)
            if match is None:
                return None
            if match not in factors:  # a code that is seen twice proves nothing the second time
                likelihood *= len(expected) * self.hypothesis.likelihood
            factors.append(match)
            errors = course.narrowed(number, match, errors)
        return Trace(tuple(factors), errors, likelihood)
