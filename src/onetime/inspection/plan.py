"""What is tried, and in which order.

The search is planned, not a full product. A hypothesis makes a choice at each step of the computation. Near
the expected counter or time, any two choices may be wrong. Being far from it counts as a mistake, too.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, product
from typing import NamedTuple

from onetime.inspection.choice import Choice
from onetime.inspection.course import Course
from onetime.inspection.ending import Ending
from onetime.inspection.keying import Keying, keyings, right_keying
from onetime.inspection.message import MESSAGES
from onetime.inspection.reading import Reading
from onetime.inspection.truncation import BYTE_19, COUNTED_BYTE_19, PLACES, SIGNS, Place, Sign, truncation

MAX_MISTAKES = 2
"""Number of mistakes that are searched together."""


class Settings(NamedTuple):
    """What is expected of a code.

    Attributes:
        algorithm: Name of the hash.
        courses: The ways to a moving factor.
        told: Whether a link says which hash it is.
        cost: Number of mistakes that it counts as to have these settings, 0 or 1.
        words: What is wrong with them; empty for the expected ones.
        advice: What to do about it.
    """

    algorithm: str
    courses: list[Choice[Course]]
    told: bool = False
    cost: int = 0
    words: str = ""
    advice: str = ""


class Source(NamedTuple):
    """Where HMACs come from: hypotheses that share it share them."""

    reading: Reading
    keying: Choice[Keying]
    message: Choice[Callable[[int], bytes]]


class Finish(NamedTuple):
    """From an HMAC to a code.

    Attributes:
        cost: Number of mistakes that its steps count as.
        rare: Whether one of its steps is only tried near the expected time or counter.
        truncate: From the HMAC to a number.
        likelihood: The chance that a code which has nothing to do with the secret is hit, from 0 to 1.
    """

    cost: int
    rare: bool
    place: Place
    sign: Sign
    ending: Choice[Ending]
    truncate: Callable[[bytes], int]
    likelihood: float


class Hypothesis(NamedTuple):
    """What may have been done: a choice for each step, and where the moving factor is searched.

    Attributes:
        mistakes: Number of mistakes.
        factors: The moving factors that the first code may have.
    """

    mistakes: int
    factors: range
    settings: Settings
    source: Source
    course: Choice[Course]
    finish: Finish


def plan(
    readings: Sequence[Reading],
    endings: Sequence[Choice[Ending]],
    settings: Sequence[Settings],
    codes: int,
) -> tuple[list[Hypothesis], bool]:
    """List what is tried, the likeliest first: with few mistakes, then with few moving factors.

    Args:
        readings: The ways to read the secret.
        endings: The ways to make digits.
        settings: The expected settings and the other ones.
        codes: Number of different codes that there are to compare with.

    Returns:
        The hypotheses, up to where chance alone is expected to fit; and whether that is all of them.
    """
    hypotheses: list[Hypothesis] = []
    for each in settings:
        hypotheses += _hypotheses(readings, endings, each)
    # Hypotheses with the same source stay together, so that its HMACs are computed once.
    hypotheses.sort(key=lambda each: (each.mistakes, len(each.factors)))
    hits = accumulate(len(each.factors) * each.finish.likelihood**codes for each in hypotheses)
    count = sum(expected <= 1 for expected in hits)
    return hypotheses[:count], count == len(hypotheses)


def _hypotheses(
    readings: Sequence[Reading], endings: Sequence[Choice[Ending]], settings: Settings
) -> Iterator[Hypothesis]:
    short, long, counted = (
        _finishes([*PLACES, *more], endings) for more in ((), (BYTE_19,), (COUNTED_BYTE_19,))
    )
    courses = sorted(settings.courses, key=lambda course: course.cost)
    ranges = [[course.value.search(far) for far in (False, True)] for course in courses]
    for source in _sources(readings, settings):
        _, keying, _ = source
        cost = settings.cost + source.reading.cost + keying.cost + source.message.cost
        rare = source.reading.rare or keying.rare or source.message.rare
        finishes = short if keying.value.hash.digest_size == 20 else long if keying.cost else counted
        for course, (near, beyond) in zip(courses, ranges, strict=True):
            if cost + course.cost > MAX_MISTAKES:
                break
            if source.reading.cost > 1:
                # There are a thousand of these readings.
                near = course.value.search_closely()
            # The moving factors in the outer loop, so that finishes share their HMACs.
            for far, side in [(0, factors) for factors in near] + [(1, factors) for factors in beyond]:
                for finish in finishes:
                    mistakes = cost + course.cost + finish.cost + far
                    if mistakes > MAX_MISTAKES:
                        break
                    if not (far and (rare or course.rare or finish.rare)):
                        yield Hypothesis(mistakes, side, settings, source, course, finish)


def _sources(readings: Sequence[Reading], settings: Settings) -> Iterator[Source]:
    """Yield the ways to an HMAC that have at most MAX_MISTAKES mistakes."""
    for reading in readings:
        left = MAX_MISTAKES - settings.cost - reading.cost
        if left > 0:
            ways = keyings(reading.key, settings.algorithm, told=settings.told)
        else:
            ways = [right_keying(settings.algorithm)]
        for keying in ways:
            for message in MESSAGES:
                if keying.cost + message.cost <= left:
                    yield Source(reading, keying, message)


def _finishes(places: Sequence[Place], endings: Sequence[Choice[Ending]]) -> list[Finish]:
    """List the ways from an HMAC to a code, those with few mistakes first."""
    found = []
    for place, sign, ending in product(places, SIGNS, endings):
        cost = place.cost + sign.cost + ending.cost
        if cost <= MAX_MISTAKES:
            rare = place.rare or sign.rare or ending.rare
            likelihood = ending.value.likelihood
            found.append(Finish(cost, rare, place, sign, ending, truncation(place, sign), likelihood))
    return sorted(found, key=lambda finish: finish.cost)
